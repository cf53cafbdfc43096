"""Exact search over sealed fields by keyed hashes, and the one way to see them in clear, which leaves its mark."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.onboarding import search_sql as sql
from merchants.onboarding.particulars import Particulars
from merchants.sealing import Sealing

Field = Literal["document_number", "account_number", "phone", "email"]
SECTIONS: Final = ("legal_representative", "owners", "contact", "settlement")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Whose it is: an application or a merchant."""

    subject_id: str


def hashes_of(sealing: Sealing, particulars: Particulars) -> list[tuple[Field, bytes]]:
    """What to find these particulars by, under the newest master key."""
    return [(field, sealing.index(plain(text), purpose=field)) for field, text in _texts(particulars)]


async def index(
    conn: PoolConnectionProxy, sealing: Sealing, *, subject_id: str, particulars: Particulars
) -> None:
    """Let a subject be found by what it declares now, and by nothing it declared before."""
    await sql.replace(conn, subject_id=subject_id, hashes=hashes_of(sealing, particulars))


async def index_again(
    conn: PoolConnectionProxy, sealing: Sealing, *, subject_id: str, particulars: Particulars
) -> None:
    """Under the newest master key, if the subject is to be found at all."""
    if await sql.is_indexed(conn, subject_id=subject_id):
        await index(conn, sealing, subject_id=subject_id, particulars=particulars)


async def index_many(
    conn: PoolConnectionProxy, sealing: Sealing, subjects: Sequence[tuple[str, Particulars]]
) -> None:
    """The same for new subjects, in one round trip."""
    rows = [
        (field, hash_, subject_id)
        for subject_id, particulars in subjects
        for field, hash_ in hashes_of(sealing, particulars)
    ]
    await sql.insert_many(conn, rows)


async def find(
    conn: PoolConnectionProxy, sealing: Sealing, *, field: Field, text: str, actor: str, limit: int
) -> list[Found]:
    """Applications and merchants with exactly this value, newest first; that somebody looked is on the trail."""
    hashes = sealing.indexes(plain(text), purpose=field)
    found = await sql.find(conn, field=field, hashes=hashes, limit=limit)
    await audit.record(
        conn,
        actor=actor,
        deed="search.made",
        object_id=actor,
        partner_id=None,
        # What was looked for is personal; its hash tells two searches for the same apart from two for others.
        facts={"field": field, "hash": hashes[0].hex()[:16], "found": len(found)},
    )
    return [Found(subject_id=one) for one in found]


async def record_unmasking(
    conn: PoolConnectionProxy,
    *,
    subject_id: str,
    partner_id: str | None,
    sections: Iterable[str],
    actor: str,
    reason: str,
) -> None:
    """Who saw what in clear, and why; commits before anything is shown."""
    await audit.record(
        conn,
        actor=actor,
        deed="particulars.unmasked",
        object_id=subject_id,
        partner_id=partner_id,
        reason=reason,
        facts={"sections": ",".join(sorted(sections))},
    )


def plain(text: str) -> str:
    """As it is compared: without blanks and dashes, in small letters."""
    return "".join(one for one in text.casefold() if not one.isspace() and one != "-")


def _texts(particulars: Particulars) -> list[tuple[Field, str]]:
    people = [one for one in (particulars.legal_representative, *particulars.owners) if one is not None]
    found: list[tuple[Field, str]] = [("document_number", one.document_number) for one in people]
    if particulars.settlement is not None:
        found.append(("account_number", particulars.settlement.account_number))
    if particulars.contact is not None:
        found += [("phone", particulars.contact.phone), ("email", particulars.contact.email)]
    return found
