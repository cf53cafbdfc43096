"""Statements on transfers and their attempts. Lock order: a transfer's row before its owner's."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from gateway.transfers.transfer import (
    Attempt,
    Connection,
    Final,
    Instruction,
    Phase,
    Purpose,
    Settled,
    transfer_id,
)
from gateway.wallet.core import (
    Answer,
    Approved,
    ConfirmationRequired,
    Declined,
    NotFound,
    NotSent,
    Pending,
    Reversed,
    Tombstoned,
    Transfer,
    Unknown,
)

_decode = msgspec.json.Decoder(Transfer).decode
_encode = msgspec.json.Encoder().encode

INSERT = """
    INSERT INTO gateway.transfers
           (owner_id, n, partner_id, purpose, state, instruction, due_at, give_up_at)
    VALUES ($1, $2, $3, $4, 'open', $5, LEAST(now() + $6 * interval '1 s', $7::timestamptz), $7)
"""


# The same as part of the statement that stores the owner, whose rows `owner` names: those with the core from the start.
INSERT_FIRST = """
    INSERT INTO gateway.transfers
           (owner_id, n, partner_id, purpose, state, instruction, due_at, give_up_at)
    SELECT owner.id, 1, owner.partner_id, 'payment', 'open', {instruction}::jsonb,
           LEAST(now() + {look_after_s}::float8 * interval '1 s', give_up.at), give_up.at
      FROM {owner} AS owner,
           LATERAL (SELECT owner.created_at + {give_up_after_s}::int * interval '1 s' AS at) AS give_up
     WHERE owner.state = 'processing'
"""


async def insert(conn: Connection, transfer: Transfer, *, partner_id: str, owner_id: str, n: int, purpose: Purpose,
                 look_after_s: float, give_up_at: datetime | None = None) -> Instruction:  # fmt: skip
    """Store an instruction before it is sent; the caller sends it, the resolver looks after `look_after_s`.

    At `give_up_at` the resolver looks in any case, and undoes what is not decided by then.
    """
    await conn.execute(INSERT, owner_id, n, partner_id, purpose, encoded(transfer), look_after_s, give_up_at)
    return fresh(transfer, partner_id=partner_id, owner_id=owner_id, n=n, purpose=purpose)


def fresh(transfer: Transfer, *, partner_id: str, owner_id: str, n: int, purpose: Purpose) -> Instruction:
    """The instruction as it is right after it was stored."""
    return Instruction(
        partner_id=partner_id, owner_id=owner_id, n=n, purpose=purpose, phase="open", transfer=transfer,
        age_s=0.0, fence=0,
    )  # fmt: skip


def encoded(transfer: Transfer) -> str:
    return _encode(transfer).decode()


# A row with what PostgreSQL's clock says of it.
_AS_OF_NOW = """t.*, extract(epoch FROM now() - t.created_at)::float8 AS age_s,
    COALESCE(t.give_up_at <= now(), false) AS given_up"""


async def claim_due(
    conn: Connection, *, lease_s: float, limit: int, without_issuers: Sequence[str] = ()
) -> list[Instruction]:
    """Lease what is due and nobody holds, oldest first; the fence tells this lease from every earlier one."""
    rows = await conn.fetch(
        f"""
        WITH due AS (
            SELECT owner_id, n FROM gateway.transfers
             WHERE state <> 'final' AND due_at <= now() AND leased_until <= now()
               AND instruction ->> 'issuer' <> ALL ($3::text[])
             ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        UPDATE gateway.transfers t SET leased_until = now() + $1 * interval '1 s', fence = fence + 1
          FROM due WHERE t.owner_id = due.owner_id AND t.n = due.n
        RETURNING {_AS_OF_NOW}
        """,  # noqa: S608 - fixed list
        lease_s,
        limit,
        without_issuers,
    )
    return [_instruction(row) for row in rows]


async def begin_undoing(conn: Connection, *, owner_id: str, n: int, fence: int | None = None) -> bool:
    """From here on only the answer to a reversal decides; false if the transfer is decided or being undone."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.transfers SET state = 'undoing', due_at = now()
         WHERE owner_id = $1 AND n = $2 AND state = 'open' AND ($3::bigint IS NULL OR fence = $3) RETURNING n
        """,
        owner_id,
        n,
        fence,
    )
    return row is not None


async def hold_latest(conn: Connection, *, owner_id: str) -> int:
    """The number of an owner's latest transfer, held until the transaction ends: first, before its owner."""
    n: int = await conn.fetchval(
        "SELECT n FROM gateway.transfers WHERE owner_id = $1 ORDER BY n DESC LIMIT 1 FOR UPDATE", owner_id
    )
    return n


async def reopen_to_undo(
    conn: Connection, *, owner_id: str, n: int, look_after_s: float
) -> Instruction | None:
    """Undo a transfer, decided or not; None when it is being undone already, or is no longer the latest."""
    row = await conn.fetchrow(
        f"""
        UPDATE gateway.transfers t
           SET state = 'undoing', outcome = NULL, final_at = NULL, fence = fence + 1,
               due_at = now() + $2 * interval '1 s', leased_until = now()
         WHERE owner_id = $1 AND n = $3 AND state <> 'undoing'
           AND n = (SELECT max(n) FROM gateway.transfers WHERE owner_id = $1)
        RETURNING {_AS_OF_NOW}
        """,  # noqa: S608 - fixed list
        owner_id,
        look_after_s,
        n,
    )
    return _instruction(row) if row else None


async def next_n(conn: Connection, *, owner_id: str) -> int:
    """The number after the owner's latest transfer; the caller holds the owner's row."""
    latest: int | None = await conn.fetchval(
        "SELECT max(n) FROM gateway.transfers WHERE owner_id = $1", owner_id
    )
    return (latest or 0) + 1


async def is_under_way(conn: Connection, *, owner_id: str) -> bool:
    """Whether an owner's transfer is not decided yet; the caller holds the owner's row."""
    under_way: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM gateway.transfers WHERE owner_id = $1 AND state <> 'final')", owner_id
    )
    return under_way


