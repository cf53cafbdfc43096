"""Who sends a request, from its access token: `Bearer` (RFC 6750), or `DPoP` with a proof beside it (RFC 9449)."""

from dataclasses import replace
from datetime import UTC, datetime

from aiohttp import web

from gateway.door.caller import Caller
from gateway.door.dpop import Proofs
from gateway.door.errors import TokenMissing
from gateway.door.network import network_of
from gateway.door.rate_limit import Limiter
from merchants.access.errors import DpopProofMissing, DpopTokenUnbound
from merchants.access.live import RecentlyLive
from merchants.access.tokens import TokenFacts, Tokens


class Bearer:
    """Settles callers.

    Args:
        tokens: says what a token carries, and remembers which texts had a good signature.
        recently_live: the client's status for requests that claim nothing; a claim asks in its transaction.
        proofs: judges what comes with a token that is bound to a key.
        limiter: refuses those who ask too much, before the database is asked anything for them.
        trusted_hops: how many proxies of ours stand before the listeners.
    """

    def __init__(
        self,
        tokens: Tokens,
        recently_live: RecentlyLive,
        proofs: Proofs,
        limiter: Limiter,
        *,
        trusted_hops: int = 0,
    ) -> None:
        self._tokens = tokens
        self._recently_live = recently_live
        self._proofs = proofs
        self._limiter = limiter
        self._trusted_hops = trusted_hops

    async def __call__(self, request: web.BaseRequest, *, claims: bool, told: dict[str, str]) -> Caller:
        """The caller; `claims` says that its status is read again, and its proof spent, before anything is done.

        What every answer to this request tells the caller for the next one is put into `told`.

        Raises:
            RateLimited: it asks too much.
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
            told.update(self._proofs.told(proof))
        elif scheme.lower() == "dpop":
            raise DpopTokenUnbound
        await self.admit(caller, request.method, claims=claims, told=told)
        return caller

    async def admit(self, caller: Caller, method: str, *, claims: bool, told: dict[str, str]) -> None:
        """Count the request, and ask whether the caller is live where no claim will.

        Raises:
            RateLimited: it asks too much.
            ClientRevoked: it may no more.
        """
        told.update(self._limiter.take(caller))
        if not claims:
            await self._check_now(method, caller)

    def admit_stranger(self, request: web.BaseRequest, policy: str, *, told: dict[str, str]) -> None:
        """Count the request of somebody without a token, by where it comes from.

        Raises:
            RateLimited: its network asks too much.
        """
        network = network_of(request, trusted_hops=self._trusted_hops)
        told.update(self._limiter.take_from(network, policy))

    def admit_visitor(self, page: str, policy: str) -> None:
        """Count a look at a page whose address is its only key, by that address.

        Raises:
            RateLimited: it is looked at too often, by however many.
        """
        self._limiter.take_from(page, policy)

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
