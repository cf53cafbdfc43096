"""The bank's own wishes about a merchant, papers for the partner's, and the trail that all of it leaves."""

from typing import Any

from tests.bank import A_SCAN
from tests.joiners import an_office
from tests.town import Person, Supermarket, Town


async def an_operator(town: Town, *roles: str) -> Person:
    return await town.person(kind="operator", operators=True, roles=frozenset(roles))


async def a_change(shop: Supermarket) -> str:
    asked = await shop.office.post(f"/v1/merchants/{shop.merchant.id}/changes", {"city": "Guangzhou"})
    assert asked.status == 201, asked.body
    return str(asked.body["id"])


async def test_another_fee_counts_once_a_second_person_approved_it_and_its_partner_is_told_then(
    town: Town,
) -> None:
    shop, payer = await town.supermarket(), await town.payer(1_000_000)
    both, other = await an_operator(town, "reviewer", "approver"), await an_operator(town, "approver")
    terms = {"fee_basis_points": 100, "payment_limit": {"amount_minor": 50_000, "currency": "CNY"}}
    path = f"/admin/v1/merchants/{shop.merchant.id}/terms"
    asked = await both.post(path, terms, key="once")
    change = asked.body["change"]
    assert (asked.status, change["status"], change["terms"]) == (201, "under_review", terms)
    assert (await both.post(path, terms, key="once")).body == asked.body
    case = f"/admin/v1/changes/{change['id']}"
    alone = await both.post(f"{case}/approve", {"reason": "I think so"})
    assert (alone.status, alone.body["code"]) == (403, "same_person")
    for deed, method in (("", "GET"), ("/withdraw", "POST"), ("/documents", "GET")):
        seen = await shop.office.call(method, f"/v1/changes/{change['id']}{deed}")
        assert (seen.status, seen.body["code"]) == (404, "change_not_found"), deed
    before = await shop.ask(100_000, code=await town.code(payer))
    assert before.body["fee"]["amount_minor"] == 380
    approved = await other.post(f"{case}/approve", {"reason": "as agreed by letter"})
    assert (approved.status, approved.body["change"]["status"]) == (200, "approved"), approved.body
    after = await shop.ask(50_000, code=await town.code(payer))
    assert after.body["fee"]["amount_minor"] == 500
    beyond = await shop.ask(50_001, code=await town.code(payer))
    assert beyond.status >= 400, beyond.body
    again = await both.post(path, terms)
    assert (again.status, again.body["code"]) == (422, "nothing_to_change")
    events = await town.feed(shop.office)
    [told] = [one["data"] for one in events if one["type"] == "merchant.changed"]
    assert told["reason"] == "changed: terms"


async def test_papers_of_a_change_are_shown_until_somebody_took_it(town: Town) -> None:
    shop, rival = await town.supermarket(), await town.supermarket()
    change_id = await a_change(shop)
    path = f"/v1/changes/{change_id}/documents"
    put = await shop.office.send("PUT", f"{path}/business_licence", A_SCAN, "image/png")
    assert put.status == 200, put.body
    foreign = await rival.office.send("PUT", f"{path}/business_licence", A_SCAN, "image/png")
    assert (foreign.status, foreign.body["code"]) == (404, "change_not_found")
    reviewer = await an_operator(town, "reviewer")
    assert (await reviewer.post(f"/admin/v1/changes/{change_id}/take", None)).status == 200
    late = await shop.office.send("PUT", f"{path}/other", A_SCAN, "image/png")
    assert (late.status, late.body["code"]) == (409, "change_cannot_move")
    [listed] = (await reviewer.get(f"/admin{path}")).body["items"]
    assert listed["sha256"] == put.body["sha256"]
    opened = await reviewer.get(f"/admin{path}/{listed['id']}")
    assert opened.headers["Content-Disposition"].startswith("attachment")
    assert opened.body.startswith(b"\x89PNG")


async def test_nobody_elses_file_is_opened_before_it_is_refused(town: Town) -> None:
    """What is no picture would be refused as such: to a stranger it is an application that is not there."""
    async with an_office(town) as office:
        joiner, stranger = await office.joiner(), await town.supermarket()
    file = ("PUT", f"{joiner.path}/documents/other", b"no picture", "image/png")
    refused = await stranger.office.send(*file)
    assert (refused.status, refused.body["code"]) == (404, "application_not_found")
    gone = await stranger.office.send(
        "PUT", f"/v1/changes/chg_{'0' * 32}/documents/other", b"no picture", "image/png"
    )
    assert (gone.status, gone.body["code"]) == (404, "change_not_found")


async def test_an_auditor_reads_who_looked_at_a_merchants_data_and_why_page_by_page(town: Town) -> None:
    shop = await town.supermarket()
    risk, auditor = await an_operator(town, "risk"), await an_operator(town, "auditor")
    path = f"/admin/v1/merchants/{shop.merchant.id}"
    wish: dict[str, Any] = {"sections": ["settlement"], "reason": "letter"}
    clear = await risk.post(f"{path}/unmask", wish)
    assert clear.body["settlement"]["account_number"] == "7559012345670001"
    assert (clear.body["contact"], clear.body["owners"]) == (None, None)
    assert (await auditor.post(f"{path}/unmask", wish)).status == 403
    assert (await risk.post(f"{path}/suspend", {"reason": "complaints"})).status == 200
    trail = f"/admin/v1/trail?object_id={shop.merchant.id}&limit=1"
    assert (await risk.get(trail)).status == 403
    first = (await auditor.get(trail)).body
    second = (await auditor.get(f"{trail}&cursor={first['next']}")).body
    [suspended], [unmasked] = first["items"], second["items"]
    assert (suspended["deed"], suspended["reason"]) == ("merchant.suspended", "complaints")
    assert (unmasked["deed"], unmasked["reason"]) == ("particulars.unmasked", "letter")
    assert unmasked["facts"] == {"sections": "settlement"}
    assert suspended["actor"] == unmasked["actor"]
    odd = await auditor.get(f"{trail}&cursor={'9' * 30}")
    assert (odd.status, odd.body["errors"][0]["pointer"]) == (400, "#query/cursor")
