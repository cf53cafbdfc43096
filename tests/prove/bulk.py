"""A mall's tenants in one file: some lines are wrong, the worker is killed while it reads and while it admits."""

import asyncio
import csv
import io
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from merchants.merchant import Kind
from merchants.onboarding.bulk_file import COLUMNS
from tests.onboarded import a_company, a_credit_code, an_active_merchant
from tests.processes import City
from tests.town import Person

_ASK_EVERY_S = 0.02
_TERMS = {"fee_basis_points": 38}

# What spoils a line, and the field and code that are due for it.
SPOILT: Mapping[str, tuple[Callable[[dict[str, str]], None], str, str]] = {
    "check digit": (
        lambda row: row.update(
            credit_code=row["credit_code"][:-1] + ("0" if row["credit_code"][-1] != "0" else "1")
        ),
        "credit_code",
        "credit_code_check_digit",
    ),
    "no phone": (lambda row: row.update(phone=""), "phone", "missing"),
    "area": (lambda row: row.update(area_code="999999"), "area_code", "area_code_unknown"),
    "mcc": (lambda row: row.update(mcc="54"), "mcc", "wrong_format"),
    "card": (lambda row: row.update(account_number="6222021234567894"), "account_number", "card_number"),
    "bank": (lambda row: row.update(branch_number="102584001258"), "branch_number", "branch_of_another_bank"),
}


