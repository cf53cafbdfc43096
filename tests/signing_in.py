"""A client's own key and the assertions it signs, as a partner's software does it: with PyJWT alone."""

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm


@dataclass(frozen=True, slots=True)
class OwnKey:
    """An Ed25519 key whose private half never leaves its owner."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public_jwk(self) -> dict[str, Any]:
        return dict(OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True))

    def assertion(self, client_id: str, audience: str, **changes: Any) -> str:
        """A good `private_key_jwt` of this moment, but for what the test changes."""
        now = int(time.time())
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": now,
            "exp": now + 30,
            "jti": uuid.uuid4().hex,
        }
        header = changes.pop("header", None)
        return jwt.encode({**claims, **changes}, self.private, algorithm="EdDSA", headers=header)
