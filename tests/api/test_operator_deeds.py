"""What operators press on their pages, by two people wherever one is not enough."""

import json

from tests.signing_in import OwnKey
from tests.town import Town
from tests.visiting import an_operator_at_the_console


async def test_other_terms_are_live_once_a_second_operator_approved_them_on_the_page(town: Town) -> None:
    shop = await town.supermarket()
    merchant = f"/console/merchants/{shop.merchant.id}"
    lin = await an_operator_at_the_console(town, "reviewer", "approver")
    zhao = await an_operator_at_the_console(town, "approver")
    asked = await lin.press(merchant, f"{merchant}/terms", fee="21", limit="8000")
    assert asked.status == 303, asked.text
    change = asked.leads_to.partition("?")[0]
    own = await lin.get(change)
    assert (own.status, f'action="{change}/approve"' in own.text) == (200, False)
    approved = await zhao.press(change, f"{change}/approve", reason="As agreed by phone")
    assert approved.leads_to == f"{change}?done=approved", approved.text
    assert "0.21" in (await zhao.get(merchant)).text
    faulty = await lin.press(merchant, f"{merchant}/terms", fee="a lot", limit="")
    assert (faulty.status, 'role="alert"' in faulty.text) == (400, True)


async def test_a_merchant_is_suspended_looked_at_in_clear_and_let_trade_again(town: Town) -> None:
    shop = await town.supermarket()
    merchant = f"/console/merchants/{shop.merchant.id}"
    risk = await an_operator_at_the_console(town, "risk")
    assert (await risk.press(merchant, f"{merchant}/suspend", reason="Complaints")).status == 303
    assert "Complaints" in (await risk.get(merchant)).text
    paid = await shop.ask(500, code=await town.code(await town.payer()))
    assert paid.status in {403, 409, 422}, paid.body
    clear = await risk.press(
        f"{merchant}/clear", f"{merchant}/clear", contact="on", reason="Calling about it"
    )
    assert (clear.status, "@" in clear.text) == (200, True)
    assert (await risk.press(merchant, f"{merchant}/resume", reason="Settled")).status == 303
    trail = await (await an_operator_at_the_console(town, "auditor")).get(
        f"/console/trail?object_id={shop.merchant.id}"
    )
    assert trail.text.count("Calling about it") == 1


async def test_a_colleague_is_proposed_by_one_and_confirmed_by_another(town: Town) -> None:
    lin = await an_operator_at_the_console(town, "approver")
    zhao = await an_operator_at_the_console(town, "approver")
    hired = await lin.press(
        "/console/people",
        "/console/people/operators",
        **{"name": "Wang <b>Fang</b>", "role-auditor": "on", "jwk": json.dumps(OwnKey().public_jwk)},
    )
    assert hired.leads_to == "/console/people?done=hired", hired.text
    [proposal_id] = await town.pool.fetchval(
        "SELECT array_agg(id) FROM merchants.operator_proposals WHERE decided_by IS NULL"
    )
    confirm = f"/console/people/operators/{proposal_id}/confirm"
    own = await lin.get("/console/people")
    assert ("Wang &lt;b&gt;Fang" in own.text, f'action="{confirm}"' in own.text) == (True, False)
    done = await zhao.press("/console/people", confirm)
    assert done.leads_to == "/console/people?done=confirmed", done.text
    broken = await lin.press("/console/people", "/console/people/operators", name="X", jwk="no key")
    assert (broken.status, 'role="alert"' in broken.text) == (400, True)
