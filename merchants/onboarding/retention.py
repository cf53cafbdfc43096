"""What is personal is erased once nobody needs it: a time for each class of data, a bounded piece at a time.

The row stays, blinded: that there was an application, how it ended and who decided remains on record and on the trail.
"""

from typing import Final

from asyncpg.pool import PoolConnectionProxy

from merchants.onboarding import retention_sql as sql
from merchants.onboarding.particulars import Particulars
from merchants.sealing import Sealing

# The table of retention: days after the end of what the data was for.
# Never submitted, withdrawn or turned down: nobody was taken in, so nothing is kept beyond disputes about it.
DAYS_AFTER_NO_ADMISSION: Final = 180
# Taken in: the merchant's own record has it all from then on; the application is kept for the bank's reviewers.
DAYS_AFTER_ADMISSION: Final = 365
# What is on record of a merchant, and its agreement: ten years after closing (Anti-Money Laundering Law, 2025).
DAYS_AFTER_CLOSING: Final = 3653
# Change requests and account verifications, once decided.
DAYS_AFTER_DECISION: Final = 365


async def run_once(conn: PoolConnectionProxy, sealing: Sealing, *, limit: int) -> int:
    """Erase what is due, in the caller's transaction, with a row on the trail for each; returns how many."""
    erased = 0
    for application_id in await sql.applications_due(
        conn, refused_days=DAYS_AFTER_NO_ADMISSION, admitted_days=DAYS_AFTER_ADMISSION, limit=limit
    ):
        blind = Particulars().sealed(sealing, owner=application_id)
        await sql.blind_application(conn, application_id=application_id, particulars=blind)
        erased += 1
    erased += await sql.erase_verifications(conn, days=DAYS_AFTER_DECISION, limit=limit)
    erased += await sql.erase_changes(conn, days=DAYS_AFTER_DECISION, limit=limit)
    erased += await sql.erase_records(conn, days=DAYS_AFTER_CLOSING, limit=limit)
    return erased
