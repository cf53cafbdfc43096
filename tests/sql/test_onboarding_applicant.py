import asyncio

import asyncpg
import pytest

from merchants.ids import BANK, new_id, partner_no_of
from merchants.lifecycle import Status
from merchants.merchant import Kind
from merchants.onboarding import application as applications
from merchants.onboarding import applying, review
from merchants.onboarding.application import Application
from merchants.onboarding.errors import (
    ApplicationCannotMove,
    ApplicationFaulty,
    ApplicationNotFound,
    DuplicateApplication,
    KindHasNoSubMerchants,
)
from merchants.onboarding.particulars import Particulars
from tests.onboarded import (
    REVIEWER,
    SEALING,
    TODAY,
    a_company,
    an_active_merchant,
    submitted,
    with_documents,
)


async def a_draft(pool: asyncpg.Pool, particulars: Particulars | None = None) -> Application:
    async with pool.acquire() as conn, conn.transaction():
        draft = await applying.open_draft(
            conn,
            SEALING,
            application_id=new_id("app", BANK),
            applicant_id="cli_1",
            kind=Kind.SUPERMARKET,
            particulars=particulars or Particulars(),
            actor="cli_1",
        )
        await with_documents(conn, draft)
        return draft


async def submit(pool: asyncpg.Pool, draft: Application, *, applicant_id: str = "cli_1") -> Application:
    async with pool.acquire() as conn, conn.transaction():
        return await applying.submit(
            conn, SEALING, application_id=draft.id, applicant_id=applicant_id, actor="cli_1", today=TODAY
        )


async def change(pool: asyncpg.Pool, draft: Application, **changes: object) -> Application:
    async with pool.acquire() as conn, conn.transaction():
        return await applying.change(
            conn, SEALING, application_id=draft.id, applicant_id="cli_1", changes=changes, actor="cli_1"
        )


async def deeds_on(pool: asyncpg.Pool, object_id: str) -> list[tuple[str, str, str]]:
    rows = await pool.fetch(
        """SELECT deed, actor, reason FROM merchants.audit
            WHERE object_id = $1 AND deed <> 'document.uploaded' ORDER BY id""",
        object_id,
    )
    return [tuple(row) for row in rows]


async def test_a_draft_is_resumed_section_by_section_until_it_can_be_submitted(pool: asyncpg.Pool) -> None:
    draft = await a_draft(pool)
    with pytest.raises(ApplicationFaulty) as refused:
        await submit(pool, draft)
    assert len(refused.value.faults) == 8
    company = a_company()
    for section in company.__struct_fields__:
        await change(pool, draft, **{section: getattr(company, section)})
    done = await submit(pool, draft)
    assert (done.status, done.version, done.particulars) == (Status.SUBMITTED, 2, company)
    assert done.submitted_at is not None


async def test_changing_one_section_leaves_the_others_alone(pool: asyncpg.Pool) -> None:
    draft = await a_draft(pool, a_company())
    changed = await change(pool, draft, mcc="5812", contact=None)
    assert changed.particulars == a_company(licence=draft.particulars.licence, mcc="5812", contact=None)


async def test_two_changes_at_once_both_count(pool: asyncpg.Pool) -> None:
    draft = await a_draft(pool)
    await asyncio.gather(change(pool, draft, mcc="5812"), change(pool, draft, city="Beijing"))
    async with pool.acquire() as conn:
        now = await applications.find(conn, SEALING, application_id=draft.id, applicant_id="cli_1")
    assert (now.particulars.mcc, now.particulars.city) == ("5812", "Beijing")


async def test_nothing_declared_lies_readable_in_the_table(pool: asyncpg.Pool) -> None:
    company = a_company()
    draft = await a_draft(pool, company)
    row = await pool.fetchrow("SELECT * FROM merchants.applications WHERE id = $1", draft.id)
    assert row is not None
    stored = b"|".join(value if isinstance(value, bytes) else str(value).encode() for value in row.values())
    assert company.settlement is not None
    assert company.contact is not None
    assert company.settlement.account_number.encode() not in stored
    assert company.contact.phone.encode() not in stored


async def test_what_was_submitted_is_changed_no_more(pool: asyncpg.Pool) -> None:
    draft = await a_draft(pool, a_company())
    await submit(pool, draft)
    with pytest.raises(ApplicationCannotMove):
        await change(pool, draft, mcc="5812")
    with pytest.raises(ApplicationCannotMove):
        await submit(pool, draft)


