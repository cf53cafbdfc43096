"""Looks at codes that nobody issued: did a phone without network make them? Each in a transaction of its own.

What is wrong is counted in the very transaction that looked, under the locks of all against whom it counts, so that
of any number of guesses at once no more are looked at than one after the other; and the payment that is refused for
it rolls nothing of it back. What is right is counted against nobody.
"""

from typing import Final

from asyncpg.pool import PoolConnectionProxy

from qr import credentials
from qr import looks_sql as sql
from qr.credentials import Look
from qr.errors import CodeUnknown, TooManyWrongCodes
from qr.payment_code import PaymentCodeScheme

WRONG_CODES_OF_TERMINAL: Final = 20
WRONG_CODES_OF_MERCHANT: Final = 200
_WINDOW_S: Final = 600.0
"""Scanners misread less often than this; a guesser gets 120 tries an hour at 10^16 codes."""


class LookWanted(Exception):
    """Nobody issued this code, and nothing was looked at: `take` a look, and redeem it again in another transaction."""


def guessers(merchant_id: str, terminal_id: str | None) -> tuple[list[str], list[int]]:
    """Against whom wrong codes are held, and how many each may send."""
    if terminal_id is None:
        return [merchant_id], [WRONG_CODES_OF_MERCHANT]
    return [merchant_id, terminal_id], [WRONG_CODES_OF_MERCHANT, WRONG_CODES_OF_TERMINAL]


async def take(
    conn: PoolConnectionProxy,
    *,
    scheme: PaymentCodeScheme,
    code: str,
    merchant_id: str,
    terminal_id: str | None,
) -> Look:
    """Whose code it is, outside of any transaction.

    Raises:
        CodeMalformed, CodeForeign: it cannot be one of ours.
        CodeUnknown: no phone made it; it is counted against terminal, merchant, and the phone it names.
        CodeNeedsNetwork: that phone has had its wrong codes.
        TooManyWrongCodes: this terminal or merchant must wait.
    """
    digits = scheme.read(code)
    subjects, limits = guessers(merchant_id, terminal_id)
    async with conn.transaction():
        await sql.lock(conn, subjects=subjects)
        wait_s = await sql.retry_after_s(conn, subjects=subjects, limits=limits)
        if wait_s is not None:
            raise TooManyWrongCodes(wait_s)
        look = await credentials.look(conn, scheme=scheme, code=digits)
        if look is None:
            await sql.count_wrong_code(conn, subjects=subjects, window_s=_WINDOW_S)
    if look is None:
        raise CodeUnknown
    return look
