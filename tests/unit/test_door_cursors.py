"""No list takes for a place in it what is none: whoever made it up would think to have seen everything."""

import pytest

from gateway.api.table import OPERATIONS
from gateway.door.errors import RequestInvalid
from gateway.door.operation import Operation
from gateway.door.parameters import Parameters

# The feed of events has places that only it can judge; `webhooks.feed.Cursor.parse` does.
_FEEDS = {"/v1/events", "/v1/events/signed"}
_LISTS = [
    one
    for one in OPERATIONS
    if "cursor" in getattr(one.query, "__struct_fields__", ()) and one.path not in _FEEDS
]


@pytest.mark.parametrize("listing", _LISTS, ids=lambda one: f"{one.method} {one.path}")
@pytest.mark.parametrize("odd", ["", "zzz", "1.2", "-1", "1e3", "evt_1", "9" * 30, "abc_" + "0" * 32 + "0"])
def test_every_list_refuses_a_cursor_of_somebodys_own_making(listing: Operation, odd: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        Parameters(listing.query, prefix="#query/").read(f"limit=0&cursor={odd}&merchant_id=")
    said = {one.pointer: one.detail for one in refused.value.faults}
    assert said["#query/cursor"] == "has to be `next` of this list's page before, or be left out"
    assert said["#query/limit"] == "has to be at least 1"
    assert not [one for one in said.values() if one.lower().startswith("expected")], "a library's words"
