import asyncio
from dataclasses import replace

import asyncpg
import msgspec
import pytest
from stdnum import luhn

from gateway.api.event_table import EVENTS
from merchants import merchant, standing
from merchants.errors import MerchantCannotMove, MerchantNotActive, MerchantNotFound
from merchants.lifecycle import Status
from merchants.merchant import Kind, Merchant
from merchants.onboarding import application as applications
from merchants.onboarding import review
from merchants.onboarding.admission import Approval
from merchants.onboarding.application import Application, Terms
from merchants.onboarding.errors import (
    ApplicationCannotMove,
    CompanyIsPartner,
    NotTheReviewer,
    SamePerson,
    TermsChanged,
)
from tests.onboarded import (
    APPROVER,
    REVIEWER,
    SEALING,
    a_company,
    an_active_merchant,
    approved,
    submitted,
)


async def a_case(pool: asyncpg.Pool) -> Application:
    """An application that the reviewer has taken."""
    async with pool.acquire() as conn, conn.transaction():
        application = await submitted(conn)
        return await review.take(conn, SEALING, application_id=application.id, operator_id=REVIEWER)


async def approve(
    pool: asyncpg.Pool, case: Application, *, by: str, terms: Terms = review.STANDARD_TERMS
) -> Approval:
    async with pool.acquire() as conn, conn.transaction():
        return await review.approve(
            conn, SEALING, application_id=case.id, operator_id=by, terms=terms, reason="complete", steps=()
        )


def made_by(approval: Approval) -> Merchant:
    assert approval.merchant is not None, "no step is left"
    return approval.merchant


async def test_approval_makes_an_active_merchant_with_numbers_of_its_own(pool: asyncpg.Pool) -> None:
    case = await a_case(pool)
    made = await approve(pool, case, by=APPROVER)
    assert made.application.status is Status.ACTIVE
    assert made_by(made).status is Status.ACTIVE
    assert made_by(made).id == made_by(made).partner_id == made.application.merchant_id
    assert made_by(made).partner_no > 0
    assert len(made_by(made).merchant_number) == 15
    assert luhn.is_valid(made_by(made).merchant_number)
    assert made_by(made).settlement_last_four == "****0001"


async def test_the_application_is_the_partners_once_it_is_one(pool: asyncpg.Pool) -> None:
    made = await approve(pool, await a_case(pool), by=APPROVER)
    async with pool.acquire() as conn:
        found = await applications.find(
            conn, SEALING, application_id=made.application.id, applicant_id=made_by(made).id
        )
    assert found == made.application


async def test_every_step_is_on_the_trail_and_told(pool: asyncpg.Pool) -> None:
    made = await approve(pool, await a_case(pool), by=APPROVER)
    trail = await pool.fetch(
        "SELECT deed, actor FROM merchants.audit WHERE object_id = $1 ORDER BY id", made.application.id
    )
    assert [tuple(row) for row in trail] == [
        ("application.draft", "cli_applicant"),
        ("document.uploaded", "cli_applicant"),
        ("document.uploaded", "cli_applicant"),
        ("application.submitted", "cli_applicant"),
        ("application.under_review", REVIEWER),
        ("application.approved", APPROVER),
        ("application.active", APPROVER),
    ]
    events = await pool.fetch(
        "SELECT type FROM webhooks.events WHERE tenant = $1 ORDER BY occurred_at", made_by(made).id
    )
    assert [row["type"] for row in events] == ["merchant.approved", "merchant.activated"]