async def decided_n(conn: Connection, *, owner_id: str) -> int | None:
    """The number of the owner's latest transfer, held; None while that is not decided.

    Who goes on from a decided transfer holds it first, as everybody holds a transfer before its owner.
    """
    row = await conn.fetchrow(
        "SELECT n, state FROM gateway.transfers WHERE owner_id = $1 ORDER BY n DESC LIMIT 1 FOR UPDATE",
        owner_id,
    )
    return row["n"] if row and row["state"] == "final" else None


async def approved_id(conn: Connection, *, owner_id: str, purposes: Sequence[Purpose]) -> str:
    """The id of the owner's latest transfer of these purposes that moved money, or set it aside."""
    n: int = await conn.fetchval(
        """
        SELECT max(n) FROM gateway.transfers
         WHERE owner_id = $1 AND outcome = 'approved' AND purpose = ANY($2::text[])
        """,
        owner_id, purposes,
    )  # fmt: skip
    return transfer_id(owner_id, n)


async def finish(
    conn: Connection, instruction: Instruction, answer: Final, attempts: Sequence[Attempt]
) -> bool:
    """Write the final answer and how it came about; false when another answer decided before."""
    deeds, outcomes, details, tooks = _columns(attempts)
    row = await conn.fetchrow(
        """
        WITH noted AS (
            INSERT INTO gateway.transfer_attempts (owner_id, n, deed, outcome, detail, took_ms)
            SELECT $1, $2, * FROM unnest($7::text[], $8::text[], $9::text[], $10::int[]))
        UPDATE gateway.transfers
           SET state = 'final', outcome = $4, reason = $5, core_reference = $6, final_at = now()
         WHERE owner_id = $1 AND n = $2 AND state = $3 RETURNING n
        """,
        instruction.owner_id, instruction.n, instruction.phase,
        outcome_of(answer), reason_of(answer), reference_of(answer),
        deeds, outcomes, details, tooks,
    )  # fmt: skip
    return row is not None


