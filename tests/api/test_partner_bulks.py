"""The console's pages of a file of sub-merchants: sent once, watched while it is read, its faults to work from."""

import csv
import io
import random

import aiohttp

from merchants.merchant import Kind, Merchant
from merchants.onboarding import bulk
from tests.onboarded import an_active_merchant
from tests.prove.bulk import a_sheet
from tests.town import Town
from tests.visitors import Seen, Visitor, a_visitor

PAGE = "/console/bulks"
# What a browser says of a CSV file where a spreadsheet is installed.
EXCEL = "application/vnd.ms-excel"


async def a_mall(town: Town) -> tuple[Visitor, Merchant]:
    async with town.pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
    visitor = await a_visitor(town, mall)
    assert (await visitor.sign_in()).status == 303
    return visitor, mall


async def sent(
    visitor: Visitor, content: bytes, name: str = "tenants.csv", token: str = "", media_type: str = EXCEL
) -> Seen:
    shown = (await visitor.get(PAGE)).text
    form = aiohttp.FormData({"csrf": token or shown.partition('name="csrf" value="')[2].partition('"')[0]})
    form.add_field("file", content, filename=name, content_type=media_type)
    return await visitor.send(PAGE, form)


async def told_until_it_is_read(visitor: Visitor, page: str) -> str:
    """What the page's stream says, up to its end."""
    headers = {"Cookie": visitor.cookie}
    async with visitor.town.http.get(f"{visitor.origin}{page}/live", headers=headers) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        return (await stream.content.read()).decode()


async def test_a_file_is_watched_while_it_is_read_and_its_faults_come_as_a_sheet(town: Town) -> None:
    visitor, _ = await a_mall(town)
    sheet = a_sheet(40, faulty_share=0.1, chance=random.Random(6))
    taken = await sent(visitor, sheet.text)
    assert taken.status == 303, taken.text
    assert (await sent(visitor, sheet.text)).leads_to == taken.leads_to, "the same file is there once"
    told = await told_until_it_is_read(visitor, taken.leads_to)
    assert '"shape":"checked"' in told.rpartition("data: ")[2]
    shown = (await visitor.get(taken.leads_to)).text
    for line, (field, _) in sheet.due.items():
        row = shown.partition(f'class="number">{line}</th>')[2].partition("</tr>")[0]
        assert f"<code>{field}</code>" in row, (line, field)
    given = await visitor.get(f"{taken.leads_to}/faults.csv", **{"Accept-Language": "zh-CN"})
    assert given.headers["Content-Disposition"].startswith("attachment;")
    rows = list(csv.reader(io.StringIO(given.text.lstrip("\ufeff"))))
    assert rows[0][0] == "行"
    assert {int(row[0]): (row[2], row[3]) for row in rows[1:]} == sheet.due
    assert "/console/applications/app_" in (await visitor.get(f"{taken.leads_to}?lines=all")).text
    assert taken.leads_to in (await visitor.get(PAGE)).text
    async with town.pool.acquire() as conn, conn.transaction():
        await bulk.reject(
            conn, bulk_id=taken.leads_to.rpartition("/")[2], operator_id="opr_1", reason="no contract"
        )
    anew, again = [await sent(visitor, sheet.text) for _ in range(2)]
    assert anew.leads_to == again.leads_to != taken.leads_to, "what was turned down may be sent once more"


async def test_a_cell_of_somebodys_is_no_formula_in_a_sheet_of_ours(town: Town) -> None:
    visitor, _ = await a_mall(town)
    taken = await sent(visitor, b'{"reference": "=1+1", "city": "x"}\n', "tenants.jsonl")
    await told_until_it_is_read(visitor, taken.leads_to)
    assert ",'=1+1," in (await visitor.get(f"{taken.leads_to}/faults.csv")).text


async def test_a_file_that_is_none_is_refused_beside_the_form_and_anothers_is_not_there(town: Town) -> None:
    (visitor, mall), (stranger, _) = await a_mall(town), await a_mall(town)
    refused = await sent(visitor, b"short_name,colour\nx,red\n")
    assert refused.status == 422
    assert 'role="alert"' in refused.text
    assert 'type="file"' in refused.text
    assert (await sent(visitor, b"x", token="guessed")).status == 403
    for name, media_type in (("tenants.xlsx", EXCEL), ("tenants.txt", "text/plain")):
        assert (await sent(visitor, b"x", name, media_type=media_type)).status == 415, name
    empty = await visitor.get("/console/bulk-columns.csv")
    assert "credit_code" in empty.text
    assert "text/csv" in empty.headers["Content-Type"]
    taken = await sent(visitor, b"short_name\nx\n")
    for path in (taken.leads_to, f"{taken.leads_to}/live", f"{taken.leads_to}/faults.csv"):
        assert (await stranger.get(path)).status == 404, path
    assert mall.id not in (await stranger.get(PAGE)).text
    assert taken.leads_to not in (await stranger.get(PAGE)).text
