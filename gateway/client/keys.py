"""A client's own key: made here, kept here; the gateway is shown the public half alone."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key; its representation shows nothing of it."""

    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> Self:
        """Read a private key that `private_jwk` wrote.

        Raises:
            ValueError: it is no private Ed25519 key.
        """
        try:
            read = OKPAlgorithm.from_jwk(dict(jwk))
        except jwt.InvalidKeyError as error:
            raise ValueError(str(error)) from error
        match read:
            case Ed25519PrivateKey():
                return cls(read)
            case _:
                raise ValueError("a private Ed25519 key is needed")

    @property
    def private_jwk(self) -> dict[str, str]:
        """Keep it as you keep a password."""
        return dict(OKPAlgorithm.to_jwk(self.private, as_dict=True))

    @property
    def public_jwk(self) -> dict[str, str]:
        """What the gateway is given (RFC 8037)."""
        return {name: value for name, value in self.private_jwk.items() if name != "d"}

    @property
    def thumbprint(self) -> str:
        """The key's name for both sides (RFC 7638); goes into `kid`."""
        return self.hashed(msgspec.json.encode(self.public_jwk, order="sorted").decode())

    def proof(self, claims: Mapping[str, Any]) -> str:
        """A DPoP proof: unlike an assertion it brings its key along."""
        header = {"typ": "dpop+jwt", "jwk": self.public_jwk}
        return jwt.encode(dict(claims), self.private, algorithm="EdDSA", headers=header)

    @staticmethod
    def hashed(text: str) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()

    def signed(self, claims: Mapping[str, Any], *, kind: str = "JWT") -> str:
        headers = {"kid": self.thumbprint, "typ": kind}
        return jwt.encode(dict(claims), self.private, algorithm="EdDSA", headers=headers)
