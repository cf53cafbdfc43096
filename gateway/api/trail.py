"""The audit trail, for those who look after the others."""

from gateway.api import showing
from gateway.door.operation import Answer, Call, Listener, operation
from gateway.wire import trail as wire
from gateway.wire.page import Page
from merchants import audit


@operation(
    "GET",
    "/admin/v1/trail",
    summary="Search the audit trail",
    scope="operate",
    roles=("auditor",),
    listener=Listener.OPERATORS,
    answers={200: Page[wire.Deed]},
)
async def read_trail(call: Call[None, wire.TrailQuery]) -> Answer:
    """What was done, newest first: to an object, by somebody, of one kind, in a time; rows are only ever added."""
    query = call.query
    async with call.parts.pool.acquire() as conn:
        before = None if query.cursor is None else int(query.cursor)
        found = await audit.search(
            conn,
            object_id=query.object_id,
            actor=query.actor,
            deed=query.deed,
            since=query.since,
            until=query.until,
            before_id=before,
            limit=query.limit + 1,
        )
    return Answer(200, showing.page(found, _shown, limit=query.limit))


def _shown(one: audit.Deed) -> wire.Deed:
    return wire.Deed(
        id=one.id,
        at=one.at,
        actor=one.actor,
        deed=one.deed,
        object_id=one.object_id,
        partner_id=one.partner_id,
        reason=one.reason,
        facts=dict(one.facts),
    )
