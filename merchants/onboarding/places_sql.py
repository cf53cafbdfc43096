"""The statements on fees and limits of stores and terminals, which the bank settles."""

from dataclasses import dataclass

from asyncpg.pool import PoolConnectionProxy

from merchants.onboarding.application import PlaceTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose store or terminal it is, and what it has of its own."""

    partner_id: str
    merchant_id: str
    terms: PlaceTerms


async def find(conn: PoolConnectionProxy, *, place_id: str) -> Place | None:
    """Anybody's, for the bank's people."""
    row = await conn.fetchrow(
        f"""SELECT partner_id, merchant_id, fee_basis_points, payment_limit_minor FROM merchants.{_table(place_id)}
             WHERE id = $1""",  # noqa: S608 - one of two
        place_id,
    )
    if row is None:
        return None
    terms = PlaceTerms(
        fee_basis_points=row["fee_basis_points"], payment_limit_minor=row["payment_limit_minor"]
    )
    return Place(partner_id=row["partner_id"], merchant_id=row["merchant_id"], terms=terms)


async def change_terms(
    conn: PoolConnectionProxy, *, partner_id: str, place_id: str, terms: PlaceTerms
) -> None:
    await conn.execute(
        f"""UPDATE merchants.{_table(place_id)} SET fee_basis_points = $3, payment_limit_minor = $4
             WHERE partner_id = $1 AND id = $2""",  # noqa: S608 - one of two
        partner_id,
        place_id,
        terms.fee_basis_points,
        terms.payment_limit_minor,
    )


def _table(place_id: str) -> str:
    return "stores" if place_id.startswith("sto_") else "terminals"
