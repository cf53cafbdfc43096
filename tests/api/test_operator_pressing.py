"""The operators' console without a browser: a deed that was refused is the same deed still; plots wait in one row."""

import asyncio
import re
from dataclasses import dataclass

from tests.hired import an_operator
from tests.town import Town
from tests.visitors import Visitor

ROLES = frozenset({"reviewer", "approver", "risk", "auditor"})


@dataclass(slots=True, kw_only=True)
class Operator(Visitor):
    """One of the bank's people."""

    @property
    def origin(self) -> str:
        return self.town.operators


async def signed_in(town: Town) -> Operator:
    one = Operator(town=town, client_id="")
    async with town.pool.acquire() as conn, conn.transaction():
        one.client_id = (await an_operator(conn, ROLES, one.own_key.public_jwk)).client_id
    audience = town.replica.parts.tokens.issuer + "/console/operators"
    assert (await one.sign_in(audience=audience)).status == 303
    return one


async def test_a_deed_that_was_refused_keeps_its_key_so_that_pressing_again_is_one_deed(town: Town) -> None:
    one = await signed_in(town)
    page = (await one.get("/console/people")).text
    csrf = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
    refused = await one.send(
        "/console/people/operators", {"csrf": csrf, "key": "the-first", "name": "", "jwk": "{}"}
    )
    assert 400 <= refused.status < 500
    keys = re.findall(
        r'action="([^"]+)"[^<]*<input[^<]*<input type="hidden" name="key" value="([^"]+)"', refused.text
    )
    assert [action for action, key in keys if key == "the-first"] == ["/console/people/operators"]
    assert len({key for _, key in keys}) == len(keys) > 1
    again = (await one.get("/console/people")).text
    assert "the-first" not in again


async def test_plots_are_drawn_one_by_one_whatever_zone_is_asked_for(town: Town) -> None:
    one = await signed_in(town)
    zones = ("Europe/London", "../../etc/passwd", "", "Asia/Tokyo")
    plots = [f"/console/monitoring/plots/payments.svg?zone={zone}" for zone in zones]
    answers = await asyncio.gather(*(one.get(path) for path in plots))
    assert [one.status for one in answers] == [200] * len(zones)
    assert all("<svg" in one.text for one in answers)
    assert answers[1].text == answers[2].text
