"""Who sends a request, from its access token: `Authorization: Bearer …` (RFC 6750)."""

from datetime import UTC, datetime

from aiohttp import web

from gateway.door.caller import Caller
from gateway.door.errors import TokenMissing
from merchants.access.live import RecentlyLive
from merchants.access.tokens import TokenFacts, Tokens


class Bearer:
    """Settles callers.

    Args:
        tokens: says what a token carries, and remembers which texts had a good signature.
        recently_live: the client's status for requests that claim nothing; a claim asks in its transaction.
    """

    def __init__(self, tokens: Tokens, recently_live: RecentlyLive) -> None:
        self._tokens = tokens
        self._recently_live = recently_live

    async def __call__(self, request: web.BaseRequest, *, claims: bool) -> Caller:
        """The caller; `claims` says that its status is read again before anything is done.

        Raises:
            TokenMissing: no bearer token in the header.
            TokenRefused: the token is bad, or its client was revoked.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenMissing
        facts = await self._tokens.verify(token, now=datetime.now(UTC))
        if not claims:
            await self._recently_live.check(client_id=facts.client_id, key_id=facts.key_id)
        return _caller(facts)


def _caller(facts: TokenFacts) -> Caller:
    return Caller(
        client_id=facts.client_id,
        kind=facts.kind,
        key_id=facts.key_id,
        partner_id=facts.partner_id,
        merchant_id=facts.merchant_id,
        store_id=facts.store_id,
        terminal_id=facts.terminal_id,
        issuer=facts.issuer,
        scopes=facts.scopes,
        roles=facts.roles,
    )
