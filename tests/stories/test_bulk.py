"""Sub-merchants by file: the long form is `make prove ONLY=bulk`."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from merchants.merchant import Kind
from tests.onboarded import a_company, an_active_merchant
from tests.processes import City, a_city
from tests.prove.bulk import a_sheet, run
from tests.town import FAST_DOUBT, Person, Town

_PATIENCE_S = 20.0


@pytest.fixture
async def city(database_url: str, core_database_url: str, tmp_path: Path) -> AsyncIterator[City]:
    async with a_city(database_url, core_database_url, tmp_path, FAST_DOUBT) as opened:
        yield opened
        assert not opened.defects()


async def test_a_worker_killed_while_it_reads_and_while_it_admits_makes_no_duplicate(city: City) -> None:
    sheet = a_sheet(600, faulty_share=0.03, chance=random.Random(6))
    came = await run(city, sheet, kill_at=(0.3,))
    assert came.faults == []
    assert (came.lines, came.faulty, came.admitted, came.kills) == (600, 18, 582, 2)


async def a_mall(town: Town) -> tuple[Person, str]:
    async with town.pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
    return await town.person(kind="partner", partner_id=mall.partner_id, merchant_id=mall.id), mall.id


async def checked(office: Person, path: str) -> list[dict[str, Any]]:
    while (await office.get(path)).body["state"] == "reading":
        pass
    lines: list[dict[str, Any]] = (await office.get(f"{path}/lines?limit=100")).body["items"]
    return lines


async def test_json_lines_tell_every_fault_of_a_line_and_a_company_once(town: Town) -> None:
    office, mall_id = await a_mall(town)
    good = msgspec.to_builtins(a_company())
    two_faults = {**msgspec.to_builtins(a_company()), "mcc": "54", "city": None}
    lines = [
        {"reference": "first", **good},
        {"reference": "again", **good},
        {"reference": "bent", **two_faults},
        {"reference": "odd", **msgspec.to_builtins(a_company()), "status": "active", "merchant_id": "mer_1"},
        ["no object"],
    ]
    sent = await office.send(
        "POST",
        f"/v1/merchants/{mall_id}/bulks",
        "\n".join(json.dumps(line, default=str) for line in lines).encode(),
        "application/x-ndjson",
    )
    assert sent.status == 201, sent.body
    results = await checked(office, f"/v1/bulks/{sent.body['id']}")
    codes = [[(fault["field"], fault["code"]) for fault in one["faults"]] for one in results]
    assert codes == [
        [],
        [("licence/credit_code", "duplicate_application")],
        [("mcc", "wrong_format"), ("city", "missing")],
        [("merchant_id", "unknown_field"), ("status", "unknown_field")],
        [("", "line_malformed")],
    ]


async def test_a_file_that_is_none_is_refused_whole_and_another_partners_is_not_there(town: Town) -> None:
    office, mall_id = await a_mall(town)
    path = f"/v1/merchants/{mall_id}/bulks"
    for data, why in (
        (b"short_name,colour\nx,red\n", "colour"),
        (b"short_name,short_name\nx,y\n", "twice"),
        (b"short_name\n", "no line"),
        (b"\xff\xfe", "UTF-8"),
        (b'short_name\n"never closed', "line"),
        (b"short_name\n" + b"x\n" * 20_001, "20000"),
    ):
        refused = await office.send("POST", path, data, "text/csv")
        assert (refused.status, refused.body["code"]) == (422, "bulk_file_unreadable"), data[:20]
        assert why in refused.body["why"]
    sent = await office.send("POST", path, b"short_name\nx\n", "text/csv")
    rival, _ = await a_mall(town)
    assert (await rival.get(f"/v1/bulks/{sent.body['id']}")).status == 404
    assert (await rival.get(f"/v1/bulks/{sent.body['id']}/lines")).status == 404
    assert (await rival.send("POST", path, b"short_name\nx\n", "text/csv")).status == 404
    assert await town.pool.fetchval("SELECT count(*) FROM merchants.bulks") == 1


async def test_whoever_took_a_file_does_not_approve_it(town: Town) -> None:
    office, mall_id = await a_mall(town)
    sent = await office.send("POST", f"/v1/merchants/{mall_id}/bulks", b"short_name\nx\n", "text/csv")
    await checked(office, f"/v1/bulks/{sent.body['id']}")
    both = await town.person(kind="operator", operators=True, roles=frozenset({"reviewer", "approver"}))
    path, terms = f"/admin/v1/bulks/{sent.body['id']}", {"fee_basis_points": 38}
    assert (await both.post(f"{path}/take", terms)).status == 200
    refused = await both.post(f"{path}/approve", {"terms": terms})
    assert (refused.status, refused.body["code"]) == (403, "same_person")
    other = await town.person(kind="operator", operators=True, roles=frozenset({"approver"}))
    refused = await other.post(f"{path}/approve", {"terms": {"fee_basis_points": 0}})
    assert (refused.status, refused.body["code"]) == (409, "terms_changed")
    rejected = await other.post(f"{path}/reject", {"reason": "not theirs"})
    assert rejected.body["bulk"]["state"] == "rejected"


async def test_no_line_keeps_the_worker_from_the_next_file(town: Town) -> None:
    """A NUL, half a surrogate pair or a number without end would come back with every try to store them."""
    office, mall_id = await a_mall(town)
    odd = [
        '{"reference": "a\\u0000b"}',
        '{"\\u0000": 1}',
        '{"reference": "\\ud800"}',
        '{"mcc": 1' + "0" * 30 + "}",
        '{"mcc": Infinity}',
        '{"mcc": ' + "[" * 500 + "]" * 500 + "}",
    ]
    path = f"/v1/merchants/{mall_id}/bulks"
    sent = await office.send("POST", path, "\n".join(odd).encode(), "application/x-ndjson")
    assert sent.status == 201, sent.body
    async with asyncio.timeout(_PATIENCE_S):
        results = await checked(office, f"/v1/bulks/{sent.body['id']}")
    assert [[fault["code"] for fault in one["faults"]] for one in results] == [["line_malformed"]] * len(odd)
    cells = await office.send("POST", path, b"short_name\n" + b"," * 100_000, "text/csv")
    assert (cells.status, cells.body["why"]) == (422, "line 2: it is longer than any line of ours")


async def test_a_trade_that_needs_a_permit_does_not_come_in_by_file(town: Town) -> None:
    office, mall_id = await a_mall(town)
    pharmacy = msgspec.to_builtins(a_company(mcc="5912"))
    sent = await office.send(
        "POST",
        f"/v1/merchants/{mall_id}/bulks",
        json.dumps(pharmacy, default=str).encode(),
        "application/x-ndjson",
    )
    [line] = await checked(office, f"/v1/bulks/{sent.body['id']}")
    assert [(one["pointer"], one["code"]) for one in line["faults"]] == [
        ("/documents/qualification", "qualification_missing")
    ]
