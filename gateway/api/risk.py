"""Which velocity rules fired: the only place that names them."""

from gateway.door.operation import Answer, Call, Listener, operation
from gateway.payments import velocity_sql as sql
from gateway.wire.page import Page
from gateway.wire.risk import VelocityHit, VelocityHitQuery


@operation(
    "GET",
    "/admin/v1/velocity-hits",
    summary="List velocity rules that fired",
    scope="operate",
    roles=("risk", "auditor"),
    listener=Listener.OPERATORS,
    answers={200: Page[VelocityHit]},
)
async def list_velocity_hits(call: Call[None, VelocityHitQuery]) -> Answer:
    """Newest first. Neither the payer nor the merchant of the payment is ever told which rule it was."""
    cursor, limit = call.query.cursor, call.query.limit
    before_no = None if cursor is None else int(cursor)
    rows = await sql.hits(
        call.parts.pool,
        rule=call.query.rule,
        action=call.query.action,
        subject=call.query.subject,
        before_no=before_no,
        limit=limit + 1,
    )
    items = [
        VelocityHit(
            payment_id=row["payment_id"], partner_id=row["partner_id"], rule=row["rule"], action=row["action"],
            subject=row["subject"], measured=row["measured"], limit=row["rule_limit"], window_s=row["window_s"],
            at=row["at"],
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return Answer(200, Page(items=items, next=str(rows[limit - 1]["no"]) if len(rows) > limit else None))
