"""The console's form of an offer's terms: each kind is drafted as it was typed, and comes back as it was."""

import html
import re

import pytest

from tests.onboarded import an_active_merchant
from tests.town import Town
from tests.visitors import Visitor, a_visitor

NEW = "/console/new-offer"
DAYS = {"/target/starts_on": "2099-01-01", "/target/ends_on": "2099-12-31"}
OFF = {
    "kind": "amount_off",
    "/terms/off_minor": "5.00",
    "/budgets/total_minor": "1000.00",
    "/funding/bank": "50",
}
POINTS = {
    "kind": "points",
    "/terms/points": "2",
    "/terms/per_minor": "1.00",
    "/terms/worth_minor": "1.00",
    "/terms/programme/owner": "partner",
    "/terms/programme/name": "club",
    "/budgets/total_minor": "500000",
}
CLAIMED = {
    **OFF,
    "handed_out": "claimed",
    "/terms/copies": "5000",
    "/terms/per_person": "2",
    "/terms/good_for_days": "30",
    "/terms/price/points": "300",
    "/terms/price/programme/owner": "bank",
    "/terms/price/programme/name": "gold",
    "/stacking/group": "coupons",
}
PUSHED = {**OFF, "handed_out": "pushed", "/target/segments": "new, student", "exclusive": "on"}


async def at_the_console(town: Town) -> Visitor:
    visitor = await a_visitor(town, (await town.supermarket()).merchant)
    assert (await visitor.sign_in()).status == 303
    return visitor


def values_of(page: str) -> dict[str, str]:
    """What stands in the fields of the form."""
    form = page.partition('<form class="stack terms"')[2].partition("</form>")[0]
    typed = dict(re.findall(r'<input id="[^"]+" name="([^"]+)"[^>]* value="([^"]*)"', form))
    chosen = re.findall(r'<select id="[^"]+" name="([^"]+)".*?<option value="([^"]*)" selected', form)
    ticked = re.findall(r'name="([^"]+)" checked', form)
    return {
        name: html.unescape(one) for name, one in (*typed.items(), *chosen, *((it, "on") for it in ticked))
    }


@pytest.mark.parametrize("typed", [POINTS, CLAIMED, PUSHED], ids=["points", "claimed", "pushed"])
async def test_what_is_typed_is_drafted_and_stands_in_the_form_again(
    town: Town, typed: dict[str, str]
) -> None:
    visitor = await at_the_console(town)
    wanted = {"/name": "会员专享", **DAYS, **typed}
    drafted = await visitor.press(NEW, NEW, **wanted)
    assert drafted.status == 303, drafted.text
    shown = (await visitor.get(drafted.leads_to)).text
    assert f"{drafted.leads_to}/terms" in shown, "what was drafted by hand is changed by hand"
    again = values_of((await visitor.get(f"{drafted.leads_to}/terms")).text)
    assert again.items() >= typed.items()
    if typed is POINTS:
        assert "500,000 points" in shown


async def test_a_third_party_is_named_and_has_to_accept(town: Town) -> None:
    visitor = await at_the_console(town)
    async with town.pool.acquire() as conn, conn.transaction():
        brand = await an_active_merchant(conn)
    wanted = {"/name": "品牌日", **DAYS, **OFF, "/funding/other": "30", "/funding/other_id": brand.id}
    drafted = await visitor.press(NEW, NEW, **wanted)
    assert drafted.status == 303, drafted.text
    shown = (await visitor.get(drafted.leads_to)).text
    assert brand.id in shown
    assert "has not accepted yet" in shown
    assert [f"{one} %" in shown for one in (50, 20, 30)] == [True] * 3


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"/funding/bank": "80", "/funding/other": "30"}, "-funding-bank"),
        ({"/funding/other": "30", "/funding/other_id": "nobody"}, "-funding-other_id"),
        ({"handed_out": "pushed", "kind": "cashback", "/terms/percent": "3"}, "handed_out"),
        ({"kind": "percent_off", "/terms/percent": "100"}, "-terms-percent"),
        ({"kind": "threshold_off", "/terms/threshold": "5", "/terms/off_minor": "5"}, "-terms-off_minor"),
        ({"handed_out": "claimed", "/terms/copies": "many"}, "-terms-copies"),
        ({"handed_out": "claimed", "/terms/copies": "9" * 5000}, "-terms-copies"),
    ],
)
async def test_what_cannot_be_meant_is_said_beside_its_field_and_stays_typed(
    town: Town, typed: dict[str, str], field: str
) -> None:
    visitor = await at_the_console(town)
    answer = await visitor.press(NEW, NEW, **{"/name": "x", **DAYS, **OFF, **typed})
    assert answer.status in {400, 422}, answer.text
    drawn = re.search(rf'<(?:input|select) id="{field}"[^>]*>', answer.text)
    assert drawn is not None
    assert 'aria-invalid="true"' in drawn[0], answer.text
    assert values_of(answer.text).items() >= typed.items()