@dataclass(slots=True, kw_only=True)
class Sheet:
    """A file, and what is due for its lines: by line the field and code of the fault."""

    text: bytes
    rows: int
    due: dict[int, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What the worker does with a file, and how that shows."""

    path: str
    counter: str
    total: int
    state: str
    began: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of a file."""

    lines: int
    faulty: int
    admitted: int
    kills: int
    read_per_s: float
    admitted_per_s: float
    faults: list[str]

    def __str__(self) -> str:
        return (
            f"{self.lines} lines, {self.faulty} faulty, {self.admitted} merchants, {self.kills} kills; "
            f"{self.read_per_s:.0f} rows/s read, {self.admitted_per_s:.0f} rows/s admitted"
        )


def a_sheet(rows: int, *, faulty_share: float, chance: random.Random) -> Sheet:
    """A CSV with so many lines, of which a share is spoilt, each in one way."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(COLUMNS), lineterminator="\r\n")
    writer.writeheader()
    sheet = Sheet(text=b"", rows=rows)
    spoilt = set(chance.sample(range(rows), round(rows * faulty_share)))
    ways = list(SPOILT.values())
    for number in range(rows):
        row = _row(number)
        if number in spoilt:
            spoil, column, code = ways[number % len(ways)]
            spoil(row)
            sheet.due[number + 2] = (column, code)
        writer.writerow(row)
    sheet.text = out.getvalue().encode("utf-8-sig")
    return sheet


def _row(number: int) -> dict[str, str]:
    company = a_company()
    assert company.licence is not None
    name = f"深圳市第{number}小店有限公司"
    return {
        "reference": f"shop-{number}",
        "licence_name": name,
        "credit_code": a_credit_code(),
        "form": "company",
        "licence_address": company.licence.address,
        "licence_valid_from": "2010-01-04",
        "representative_name": "张三",
        "representative_document": "passport",
        "representative_document_number": f"E{number:08d}",
        "owner_name": "李四",
        "owner_document": "passport",
        "owner_document_number": f"E{number:08d}",
        "contact_name": "王五",
        "phone": "13800138000",
        "email": "pay@pengcheng.example",
        "short_name": f"小店{number}",
        "city": "Shenzhen",
        "mcc": "5411",
        "account_name": name,
        "bank_name": "招商银行深圳科技园支行",
        "branch_number": "308584001258",
        "account_number": f"7559{number:012d}",
        "store_name": "一楼",
        "area_code": "440305",
        "store_address": "深南大道9678号",
    }


async def run(city: City, sheet: Sheet, *, kill_at: Iterable[float]) -> Came:
    """Send the file, kill the worker at these shares of reading and of admitting, and count what is there."""
    town = city.town
    async with town.pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
    office = await town.person(kind="partner", partner_id=mall.partner_id, merchant_id=mall.id)
    reviewer = await town.person(kind="operator", operators=True, roles=frozenset({"reviewer"}))
    approver = await town.person(kind="operator", operators=True, roles=frozenset({"approver"}))
    began = time.monotonic()
    sent = await office.send("POST", f"/v1/merchants/{mall.id}/bulks", sheet.text, "text/csv")
    assert sent.status == 201, sent.body
    path = f"/v1/bulks/{sent.body['id']}"
    reading = Phase(path=path, counter="read", total=sheet.rows, state="checked", began=began)
    read_s = await _through(city, office, reading, kill_at)
    good = sheet.rows - len(sheet.due)
    assert (await reviewer.post(f"/admin{path}/take", _TERMS)).status == 200
    began = time.monotonic()
    approved = await approver.post(f"/admin{path}/approve", {"terms": _TERMS})
    assert approved.status == 200, approved.body
    admitting = Phase(path=path, counter="admitted", total=good, state="done", began=began)
    admitted_s = await _through(city, office, admitting, kill_at)
    bulk = (await office.get(path)).body
    return Came(
        lines=bulk["read"],
        faulty=bulk["faulty"],
        admitted=bulk["admitted"],
        kills=city.worker.kills,
        read_per_s=sheet.rows / read_s,
        admitted_per_s=good / admitted_s,
        faults=[
            *await _wrong_lines(office, path, sheet),
            *await _wrong_books(city, mall.id, sheet),
        ],
    )


async def _through(city: City, office: Person, phase: Phase, kill_at: Iterable[float]) -> float:
    """Until the file has reached the phase's state; the worker dies on the way."""
    for share in kill_at:
        await _until(office, phase.path, partial(_counts, phase.counter, phase.total * share))
        await city.worker.restart()
    await _until(office, phase.path, lambda one: one["state"] == phase.state)
    return time.monotonic() - phase.began


def _counts(counter: str, due: float, bulk: dict[str, Any]) -> bool:
    return bool(bulk[counter] >= due)


async def _until(office: Person, path: str, there: Callable[[dict[str, Any]], bool]) -> None:
    seen = (await office.get(path)).body
    while not there(seen):
        await asyncio.sleep(_ASK_EVERY_S)
        seen = (await office.get(path)).body


async def _wrong_lines(office: Person, path: str, sheet: Sheet) -> list[str]:
    """Each spoilt line has its fault, and no other line has one."""
    found: dict[int, list[tuple[str, str]]] = {}
    seen: list[int] = []
    cursor = ""
    while True:
        page: Any = (await office.get(f"{path}/lines?limit=100{cursor}")).body
        for one in page["items"]:
            seen.append(one["line"])
            if one["faults"]:
                found[one["line"]] = [(fault["field"], fault["code"]) for fault in one["faults"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    faults = [] if seen == list(range(2, sheet.rows + 2)) else ["lines are missing, or came twice"]
    faults += [f"line {line}: {due} is due, got {found.get(line)}" for line, due in sheet.due.items()
               if found.get(line) != [due]]  # fmt: skip
    return faults + [
        f"line {line} is in order, got {found[line]}" for line in found.keys() - sheet.due.keys()
    ]


async def _wrong_books(city: City, mall_id: str, sheet: Sheet) -> list[str]:
    """One merchant a good line, each with two people's names and one event."""
    row = await city.town.pool.fetchrow(
        """SELECT count(*) AS merchants, count(DISTINCT m.credit_code) AS companies,
                  count(*) FILTER (WHERE a.reviewer_id <> a.approver_id) AS signed_by_two,
                  (SELECT count(*) FROM merchants.merchant_records r WHERE r.partner_id = $1) - 1 AS records,
                  (SELECT count(*) FROM webhooks.events e WHERE e.tenant = $1 AND e.type = 'merchant.activated') - 1
                      AS told,
                  (SELECT count(*) FROM merchants.audit t WHERE t.partner_id = $1 AND t.deed = 'application.active') - 1
                      AS on_trail
             FROM merchants.merchants m JOIN merchants.applications a ON a.id = m.application_id
            WHERE m.partner_id = $1 AND m.id <> $1""",
        mall_id,
    )
    assert row is not None, "an aggregate always has a row"
    good = sheet.rows - len(sheet.due)
    return [
        f"{name}: {good} are due, {count} are there" for name, count in dict(row).items() if count != good
    ]
