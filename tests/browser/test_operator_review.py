"""Operators review: one takes a case and looks at its papers, another approves it; nobody does both."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import Browser, expect

from tests.bank import A_PDF, Bank, Person, open_bank
from tests.browser.looking import ONE_OF_EACH, Eyes, seen
from tests.browser.operators import Desk, a_desk


@pytest.fixture
async def bank(database_url: str) -> AsyncIterator[Bank]:
    async with open_bank(database_url) as opened:
        yield opened


def desk_of(
    browser: Browser, bank: Bank, person: Person, eyes: Eyes | None = None
) -> AbstractAsyncContextManager[Desk]:
    return a_desk(browser, bank.operators, person.client_id, person.key, eyes)


@pytest.mark.parametrize("eyes", ONE_OF_EACH, ids=lambda one: one.name)
async def test_an_operator_approves_with_a_second_operator(browser: Browser, bank: Bank, eyes: Eyes) -> None:
    applicant, application_id = await bank.applicant()
    papers = f"/v1/applications/{application_id}/documents"
    assert (await applicant.upload(f"{papers}/bank_account", A_PDF, "application/pdf")).status == 200
    assert (await applicant.post(f"/v1/applications/{application_id}/submit")).status == 200
    case = f"/console/cases/{application_id}"
    async with desk_of(browser, bank, bank.reviewer, eyes) as lin:
        await seen(lin.page, "operator-front", eyes)
        await lin.go("/console/cases")
        await seen(lin.page, "operator-cases", eyes)
        await lin.page.click(f"a[href='{case}']")
        await lin.page.click("form[action$='/take'] button")
        await lin.page.wait_for_url("**done=taken")
        await seen(lin.page, "operator-case", eyes)
        await expect(lin.page.locator("form[action$='/approve']")).to_have_count(0)
        await lin.page.click("a[href*='/papers?left=']")
        await _papers_are_shown(lin)
        await seen(lin.page, "operator-papers", eyes)
        await lin.go(case)
        async with lin.page.expect_response("**/papers/doc_*") as answer:
            await lin.page.click("section:has(#papers) li:last-child a")
        framed = await (await answer.value).all_headers()
        assert framed["content-disposition"].startswith("inline")
        assert "default-src 'none'" in framed["content-security-policy"]
        await expect(lin.page.locator(".sides h2")).to_have_count(2)
        await seen(lin.page, "operator-paper-pdf", eyes)
        await lin.go(case)
        await lin.page.fill("input[name=fee]", "45")
        await lin.page.fill("input[name=limit]", "5000")
        await lin.page.click("form[action$='/terms'] button")
        await lin.page.wait_for_url("**done=proposed")
    async with desk_of(browser, bank, bank.approver, eyes) as zhao:
        await zhao.go(case)
        await seen(zhao.page, "operator-approve", eyes)
        await zhao.page.click("form[action$='/approve'] button")
        await zhao.page.wait_for_url("**done=approved")
        await expect(zhao.page.locator("h1 + .badge.good")).to_be_visible()
    approved = (await bank.approver.get(f"/admin/v1/applications/{application_id}")).body
    assert approved["application"]["status"] == "active"
    assert approved["terms"]["fee_basis_points"] == 45
    assert approved["terms"]["payment_limit"] == {"amount_minor": 500_000, "currency": "CNY"}


async def _papers_are_shown(desk: Desk) -> None:
    """Both of them, drawn: their bytes came through the door that writes the trail."""
    shown = await desk.page.evaluate(
        "Promise.all(Array.from(document.images).filter((one) => one.closest('.paper'))"
        ".map((one) => one.decode().then(() => one.naturalWidth)))"
    )
    assert shown == [40, 40]


async def test_an_applicant_is_asked_back_field_by_field_without_a_script(
    browser: Browser, bank: Bank
) -> None:
    applicant, application_id = await bank.applicant()
    assert (await applicant.post(f"/v1/applications/{application_id}/submit")).status == 200
    async with desk_of(browser, bank, bank.reviewer) as lin:
        kept = await lin.context.storage_state()
        scriptless = await browser.new_context(storage_state=kept, java_script_enabled=False)
        page = await scriptless.new_page()
        await page.goto(f"{bank.operators}/console/cases/{application_id}")
        await page.click("form[action$='/take'] button")
        await page.click("summary:has(~ form[action$='/ask'])")
        await page.fill("#ask-reason", "Please look at these")
        await page.select_option("#pointer-0", "/licence/address")
        await page.fill("#note-0", "Which floor?")
        await page.click("form[action$='/ask'] button")
        await page.wait_for_url("**done=asked")
        await scriptless.close()
    asked = (await applicant.get(f"/v1/applications/{application_id}")).body
    assert asked["status"] == "needs_more_info"
    assert asked["questions"] == [{"pointer": "/licence/address", "note": "Which floor?"}]
