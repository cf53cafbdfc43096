"""No list takes for a place in it what is none: whoever made it up would think to have seen everything."""

import pytest

from gateway.api.table import OPERATIONS
from gateway.door.errors import RequestInvalid
from gateway.door.operation import Operation
from gateway.door.parameters import Parameters
from gateway.wire.payments import TerminalQuery

_LISTS = [one for one in OPERATIONS if "cursor" in getattr(one.query, "__struct_fields__", ())]


@pytest.mark.parametrize("listing", _LISTS, ids=lambda one: f"{one.method} {one.path}")
@pytest.mark.parametrize(
    "odd", ["", "zzz", "1.2", "-1", "1e3", "evt_1", "12.zzz", "9" * 30, "abc_" + "0" * 32 + "0"]
)
def test_every_list_refuses_a_cursor_of_somebodys_own_making(listing: Operation, odd: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        Parameters(listing.query, prefix="#query/").read(f"limit=0&cursor={odd}&merchant_id=")
    said = {one.pointer: one.detail for one in refused.value.faults}
    assert said["#query/cursor"] == "has to be `next` of this list's page before, or be left out"
    if "limit" in listing.query.__struct_fields__:
        assert said["#query/limit"] == "has to be at least 1"
    assert not [one for one in said.values() if one.lower().startswith("expected")], "a library's words"


def test_a_till_goes_on_only_from_where_its_list_can_be() -> None:
    read = Parameters(TerminalQuery, prefix="#query/").read
    assert read("after=7").after == 7
    with pytest.raises(RequestInvalid):
        read("after=9223372036854775808")