async def test_what_is_told_is_what_openapi_says(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        made = await an_active_merchant(conn)
        await standing.suspend(conn, merchant_id=made.id, actor=APPROVER, reason="complaints")
    bodies = {
        row["type"]: bytes(row["body"], "utf-8")
        for row in await pool.fetch("SELECT type, body::text AS body FROM webhooks.events")
    }
    shapes = {event.type: event.body for event in EVENTS}
    assert set(bodies) == {
        "merchant.submitted",
        "merchant.approved",
        "merchant.activated",
        "merchant.suspended",
    }
    for type_, body in bodies.items():
        news = msgspec.json.decode(body, type=shapes[type_])
        assert (news.type, news.data.reason) == (type_, "complaints" if "suspended" in type_ else "")
        assert set(msgspec.json.decode(body)["data"]) == set(news.data.__struct_fields__)


async def test_the_reviewer_cannot_approve_the_own_case(pool: asyncpg.Pool) -> None:
    case = await a_case(pool)
    with pytest.raises(SamePerson):
        await approve(pool, case, by=REVIEWER)
    async with pool.acquire() as conn:
        still = await applications.find(conn, SEALING, application_id=case.id, applicant_id=None)
    assert still == case


async def test_the_database_itself_refuses_the_same_person(pool: asyncpg.Pool) -> None:
    case = await a_case(pool)
    with pytest.raises(asyncpg.CheckViolationError, match="applications_two_people"):
        await pool.execute(
            "UPDATE merchants.applications SET approver_id = reviewer_id WHERE id = $1", case.id
        )
    with pytest.raises(asyncpg.CheckViolationError, match="applications_approved_by_somebody"):
        await pool.execute("UPDATE merchants.applications SET status = 'active' WHERE id = $1", case.id)


async def test_two_approvers_at_once_make_one_merchant(pool: asyncpg.Pool) -> None:
    case = await a_case(pool)
    results = await asyncio.gather(
        *(approve(pool, case, by=f"cli_approver_{number}") for number in range(4)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == [
        "ApplicationCannotMove",
        "ApplicationCannotMove",
        "ApplicationCannotMove",
        "Approval",
    ]
    made = await pool.fetchval("SELECT count(*) FROM merchants.merchants WHERE application_id = $1", case.id)
    assert made == 1


async def test_a_case_is_taken_once(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        application = await submitted(conn)

    async def take(operator_id: str) -> Application:
        async with pool.acquire() as conn, conn.transaction():
            return await review.take(conn, SEALING, application_id=application.id, operator_id=operator_id)

    results = await asyncio.gather(take("cli_a"), take("cli_b"), return_exceptions=True)
    assert {type(result) for result in results} == {Application, ApplicationCannotMove}


async def test_what_was_not_taken_cannot_be_approved(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        application = await submitted(conn)
    with pytest.raises(ApplicationCannotMove):
        await approve(pool, application, by=APPROVER)


async def test_the_approver_confirms_the_very_terms_that_the_reviewer_proposed(pool: asyncpg.Pool) -> None:
    case = await a_case(pool)
    terms = Terms(fee_basis_points=25, payment_limit_minor=500_000)
    async with pool.acquire() as conn, conn.transaction():
        with pytest.raises(NotTheReviewer):
            await review.propose_terms(
                conn, SEALING, application_id=case.id, operator_id=APPROVER, terms=terms
            )
        await review.propose_terms(conn, SEALING, application_id=case.id, operator_id=REVIEWER, terms=terms)
    with pytest.raises(TermsChanged):
        await approve(pool, case, by=APPROVER)
    made = made_by(await approve(pool, case, by=APPROVER, terms=terms))
    assert (made.fee_basis_points, made.payment_limit_minor) == (25, 500_000)


async def test_one_company_becomes_one_partner(pool: asyncpg.Pool) -> None:
    company = a_company()
    async with pool.acquire() as conn, conn.transaction():
        first = await submitted(conn, particulars=company)
        second = await submitted(conn, particulars=company)
        assert await review.others_of_company(conn, second) == [first.id]
        await approved(conn, first)
    async with pool.acquire() as conn:
        with pytest.raises(CompanyIsPartner):
            async with conn.transaction():
                await approved(conn, second)


async def test_a_rejected_application_is_over(pool: asyncpg.Pool) -> None:
    case = await a_case(pool)
    async with pool.acquire() as conn, conn.transaction():
        rejected = await review.reject(
            conn, SEALING, application_id=case.id, operator_id=APPROVER, reason="no such shop"
        )
    assert (rejected.status, rejected.reason) == (Status.REJECTED, "no such shop")
    with pytest.raises(ApplicationCannotMove):
        await approve(pool, case, by=APPROVER)


async def test_a_tenant_of_a_suspended_mall_is_not_approved(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
        tenant = await submitted(conn, partner=mall)
        await standing.suspend(conn, merchant_id=mall.id, actor=APPROVER, reason="complaints")
        with pytest.raises(MerchantNotActive):
            await approved(conn, tenant)
        with pytest.raises(MerchantNotActive):
            await submitted(conn, partner=replace(mall, status=Status.SUSPENDED))


async def test_a_merchant_is_suspended_and_resumed_with_every_step_counted(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        made = await an_active_merchant(conn)
        suspended = await standing.suspend(conn, merchant_id=made.id, actor=APPROVER, reason="complaints")
        with pytest.raises(MerchantCannotMove):
            await standing.suspend(conn, merchant_id=made.id, actor=APPROVER, reason="again")
        resumed = await standing.resume(conn, merchant_id=made.id, actor=APPROVER, reason="cleared")
        with pytest.raises(MerchantNotFound):
            await standing.resume(conn, merchant_id="mer_unknown", actor=APPROVER, reason="")
    assert (suspended.status, suspended.version) == (Status.SUSPENDED, 2)
    assert (resumed.status, resumed.version) == (Status.ACTIVE, 3)
    events = await pool.fetch(
        "SELECT type FROM webhooks.events WHERE object_id = $1 ORDER BY sequence", made.id
    )
    assert [row["type"] for row in events] == [
        "merchant.activated",
        "merchant.suspended",
        "merchant.activated",
    ]


async def test_a_partner_lists_its_own_sub_merchants_alone(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        mall = await an_active_merchant(conn, kind=Kind.MALL)
        other = await an_active_merchant(conn, kind=Kind.MALL)
        tenants = [await an_active_merchant(conn, partner=mall) for _ in range(3)]
        await an_active_merchant(conn, partner=other)
        first = await merchant.sub_merchants(conn, partner_id=mall.id, limit=2)
        rest = await merchant.sub_merchants(conn, partner_id=mall.id, before_id=first[-1].id, limit=2)
        with pytest.raises(MerchantNotFound):
            await merchant.find(conn, partner_id=other.id, merchant_id=tenants[0].id)
    assert {one.id for one in first + rest} == {tenant.id for tenant in tenants}


async def test_the_queue_is_oldest_first(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        waiting = [(await submitted(conn)).id for _ in range(3)]
        queue = await review.in_status(conn, SEALING, status=Status.SUBMITTED, after_id=None, limit=2)
        rest = await review.in_status(conn, SEALING, status=Status.SUBMITTED, after_id=queue[-1].id, limit=2)
    assert [one.id for one in queue + rest] == sorted(waiting)
