"""The console's pages of what is on record: a change is asked for, seen, proved with papers, and taken back."""

import re

import aiohttp

from merchants.merchant import Kind
from merchants.onboarding import changes
from merchants.onboarding.change_request import State
from tests.bank import A_SCAN
from tests.onboarded import SEALING, TODAY, an_active_merchant
from tests.town import Town
from tests.visitors import Visitor, a_visitor

PAGE = "/console/changes"
ACCOUNT = {
    "section": "settlement",
    "/settlement/account_name": "深圳市鹏城百货有限公司",
    "/settlement/bank_name": "招商银行深圳科技园支行",
    "/settlement/branch_number": "308584001258",
    "/settlement/account_number": "755900000000099",
}


async def at_the_console(town: Town) -> tuple[Visitor, str]:
    merchant = (await town.supermarket()).merchant
    visitor = await a_visitor(town, merchant)
    assert (await visitor.sign_in()).status == 303
    return visitor, merchant.id


async def test_an_account_is_changed_once_two_of_the_bank_agree_and_the_old_one_lives_until_then(
    town: Town,
) -> None:
    visitor, _ = await at_the_console(town)
    before = (await visitor.get(PAGE)).text
    form = {**dict(re.findall(r'name="(csrf|key|merchant)" value="([^"]+)"', before)), **ACCOUNT}
    asked, again = [await visitor.send(PAGE, form) for _ in range(2)]
    assert (asked.status, again.leads_to) == (303, asked.leads_to), asked.text
    shown = (await visitor.get(asked.leads_to)).text
    assert "Nothing has changed yet" in shown
    assert "****0099" in shown
    assert ACCOUNT["/settlement/account_number"] not in shown
    record = (await visitor.get(PAGE)).text
    assert "****0099" not in record
    assert "A change is under way" in record
    change_id = asked.leads_to.rpartition("/")[2]
    async with town.pool.acquire() as conn, conn.transaction():
        by = {"change_id": change_id}
        await changes.take(conn, SEALING, **by, operator_id="opr_reviewer")
        approved = await changes.approve(
            conn, SEALING, **by, operator_id="opr_approver", reason="seen", today=TODAY
        )
    assert approved.status is State.APPROVED
    assert "It is live." in (await visitor.get(asked.leads_to)).text
    assert "****0099" in (await visitor.get(PAGE)).text


async def test_what_would_not_pass_is_said_beside_its_field_and_what_was_typed_is_kept(town: Town) -> None:
    visitor, _ = await at_the_console(town)
    wrong = {**ACCOUNT, "/settlement/branch_number": "12"}
    answer = await visitor.press(PAGE, PAGE, **wrong)
    assert answer.status in {400, 422}
    field = answer.text.partition('<input id="settlement-branch_number"')[2].partition(">")[0]
    assert 'value="12"' in field
    assert 'aria-invalid="true"' in field
    assert ACCOUNT["/settlement/account_name"] in answer.text
    expired = {"section": "licence", "/licence/address": "深南大道9678号", "/licence/form": "company"}
    expired |= {"/licence/valid_from": "2000-01-01", "/licence/valid_until": "2001-01-01"}
    shown = (await visitor.get(PAGE)).text
    for name in ("name", "credit_code"):  # stand in the form, as they are live
        field = shown.partition(f'<input id="licence-{name}"')[2]
        expired[f"/licence/{name}"] = field.partition('value="')[2].partition('"')[0]
    answer = await visitor.press(PAGE, PAGE, **expired)
    assert answer.status == 422, answer.text
    assert "The licence has expired; renew it first." in answer.text
    same = await visitor.press(PAGE, PAGE, section="business", **{"/city": "", "/short_name": "", "/mcc": ""})
    assert same.status == 422


async def test_a_change_is_proved_with_a_paper_and_taken_back(town: Town) -> None:
    visitor, _ = await at_the_console(town)
    change = (await visitor.press(PAGE, PAGE, **ACCOUNT)).leads_to
    [token] = set(re.findall(r'name="csrf" value="([^"]+)"', (await visitor.get(change)).text))
    for file, media, status in ((A_SCAN, "image/png", 303), (b"no picture", "image/png", 422)):
        form = aiohttp.FormData({"csrf": token})
        form.add_field("file", file, filename="scan.png", content_type=media)
        sent = await visitor.send(f"{change}/papers/bank_account", form)
        assert sent.status == status, sent.text
    assert "Stored" in (await visitor.get(change)).text
    assert (await visitor.press(change, f"{change}/withdraw")).leads_to == change
    assert "You took it back" in (await visitor.get(change)).text
    assert (await visitor.press(change, f"{change}/withdraw", key="another")).status == 409
    other = await visitor.press(PAGE, PAGE, section="business", **{"/city": "Guangzhou"})
    assert other.status == 422, "what a form leaves empty is missing, and not the record's"


async def test_a_tenants_record_is_its_malls_to_change_and_nobody_elses(town: Town) -> None:
    async with town.pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
        tenant = await an_active_merchant(conn, kind=Kind.TENANT, partner=mall)
    house, (stranger, _) = await a_visitor(town, mall), await at_the_console(town)
    await house.sign_in()
    page = f"{PAGE}?merchant={tenant.id}"
    assert tenant.short_name in (await house.get(page)).text
    city = {"section": "business", "/short_name": tenant.short_name, "/city": "Guangzhou", "/mcc": tenant.mcc}
    asked = await house.press(page, PAGE, merchant=tenant.id, **city)
    assert asked.status == 303, asked.text
    assert tenant.id in (await house.get(PAGE)).text
    assert (await stranger.get(page)).status == 404
    assert (await stranger.press(PAGE, PAGE, merchant=tenant.id, **city)).status == 404
    assert (await stranger.get(asked.leads_to)).status == 404
    assert (await stranger.press(PAGE, f"{asked.leads_to}/withdraw")).status == 404
    assert tenant.id not in (await stranger.get(PAGE)).text
