"""Who sends a request, from its access token: `Bearer` (RFC 6750), or `DPoP` with a proof beside it (RFC 9449)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from aiohttp import web

from gateway.door.caller import Caller
from gateway.door.dpop import Proofs
from gateway.door.errors import TokenMissing
from merchants.access.errors import DpopProofMissing, DpopTokenUnbound
from merchants.access.live import RecentlyLive
from merchants.access.tokens import TokenFacts, Tokens


class Bearer:
    """Settles callers.

    Args:
        tokens: says what a token carries, and remembers which texts had a good signature.
        recently_live: the client's status for requests that claim nothing; a claim asks in its transaction.
        proofs: judges what comes with a token that is bound to a key.
    """

    def __init__(self, tokens: Tokens, recently_live: RecentlyLive, proofs: Proofs) -> None:
        self._tokens = tokens
        self._recently_live = recently_live
        self._proofs = proofs

    async def __call__(self, request: web.BaseRequest, *, claims: bool) -> Caller:
        """The caller; `claims` says that its status is read again, and its proof spent, before anything is done.

        Raises:
            TokenMissing: no token in the header.
            TokenRefused: the token is bad, its client was revoked, or it came without the proof it is bound to.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in {"bearer", "dpop"} or not token:
            raise TokenMissing
        now = datetime.now(UTC)
        facts = await self._tokens.verify(token, now=now)
        caller = _caller(facts)
        if facts.bound_to is not None:
            if scheme.lower() != "dpop":
                raise DpopProofMissing
            urls = self._tokens.urls_of(request.rel_url.raw_path)
            proof = self._proofs.judge(request, token, bound_to=facts.bound_to, urls=urls, now=now)
            caller = replace(caller, proof=proof)
        elif scheme.lower() == "dpop":
            raise DpopTokenUnbound
        if not claims:
            await self._check_now(request.method, caller)
        return caller

    def answered(self, caller: Caller) -> Mapping[str, str]:
        """What an answer tells this caller for its next request."""
        return {} if caller.proof is None else self._proofs.told(caller.proof)

    async def spend(self, caller: Caller) -> None:
        """Use the caller's proof up, where no claim does.

        Raises:
            DpopProofReplayed: it was used before.
        """
        if caller.proof is not None:
            await self._proofs.spend(caller.proof)

    async def _check_now(self, method: str, caller: Caller) -> None:
        """What changes something without a key of its own asks anew, and works once."""
        if method == "GET":
            await self._recently_live.check(client_id=caller.client_id, key_id=caller.key_id)
            return
        await self._recently_live.check_now(client_id=caller.client_id, key_id=caller.key_id)
        await self.spend(caller)


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
