"""A reference core on a real socket with its own database, and the ways to ask it and to set its wallets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.wallet.core import (
    BANK_FEES,
    BANK_OFFERS,
    Leg,
    Transfer,
    funder_account,
    merchant_account,
    payer_account,
)
from gateway.wallet.reference.server import make_app, serving
from gateway.wallet.rest import RestCore
from merchants.keyring import Purpose, Signer
from merchants.keyring.signer import as_jwk


def a_signer() -> Signer:
    return Signer(purpose=Purpose.CORE, key_id="A1", private_key=Ed25519PrivateKey.generate())


def jwks_of(*signers: Signer) -> dict[str, Any]:
    return {"keys": [as_jwk(one.purpose, one.key_id, one.public_key) for one in signers]}


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxCore:
    """A served reference core: `core` asks it as the gateway does, the rest is its sandbox's controls."""

    url: str
    signer: Signer
    core: RestCore
    http: aiohttp.ClientSession

    async def wallet(self, payer_id: str, *, balance_minor: int = 1_000_000, **wallet: Any) -> None:
        body = {"balance_minor": balance_minor, "currency": "CNY", **wallet}
        async with self.http.put(f"{self.url}/sandbox/wallets/{payer_id}", json=body) as answer:
            assert answer.status == 200, await answer.text()

    async def books(self, account: str = "") -> dict[str, Any]:
        async with self.http.get(
            f"{self.url}/sandbox/ledger", params={"account": account} if account else {}
        ) as answer:
            assert answer.status == 200, await answer.text()
            books: dict[str, Any] = await answer.json()
            return books

    async def balance(self, account: str, unit: str = "CNY") -> int:
        holdings = (await self.books(account))["accounts"]
        return sum(one["balance_minor"] for one in holdings if one["unit"] == unit)

    async def assert_books_sum_to_zero(self) -> None:
        books = await self.books()
        assert set(books["sums"].values()) <= {0}, books["sums"]
        assert books["balances_agree"]


@asynccontextmanager
async def sandbox_core(
    database_url: str, *, signer: Signer | None = None, jwks: str | None = None
) -> AsyncIterator[SandboxCore]:
    """Serve a reference core for the time of the block; `jwks` is where it reads the keys, or it is given them."""
    signer = signer or a_signer()
    async with (
        serving(make_app(database_url, gateway_jwks=jwks or jwks_of(signer))) as url,
        RestCore(name="bank", url=url, signer=lambda: signer) as asked,
        aiohttp.ClientSession() as http,
    ):
        yield SandboxCore(url=url, signer=signer, core=asked, http=http)


@dataclass(slots=True)
class Cast:
    """A payer, a merchant and a funder of one test's own, so that tests share a database and no account."""

    mark: str = field(default_factory=lambda: uuid4().hex[:12])
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def payer_id(self) -> str:
        return f"p{self.mark}"

    @property
    def payer(self) -> str:
        return payer_account(self.payer_id)

    @property
    def merchant(self) -> str:
        return merchant_account(f"mer_{self.mark}")

    @property
    def funder(self) -> str:
        return funder_account(f"mer_{self.mark}")

    def transfer(self, kind: str = "debit", *legs: Leg, **changes: Any) -> Transfer:
        facts: dict[str, Any] = {
            "id": f"pay_{self.mark}{next(self.numbers)}.1",
            "kind": kind,
            "unit": "CNY",
            "legs": legs,
            "issuer": "bank",
        }
        return Transfer(**{**facts, **changes})

    def debit(self, paid_minor: int = 10_800, **changes: Any) -> Transfer:
        """128.00 with 20.00 off, of which the bank funds 12.00 and the partner 8.00; a fee of 0.77."""
        return self.transfer("debit", *self.paying(paid_minor), **changes)

    def paying(self, paid_minor: int = 10_800) -> tuple[Leg, ...]:
        return (
            leg("payer", self.payer, self.merchant, paid_minor),
            leg("funder", BANK_OFFERS, self.merchant, 1_200),
            leg("funder", self.funder, self.merchant, 800),
            leg("fee", self.merchant, BANK_FEES, 77),
        )

    def refund(self, of: Transfer, paid_minor: int, **changes: Any) -> Transfer:
        """Gives back to the payer alone."""
        back = leg("payer", self.merchant, self.payer, paid_minor)
        return self.transfer("refund", back, parent=of.id, **changes)


def leg(role: Any, source: str, target: str, amount_minor: int) -> Leg:
    return Leg(role=role, source=source, target=target, amount_minor=amount_minor)
