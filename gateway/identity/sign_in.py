"""An operator's way in: begin, be sent to the provider, come back with a code.

What has to be remembered in between travels with whoever began, sealed: any replica can complete it, and nobody else
can, for the provider's answer is worth nothing without it. That a sign-in is completed once, the session's row sees to.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from gateway.identity import id_token
from gateway.identity.errors import NoRoleGranted, SignInExpired
from gateway.identity.id_token import Person
from gateway.identity.provider import Provider
from merchants.sealing import SealBroken, Sealing

LIFE_S: Final = 600
_OWNER: Final = "operator_sign_in"
ROLES: Final = frozenset({"reviewer", "approver", "risk", "auditor"})


class _Begun(msgspec.Struct, frozen=True):
    state: str
    nonce: str
    verifier: str
    expires_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where to send the browser, and what to keep until it is back."""

    kept: str
    authorization_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who came back, with which roles; `digest` names the sign-in."""

    person: Person
    roles: frozenset[str]
    digest: bytes


class SignIns:
    """Begins and completes sign-ins.

    Args:
        roles: a group of the provider's → a role here; empty where the groups are called like the roles.
        groups_claim: where the provider's token names the groups.
    """

    def __init__(
        self, provider: Provider, sealing: Sealing, *, roles: Mapping[str, str], groups_claim: str
    ) -> None:
        self.provider = provider
        self._sealing = sealing
        self._roles = roles or {one: one for one in ROLES}
        self._groups_claim = groups_claim

    async def begin(self) -> Begun:
        """Raises IdentityProviderUnavailable."""
        begun = _Begun(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            expires_at_s=time.time() + LIFE_S,
        )
        challenge = _base64url(hashlib.sha256(begun.verifier.encode()).digest())
        url = await self.provider.authorization_url(state=begun.state, nonce=begun.nonce, challenge=challenge)
        sealed = self._sealing.seal(msgspec.json.encode(begun), owner=_OWNER)
        return Begun(kept=_base64url(sealed), authorization_url=url)

    async def complete(self, *, kept: str, state: str, code: str) -> SignedIn:
        """Who it is, once the browser is back.

        Raises:
            SignInExpired, CodeRefused, NoRoleGranted, IdentityProviderUnavailable
            IdTokenNotVerified, IdTokenForeign, IdTokenExpired, IdTokenNonceMismatch
        """
        begun = self._opened(kept)
        if not hmac.compare_digest(begun.state.encode(), state.encode()) or begun.expires_at_s < time.time():
            raise SignInExpired
        text = await self.provider.exchange(code=code, verifier=begun.verifier)
        person = id_token.read(
            text,
            await self.provider.keys(id_token.key_id(text)),
            issuer=self.provider.issuer,
            client_id=self.provider.client_id,
            nonce=begun.nonce,
            groups_claim=self._groups_claim,
        )
        roles = frozenset(self._roles[one] for one in person.groups if one in self._roles)
        if not roles:
            raise NoRoleGranted
        return SignedIn(person=person, roles=roles, digest=hashlib.sha256(begun.nonce.encode()).digest())

    def _opened(self, kept: str) -> _Begun:
        try:
            sealed = base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4))
            return msgspec.json.decode(self._sealing.reveal(sealed, owner=_OWNER), type=_Begun)
        except (ValueError, SealBroken):
            raise SignInExpired from None


def roles_of(text: str) -> dict[str, str]:
    """`group=role`, separated by commas."""
    pairs = (pair.strip().rpartition("=") for pair in text.split(",") if pair.strip())
    return {group: role for group, _, role in pairs}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
