"""A partner with a store and a terminal, put straight into the tables: for tests that are not about onboarding."""

from dataclasses import dataclass

import asyncpg

from merchants.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    partner_id: str
    store_id: str
    terminal_id: str


async def open_place(pool: asyncpg.Pool, *, partner_no: int = 7) -> Place:
    """An active supermarket of this number, its store, its till as a place."""
    partner_id, store_id, terminal_id, application_id = (
        new_id(prefix, number)
        for prefix, number in (("mer", partner_no), ("sto", partner_no), ("trm", partner_no), ("app", 0))
    )
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(
            """INSERT INTO merchants.applications (id, applicant_id, kind, status, particulars, reviewer_id,
                                                   approver_id, merchant_id)
               VALUES ($1, $2, 'supermarket', 'active', '', 'one', 'another', $2)""",
            application_id,
            partner_id,
        )
        await conn.execute(
            """INSERT INTO merchants.merchants (partner_id, id, application_id, kind, status, merchant_number,
                   credit_code, licence_name, short_name, city, mcc, currency, fee_basis_points,
                   settlement_account, settlement_last_four)
               VALUES ($1, $1, $2, 'supermarket', 'active', lpad($3::text, 15, '1'), $3::text, '星河超市有限公司',
                       '星河超市', 'SHENZHEN', '5411', 'CNY', 38, '', '0001')""",
            partner_id,
            application_id,
            str(partner_no),
        )
        await conn.execute(
            """INSERT INTO merchants.stores (partner_id, id, merchant_id, name, area_code, address)
               VALUES ($1, $2, $1, '南山店', '440305', '科技路1号')""",
            partner_id,
            store_id,
        )
        await conn.execute(
            """INSERT INTO merchants.terminals (partner_id, id, merchant_id, store_id, label)
               VALUES ($1, $2, $1, $3, '1号收银台')""",
            partner_id,
            terminal_id,
            store_id,
        )
    return Place(partner_id=partner_id, store_id=store_id, terminal_id=terminal_id)
