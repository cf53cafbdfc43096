"""A crowd looks at checkout pages while payments flow; `tests/prove` has 1,000 of them on two replicas."""

from tests.prove import pages
from tests.town import Town


async def test_eighty_pages_are_each_told_of_their_own_end(crowded_town: Town) -> None:
    told = await pages.run(crowded_town, pages=80, a_second=50, replicas=[])
    assert told.wrong == []
    assert told.phases == {"paid": 64, "declined": 16}
    # A notice reaches a page in milliseconds; without one it would look again after nine seconds at the earliest. On a
    # machine with much else to do some may take as long; that half of them do, no machine is slow enough for.
    assert told.lags_s[40] < 9.0
