"""Somebody at a shell: the commands as they are typed, against a real gateway."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from PIL import Image

from gateway.cli import main
from gateway.cli.identity import IdentityFile
from gateway.demo.bank_core import read_statement
from merchants.access import clients, jwk
from merchants.ids import new_id
from merchants.merchant import Kind
from tests.hired import a_wallet_backend, an_operator
from tests.onboarded import an_active_merchant
from tests.town import ISSUER, Town


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody at a shell, with a folder of identities."""

    town: Town
    folder: Path

    async def types(self, *words: str) -> Said:
        """A command; its file names are those of the folder."""
        found = [str(self.folder / word) if word.endswith(".json") else word for word in words]
        runner = CliRunner(env={"GATEWAY_RETRY_FOR_S": "0"})
        ended = await asyncio.to_thread(runner.invoke, main, found)
        return Said(ended.exit_code, ended.stdout, ended.stderr)

    async def done(self, *words: str) -> Said:
        said = await self.types(*words)
        assert said.code == 0, (words, said)
        return said

    @property
    def where(self) -> tuple[str, ...]:
        return ("--url", self.town.public, "--issuer", self.town.settings.public_url)

    async def operators(self) -> None:
        """Lin reviews, Zhao approves; the first operator lets both in."""
        file = IdentityFile.make(
            self.folder / "first.json", url=self.town.operators, issuer=self.town.settings.public_url
        )
        async with self.town.pool.acquire() as conn, conn.transaction():
            client_id = await clients.ensure_bootstrap_operator(conn, file.identity.key.public_jwk)
        file.keep(client_id=client_id)
        for name, role in (("lin", "reviewer"), ("zhao", "approver")):
            saved = ("--as", "first.json", "--save", f"{name}.json")
            await self.done("operator", "register", name, "--role", role, *saved)

    async def open_shop(self, kind: Kind = Kind.SUPERMARKET) -> None:
        """A partner as shop.json, and the bank's people, put straight into the tables."""
        async with self.town.pool.acquire() as conn, conn.transaction():
            for name, roles in (
                ("first", "reviewer approver risk auditor"),
                ("lin", "reviewer"),
                ("zhao", "approver"),
            ):
                file = self._identity(name, self.town.operators)
                hired = await an_operator(conn, frozenset(roles.split()), file.identity.key.public_jwk)
                file.keep(client_id=hired.client_id)
            merchant = await an_active_merchant(conn, kind=kind)
            file = self._identity("shop", self.town.public)
            office = clients.client_of(
                new_id("cli", merchant.partner_no),
                "partner",
                "Office",
                partner_id=merchant.partner_id,
                merchant_id=merchant.id,
            )
            key = jwk.accept(file.identity.key.public_jwk)
            await clients.register(conn, office, key, actor="test")
        file.keep(client_id=office.client_id, merchant_id=merchant.id)

    async def wallet(self) -> None:
        """The backend of the bank's wallet, as wallet.json."""
        file = self._identity("wallet", self.town.public)
        async with self.town.pool.acquire() as conn, conn.transaction():
            hired = await a_wallet_backend(conn, ISSUER, file.identity.key.public_jwk)
        file.keep(client_id=hired.client_id, wallet_issuer=ISSUER)

    def _identity(self, name: str, url: str) -> IdentityFile:
        return IdentityFile.make(self.folder / f"{name}.json", url=url, issuer=self.town.settings.public_url)

    async def application(self, **changes: Any) -> None:
        declared = json.loads((await self.done("partner", "template")).out)
        (self.folder / "application.json").write_text(json.dumps({**declared, **changes}))

    async def shop(self, **changes: Any) -> None:
        """A company that has applied and was approved, as shop.json."""
        await self.operators()
        await self.application(**changes)
        await self.types("partner", "apply", "application.json", *self.where, "--save", "shop.json")
        await self.papers()
        case = (await self.done("partner", "submit", "--as", "shop.json", "-q")).out.strip()
        await self.done("operator", "take", case, "--as", "lin.json")
        await self.done("operator", "propose", case, "--fee", "38", "--as", "lin.json")
        own = await self.types("operator", "approve", case, "--fee", "38", "--as", "lin.json")
        assert own.code == 1
        await self.done("operator", "approve", case, "--fee", "38", "--as", "zhao.json")
        await self.done("partner", "verification", "--within-s", "30", "--as", "shop.json")
        total = sum(await read_statement(self.town.core, "7559012345670001"))
        wrong = await self.types("partner", "verify-account", "1.98", "--as", "shop.json")
        assert wrong.code == (0 if total == 198 else 3)
        await self.types("partner", "verify-account", f"{total / 100:.2f}", "--as", "shop.json")
        await self.done("partner", "keys", "create", "agreement.json")
        who = ("--name", "张三", "--title", "法定代表人")
        await self.done("partner", "sign", *who, "--key", "agreement.json", "--as", "shop.json")

    async def papers(self) -> None:
        """Nothing on them, and whatever else the pre-check asks for."""
        Image.new("L", (21, 30), "white").save(self.folder / "paper.png")
        for kind in ("business_licence", "representative_id"):
            paper = str(self.folder / "paper.png")
            await self.done("partner", "upload", kind, paper, "--as", "shop.json")

    async def till(self) -> None:
        """A till of the shop's, as till.json."""
        where = ("--area-code", "440305", "--address", "深南大道9678号")
        store = await self.done("partner", "open-store", "南山店", *where, "--as", "shop.json", "-q")
        place = ("partner", "place-terminal", store.out.strip(), "收银台 7")
        terminal = await self.done(*place, "--as", "shop.json", "-q")
        code = await self.done("partner", "activation-code", terminal.out.strip(), "--as", "shop.json", "-q")
        await self.done("till", "enrol", code.out.strip(), *self.where, "--save", "till.json")
