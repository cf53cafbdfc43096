"""What two people let pass holds for what they looked at, and for nothing that was put in its place."""

from datetime import timedelta

import asyncpg
import msgspec
import pytest

from merchants.ids import new_id
from merchants.merchant import Kind
from merchants.onboarding import applying, bulk, bulk_admission, bulk_reading, changes, review
from merchants.onboarding.application import Application
from merchants.onboarding.bulk_reading import Rules
from merchants.onboarding.errors import ApplicationFaulty
from merchants.onboarding.particulars import Particulars
from tests.onboarded import (
    APPROVER,
    REVIEWER,
    SEALING,
    TODAY,
    a_company,
    an_active_merchant,
    approved,
    with_documents,
)


def with_a_wrong_digit(code: str) -> str:
    return code[:-1] + ("0" if code[-1] != "0" else "1")


def an_odd_company() -> Particulars:
    company = a_company()
    assert company.licence is not None
    odd = msgspec.structs.replace(
        company.licence, credit_code=with_a_wrong_digit(company.licence.credit_code)
    )
    return msgspec.structs.replace(company, licence=odd)


async def let_pass(conn: asyncpg.pool.PoolConnectionProxy, particulars: Particulars) -> Application:
    draft = await applying.open_draft(
        conn,
        SEALING,
        application_id=new_id("app", 0),
        applicant_id=new_id("cli", 0),
        kind=Kind.SUPERMARKET,
        particulars=particulars,
        actor="cli_applicant",
    )
    await with_documents(conn, draft)
    return await review.override_credit_code(
        conn, SEALING, application_id=draft.id, operator_id="cli_seer", reason="an old certificate"
    )


async def submit(conn: asyncpg.pool.PoolConnectionProxy, draft: Application) -> Application:
    return await applying.submit(
        conn,
        SEALING,
        application_id=draft.id,
        applicant_id=draft.applicant_id,
        actor="cli_applicant",
        today=TODAY,
    )


async def test_a_code_that_was_let_pass_lets_no_other_code_pass(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        seen = await let_pass(conn, an_odd_company())
        licence = an_odd_company().licence
        changed = await applying.change(
            conn,
            SEALING,
            application_id=seen.id,
            applicant_id=seen.applicant_id,
            changes={"licence": licence},
            actor="cli_applicant",
        )
        assert changed.override_by is None
        with pytest.raises(ApplicationFaulty):
            await submit(conn, seen)


async def test_who_was_let_in_with_an_odd_code_may_change_what_is_on_record(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        draft = await let_pass(conn, an_odd_company())
        # Another section may change meanwhile: the code is the one that was seen.
        await applying.change(
            conn,
            SEALING,
            application_id=draft.id,
            applicant_id=draft.applicant_id,
            changes={"city": "Shenzhen"},
            actor="cli_applicant",
        )
        made = (await approved(conn, await submit(conn, draft))).merchant
        assert made is not None
        change_id = new_id("chg", made.partner_no)
        asked = await changes.ask(
            conn,
            SEALING,
            change_id=change_id,
            partner_id=made.id,
            merchant_id=made.id,
            sections={"city": "Guangzhou"},
            actor="cli_partner",
            today=TODAY,
        )
        await changes.take(conn, SEALING, change_id=asked.id, operator_id=REVIEWER)
        with pytest.raises(ApplicationFaulty):
            await changes.approve(
                conn,
                SEALING,
                change_id=asked.id,
                operator_id=APPROVER,
                reason="",
                today=TODAY + timedelta(days=36_500),
            )


async def test_what_the_bank_asked_about_is_not_admitted_with_its_file(pool: asyncpg.Pool) -> None:
    lines = [(number, msgspec.to_builtins(a_company(), builtin_types=())) for number in (2, 3)]
    rules = Rules(read=lambda document: msgspec.convert(document, Particulars), faults=lambda _: [])
    async with pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
        file = await bulk.receive(
            conn,
            SEALING,
            bulk_id=new_id("blk", mall.partner_no),
            partner=mall,
            format_="jsonl",
            lines=lines,
            actor="cli_partner",
        )
        while reading := await bulk.claimed(conn, bulk.State.READING):
            await bulk_reading.read_piece(conn, reading, SEALING, rules, today=TODAY)
        tried, kept = [
            one.application_id for one in await bulk.lines_of(conn, file, faulty_only=False, after=0, limit=9)
        ]
        assert tried
        await review.take(conn, SEALING, application_id=tried, operator_id=REVIEWER)
        await review.ask(conn, SEALING, application_id=tried, operator_id=REVIEWER, reason="whose account?")
        account = replace_account(a_company())
        await applying.change(
            conn,
            SEALING,
            application_id=tried,
            applicant_id=mall.id,
            changes={"settlement": account.settlement},
            actor="cli_partner",
        )
        await applying.submit(
            conn, SEALING, application_id=tried, applicant_id=mall.id, actor="cli_partner", today=TODAY
        )
        terms = review.STANDARD_TERMS
        await bulk.take(conn, bulk_id=file.id, operator_id=REVIEWER, terms=terms)
        await bulk.approve(conn, bulk_id=file.id, operator_id=APPROVER, terms=terms, reason="")
        while admitting := await bulk.claimed(conn, bulk.State.ADMITTING):
            await bulk_admission.admit_piece(conn, admitting, SEALING)
        rows = await conn.fetch("SELECT id, status FROM merchants.applications WHERE bulk_id = $1", file.id)
    stand = {row["id"]: row["status"] for row in rows}
    assert stand == {tried: "submitted", kept: "active"}


def replace_account(company: Particulars) -> Particulars:
    assert company.settlement is not None
    other = msgspec.structs.replace(company.settlement, account_number="7559012345670099")
    return msgspec.structs.replace(company, settlement=other)
