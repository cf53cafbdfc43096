"""Who is behind an operator's id, for people who look at each other's work."""

from collections.abc import Mapping

from gateway.pages.operator.office import Here
from merchants.access import operators


async def named(here: Here, *client_ids: str | None) -> Mapping[str, str]:
    """Names by id, of those who are operators."""
    wanted = sorted({one for one in client_ids if one})
    if not wanted:
        return {}
    async with here.site.parts.pool.acquire() as conn:
        return await operators.names_of(conn, wanted)
