"""Is what a browser brought back from a checkout the gateway's word, on this order, to this shop, of this moment?"""

import time
from typing import Any, Final

import jwt
import msgspec
from jwt.algorithms import OKPAlgorithm

from gateway.wire.checkout_result import RESULT_TYPE, CheckoutResult
from gateway.wire.oauth import KeySet

# Keys of other purposes verify nothing here.
_KID_PREFIX: Final = "checkout-"
# Made-up key ids make a shop read the keys this often at most.
_KEYS_AT_MOST_EVERY_S: Final = 10.0
_CLOCKS_DIFFER_S: Final = 30
# Ours has some 900 letters.
_LONGEST: Final = 4096


class ResultRefused(Exception):
    """This result is not to be trusted; treat the order as unpaid and read its session."""


class ResultForged(ResultRefused):
    """No key of the gateway's for checkouts signed this."""


class ResultOutOfTime(ResultRefused):
    """It was good minutes ago; the customer's page has a fresh one."""


class ResultOfAnother(ResultRefused):
    """It is another merchant's, another session's, or another environment's."""


class ResultVerifier:
    """Checks results of one merchant's sessions; asks nobody. `ResultReader` fetches its keys."""

    def __init__(self, *, issuer: str, merchant_id: str, environment: str) -> None:
        self._issuer, self._merchant_id, self._environment = issuer, merchant_id, environment
        self._keys: dict[str, Any] = {}
        self._learned_at = float("-inf")

    def wants_keys(self, signed: str) -> bool:
        """Whether it is signed by a key not seen yet, and the keys were not read just now."""
        if time.monotonic() - self._learned_at < _KEYS_AT_MOST_EVERY_S:
            return False
        try:
            return _kid(signed) not in self._keys
        except ResultForged:
            return False

    def learn(self, keys: KeySet) -> None:
        """The gateway's JWKS as it is now."""
        self._learned_at = time.monotonic()
        self._keys = {
            one.kid: OKPAlgorithm.from_jwk(msgspec.to_builtins(one))
            for one in keys.keys
            if one.kid.startswith(_KID_PREFIX)
        }

    def verify(self, signed: str, *, session_id: str) -> CheckoutResult:
        """The result, if all of it holds.

        Raises:
            ResultRefused: which of its kinds says why.
        """
        key = self._keys.get(_kid(signed))
        if key is None:
            raise ResultForged
        try:
            claims = jwt.decode(
                signed,
                key,
                algorithms=["EdDSA"],
                audience=self._merchant_id,
                issuer=self._issuer,
                leeway=_CLOCKS_DIFFER_S,
                options={"require": ["exp", "iat", "aud", "iss", "jti"], "strict_aud": True},
            )
            result = msgspec.convert(claims, CheckoutResult)
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
            raise ResultOutOfTime from error
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError) as error:
            raise ResultOfAnother from error
        except (jwt.InvalidTokenError, msgspec.ValidationError) as error:
            raise ResultForged from error
        if (result.session_id, result.env) != (session_id, self._environment):
            raise ResultOfAnother
        return result


def _kid(signed: str) -> str:
    """The key it claims to be signed by, of the right type; nothing is believed yet."""
    if len(signed) > _LONGEST:
        raise ResultForged
    try:
        header = jwt.get_unverified_header(signed)
    except jwt.InvalidTokenError as error:
        raise ResultForged from error
    kid = header.get("kid")
    if header.get("typ") != RESULT_TYPE or not isinstance(kid, str):
        raise ResultForged
    return kid