async def test_submitting_twice_at_once_submits_once(pool: asyncpg.Pool) -> None:
    draft = await a_draft(pool, a_company())
    results = await asyncio.gather(submit(pool, draft), submit(pool, draft), return_exceptions=True)
    assert {type(result) for result in results} == {Application, ApplicationCannotMove}
    assert [deed for deed, *_ in await deeds_on(pool, draft.id)] == [
        "application.draft",
        "application.submitted",
    ]


async def test_a_submission_is_withdrawn_for_good_with_its_reason_on_the_trail(pool: asyncpg.Pool) -> None:
    draft = await a_draft(pool, a_company())
    await submit(pool, draft)
    async with pool.acquire() as conn, conn.transaction():
        over = await applying.withdraw(
            conn, SEALING, application_id=draft.id, applicant_id="cli_1", actor="cli_1", reason="moved away"
        )
    assert over.status is Status.WITHDRAWN
    assert (await deeds_on(pool, draft.id))[-1] == ("application.withdrawn", "cli_1", "moved away")
    with pytest.raises(ApplicationCannotMove):
        await submit(pool, draft)


async def test_another_applicant_finds_nothing(pool: asyncpg.Pool) -> None:
    draft = await a_draft(pool, a_company())
    with pytest.raises(ApplicationNotFound):
        await submit(pool, draft, applicant_id="cli_2")
    async with pool.acquire() as conn:
        with pytest.raises(ApplicationNotFound):
            await applications.find(conn, SEALING, application_id=draft.id, applicant_id="cli_2")
        page = await applications.of_applicant(conn, SEALING, applicant_id="cli_2", before_id=None, limit=10)
    assert page == []


async def test_a_question_comes_back_answered_for_any_reviewer_to_take(pool: asyncpg.Pool) -> None:
    draft = await a_draft(pool, a_company())
    await submit(pool, draft)
    async with pool.acquire() as conn, conn.transaction():
        await review.take(conn, SEALING, application_id=draft.id, operator_id=REVIEWER)
        asked = await review.ask(
            conn, SEALING, application_id=draft.id, operator_id=REVIEWER, reason="Which store?"
        )
    assert (asked.status, asked.reason) == (Status.NEEDS_MORE_INFO, "Which store?")
    await change(pool, draft, city="Guangzhou")
    again = await submit(pool, draft)
    assert (again.status, again.reviewer_id, again.terms) == (Status.SUBMITTED, None, None)


async def test_the_applicant_is_told_by_an_event_in_the_same_transaction(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        application = await submitted(conn)
        inside = await conn.fetchval("SELECT type FROM webhooks.events WHERE object_id = $1", application.id)
        await transaction.rollback()
        after = await conn.fetchval(
            "SELECT count(*) FROM webhooks.events WHERE object_id = $1", application.id
        )
    assert (inside, after) == ("merchant.submitted", 0)


async def test_a_mall_applies_for_its_tenants_under_its_own_number(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
        tenant = await an_active_merchant(conn, partner=mall)
    assert (tenant.kind, tenant.partner_id, tenant.parent_id) == (Kind.TENANT, mall.id, mall.id)
    assert partner_no_of(tenant.id) == mall.partner_no == partner_no_of(mall.id)


async def test_a_supermarket_has_no_sub_merchants(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        shop = await an_active_merchant(conn)
        with pytest.raises(KindHasNoSubMerchants):
            await submitted(conn, partner=shop)


async def test_a_partner_applies_for_each_company_once_even_twice_at_once(pool: asyncpg.Pool) -> None:
    company = a_company()
    async with pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
        other_mall = await an_active_merchant(conn, kind=Kind.MALL)

    async def apply() -> Application:
        async with pool.acquire() as conn, conn.transaction():
            return await submitted(conn, partner=mall, particulars=company)

    results = await asyncio.gather(apply(), apply(), return_exceptions=True)
    assert {type(result) for result in results} == {Application, DuplicateApplication}
    async with pool.acquire() as conn, conn.transaction():
        elsewhere = await submitted(conn, partner=other_mall, particulars=company)
    assert elsewhere.status is Status.SUBMITTED


async def test_pages_walk_all_applications_newest_first(pool: asyncpg.Pool) -> None:
    drafts = [await a_draft(pool) for _ in range(3)]
    async with pool.acquire() as conn:
        first = await applications.of_applicant(conn, SEALING, applicant_id="cli_1", before_id=None, limit=2)
        rest = await applications.of_applicant(
            conn, SEALING, applicant_id="cli_1", before_id=first[-1].id, limit=2
        )
    assert {one.id for one in first + rest} == {draft.id for draft in drafts}
    assert [one.id for one in first + rest] == sorted((draft.id for draft in drafts), reverse=True)