async def finish_all(conn: Connection, several: Sequence[Settled]) -> list[tuple[str, str]]:
    """The same for many; partner and owner of each whose answer this is, without those decided before."""
    made = [(one.instruction, attempt) for one in several for attempt in one.attempts]
    rows = await conn.fetch(
        """
        WITH noted AS (
            INSERT INTO gateway.transfer_attempts (owner_id, n, deed, outcome, detail, took_ms)
            SELECT * FROM unnest($7::text[], $8::int[], $9::text[], $10::text[], $11::text[], $12::int[]))
        UPDATE gateway.transfers t
           SET state = 'final', outcome = told.outcome, reason = told.reason, core_reference = told.reference,
               final_at = now()
          FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[])
               AS told (owner_id, n, phase, outcome, reason, reference)
         WHERE t.owner_id = told.owner_id AND t.n = told.n AND t.state = told.phase
        RETURNING t.partner_id, t.owner_id
        """,
        [one.instruction.owner_id for one in several],
        [one.instruction.n for one in several],
        [one.instruction.phase for one in several],
        [outcome_of(one.answer) for one in several],
        [reason_of(one.answer) for one in several],
        [reference_of(one.answer) for one in several],
        [instruction.owner_id for instruction, _ in made],
        [instruction.n for instruction, _ in made],
        *_columns([attempt for _, attempt in made]),
    )
    return [(row["partner_id"], row["owner_id"]) for row in rows]


async def note(conn: Connection | asyncpg.Pool, instruction: Instruction, attempts: Sequence[Attempt], *,
               look_again_s: float) -> None:  # fmt: skip
    """Record calls that decided nothing and say when to look again; an older lease changes nothing."""
    deeds, outcomes, details, tooks = _columns(attempts)
    await conn.execute(
        """
        WITH noted AS (
            INSERT INTO gateway.transfer_attempts (owner_id, n, deed, outcome, detail, took_ms)
            SELECT $1, $2, * FROM unnest($5::text[], $6::text[], $7::text[], $8::int[]))
        UPDATE gateway.transfers
           SET leased_until = now(),
               due_at = LEAST(now() + $4 * interval '1 s', CASE WHEN give_up_at > now() THEN give_up_at END)
         WHERE owner_id = $1 AND n = $2 AND fence = $3 AND state <> 'final'
        """,
        instruction.owner_id, instruction.n, instruction.fence, look_again_s,
        deeds, outcomes, details, tooks,
    )  # fmt: skip


async def hand_back(pool: asyncpg.Pool, instructions: Sequence[Instruction]) -> None:
    """Give leases up at once when the process stops, so that another need not wait them out."""
    await pool.execute(
        """
        UPDATE gateway.transfers t SET leased_until = now(), due_at = now()
          FROM unnest($1::text[], $2::int[], $3::bigint[]) AS held (owner_id, n, fence)
         WHERE t.owner_id = held.owner_id AND t.n = held.n AND t.fence = held.fence AND t.state <> 'final'
        """,
        [one.owner_id for one in instructions],
        [one.n for one in instructions],
        [one.fence for one in instructions],
    )


def outcome_of(outcome: Answer | NotFound | Unknown | NotSent) -> str:
    """The word a row keeps of an outcome: its class in lower case."""
    return _WORDS[type(outcome)]


_WORDS: dict[type, str] = {
    Approved: "approved",
    Declined: "declined",
    ConfirmationRequired: "confirmation_required",
    Pending: "pending",
    Reversed: "reversed",
    Tombstoned: "tombstoned",
    NotFound: "not_found",
    Unknown: "unknown",
    NotSent: "not_sent",
}


def reason_of(answer: Final) -> str | None:
    return answer.reason if isinstance(answer, Declined | ConfirmationRequired) else None


def reference_of(answer: Final) -> str | None:
    return answer.core_reference if isinstance(answer, Approved) else None


Columns = tuple[list[str], list[str], list[str | None], list[int]]


def _columns(attempts: Sequence[Attempt]) -> Columns:
    return (
        [one.deed for one in attempts],
        [outcome_of(one.outcome) for one in attempts],
        [_detail(one.outcome) for one in attempts],
        [one.took_ms for one in attempts],
    )


def _detail(outcome: Answer | NotFound | Unknown | NotSent) -> str | None:
    match outcome:
        case Unknown(why) | NotSent(why):
            return why[:500]
        case Declined(reason) | ConfirmationRequired(reason):
            return reason
        case _:
            return None


def _instruction(row: asyncpg.Record) -> Instruction:
    phase: Phase = "undoing" if row["state"] == "undoing" else "open"
    purpose: Purpose = row["purpose"]
    return Instruction(
        partner_id=row["partner_id"], owner_id=row["owner_id"], n=row["n"], purpose=purpose, phase=phase,
        transfer=_decode(row["instruction"]), age_s=row["age_s"], fence=row["fence"], given_up=row["given_up"],
    )  # fmt: skip
