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
# Taken in: the merchant's own record has it all from then on, and its papers stay with that.
DAYS_AFTER_ADMISSION: Final = 365
# What is on record of a merchant, its account, agreement and the papers it was taken in and changed by: ten years after
# closing (Anti-Money Laundering Law, 2025).
DAYS_AFTER_CLOSING: Final = 3653
# Change requests, account verifications and the lines of bulk files, once decided.
DAYS_AFTER_DECISION: Final = 365
# A file has 20,000 lines, which is enough for one transaction.
_FILES_AT_ONCE: Final = 1


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
    erased += await sql.erase_references(conn, days=DAYS_AFTER_DECISION, limit=_FILES_AT_ONCE)
    erased += await sql.erase_records(conn, days=DAYS_AFTER_CLOSING, limit=limit)
    return erased
