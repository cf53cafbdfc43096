"""A crowd looks at checkout pages while payments flow; `tests/prove` has 1,000 of them on two replicas."""

from tests.prove import pages
from tests.town import Town


async def test_eighty_pages_are_each_told_of_their_own_end(crowded_town: Town) -> None:
    told = await pages.run(crowded_town, pages=80, a_second=50, replicas=[])
    assert told.wrong == []
    assert told.phases == {"paid": 64, "declined": 16}
    # A notice reaches a page in milliseconds; without one it would look again after fifteen seconds only.
    assert told.lags_s[-1] < 5.0
