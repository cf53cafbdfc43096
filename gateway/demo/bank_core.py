"""The bank's wallet core, as its own people see it: sandbox wallets, and the books."""

from typing import Any

import aiohttp

from gateway.demo.checks import CURRENCY, expect


class BankCore:
    """The reference core's sandbox controls; no part of the gateway."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self.url = url
        self._manners: dict[str, tuple[str, float]] = {}

    async def set_wallet(
        self, payer_id: str, *, balance_minor: int, behaviour: str = "normal", seconds: float = 0.0
    ) -> None:
        self._manners[payer_id] = (behaviour, seconds)
        wallet = {
            "balance_minor": balance_minor,
            "currency": CURRENCY,
            "behaviour": behaviour,
            "seconds": seconds,
        }
        async with self._http.put(f"{self.url}/sandbox/wallets/{payer_id}", json=wallet) as answer:
            answer.raise_for_status()

    async def give(self, payer_id: str, amount_minor: int) -> None:
        """Money for a sandbox wallet, which behaves as before."""
        behaviour, seconds = self._manners.get(payer_id, ("normal", 0.0))
        held = await self.balance(f"payer:{payer_id}")
        await self.set_wallet(
            payer_id, balance_minor=held + amount_minor, behaviour=behaviour, seconds=seconds
        )

    async def behave(self, payer_id: str, behaviour: str, *, seconds: float) -> None:
        """Let a wallet behave like this from now on, with what it has."""
        held = await self.balance(f"payer:{payer_id}")
        await self.set_wallet(payer_id, balance_minor=held, behaviour=behaviour, seconds=seconds)

    async def balance(self, account: str) -> int:
        """An account's balance, read from its entries; the books are checked on the way."""
        books = await self.books(account)
        held = [one["balance_minor"] for one in books["accounts"] if one["account"] == account]
        return int(held[0]) if held else 0

    async def credits_to(self, account_number: str) -> list[int]:
        """What the holder of an account at another bank reads on its statement."""
        async with self._http.get(f"{self.url}/sandbox/external-accounts/{account_number}") as answer:
            answer.raise_for_status()
            return [int(one["amount_minor"]) for one in (await answer.json())["credits"]]

    async def check_books(self) -> dict[str, int]:
        """The sum of all entries by unit: zero each.

        Raises:
            StoryBroken: money was made or lost.
        """
        books = await self.books()
        sums: dict[str, int] = books["sums"]
        expect("the sum of the ledger", sums, {CURRENCY: 0})
        expect("balances equal to the sums of their entries", books["balances_agree"], True)
        return sums

    async def books(self, account: str | None = None) -> Any:
        """All accounts, or one, with the sum of every entry there is."""
        query = {"account": account} if account else {}
        async with self._http.get(f"{self.url}/sandbox/ledger", params=query) as answer:
            answer.raise_for_status()
            return await answer.json()


async def read_statement(core_url: str, account_number: str) -> list[int]:
    """The credits to an account at another bank, for somebody who has no session of their own."""
    async with aiohttp.ClientSession() as http:
        return await BankCore(http, core_url).credits_to(account_number)
