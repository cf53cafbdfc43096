"""Times on the wire: RFC 3339 with their offset, in the centuries this business knows."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

# Narrower than what msgspec reads (it takes a space for the T), so that schema and reader agree; and bounded,
# for at the ends of the calendar a change of offset leaves it.
TIME_PATTERN: Final = (
    "^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9]([.][0-9]{1,9})?"
    "([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)

Time = Annotated[
    datetime,
    Meta(
        tz=True,
        description="RFC 3339, with its offset",
        examples=["2026-01-05T01:30:00Z"],
        extra_json_schema={"pattern": TIME_PATTERN},
    ),
]
"""For every time in a request; answers may use it too."""
