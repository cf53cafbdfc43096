"""A company comes in through the console alone: from its name to its first payment. The bank's people use the API."""

from pathlib import Path

from playwright.async_api import Browser, Page, expect

from gateway.client import Credentials, Gateway, SigningKey
from gateway.client.applicant import enrol
from gateway.client.payee import Till
from gateway.wire.money import PositiveAmount
from gateway.wire.payments import PaymentRequest
from tests.bank import A_SCAN, TERMS
from tests.browser.looking import Eyes, looking, seen
from tests.onboarded import a_credit_code, a_resident_id
from tests.town import Town

ACCOUNT = "7559012345678899"
COMPANY = "深圳市鹏城百货有限公司"
EYES = Eyes()

SECTIONS = {
    "business": {"/short_name": "鹏城百货", "/city": "Shenzhen", "/mcc": "5411"},
    "licence": {
        "/licence/name": COMPANY,
        "/licence/address": "深圳市南山区科技路1号",
        "/licence/valid_from": "2010-01-04",
    },
    "legal_representative": {
        "/legal_representative/name": "张三",
        "/legal_representative/document_number": a_resident_id(),
    },
    "owners": {"/owners/0/name": "李四", "/owners/0/document_number": a_resident_id(2)},
    "contact": {
        "/contact/name": "王五",
        "/contact/phone": "13800138000",
        "/contact/email": "pay@pengcheng.example",
    },
    "settlement": {
        "/settlement/account_name": COMPANY,
        "/settlement/bank_name": "招商银行深圳科技园支行",
        "/settlement/branch_number": "308584001258",
        "/settlement/account_number": ACCOUNT,
    },
    "stores": {
        "/stores/0/name": "南山店",
        "/stores/0/area_code": "440305",
        "/stores/0/address": "深南大道9678号",
    },
}


async def fill(page: Page, section: str, fields: dict[str, str]) -> None:
    """Type a section and wait until it has saved itself."""
    for pointer, value in fields.items():
        await page.locator(f'[name="{pointer}"]').fill(value)
    await expect(page.locator(f"[data-whole={section}].good")).to_be_visible()


async def declared(page: Page) -> None:
    """Everything, with a slip of the finger that the pre-check says beside its field."""
    right = a_credit_code()
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
    licence = page.locator('[name="/licence/credit_code"]')
    for section, fields in SECTIONS.items():
        if section == "licence":
            await licence.fill(wrong)
            for pointer, value in fields.items():
                await page.locator(f'[name="{pointer}"]').fill(value)
            await expect(page.locator("#licence-credit_code-said.fault")).to_contain_text("校验位")
            await seen(page, "partner-application-fault", EYES)
            await licence.fill(right)
            await expect(page.locator("[data-whole=licence].good")).to_be_visible()
        else:
            await fill(page, section, fields)


async def uploaded(page: Page) -> None:
    for kind in ("business_licence", "representative_id"):
        file = {"name": f"{kind}.png", "mimeType": "image/png", "buffer": A_SCAN}
        await page.locator(f"#paper-{kind}").set_input_files(file)  # type: ignore[arg-type]
        await expect(page.locator(f"form[action$={kind}] [data-state].good")).to_be_visible()


async def asked_back(town: Town, application_id: str) -> None:
    """A reviewer wants to know which entrance."""
    reviewer = await town.person(kind="operator", operators=True, roles=frozenset({"reviewer"}))
    case = f"/admin/v1/applications/{application_id}"
    assert (await reviewer.post(f"{case}/take", None)).status == 200
    question = {"pointer": "/stores/0/address", "note": "哪个入口？"}
    body = {"reason": "请补充地址", "questions": [question]}
    assert (await reviewer.post(f"{case}/ask", body)).status == 200


async def answered(page: Page) -> None:
    """The question stands at its field; its answer saves itself, and the application goes back."""
    await page.reload()
    await expect(page.locator("#stores").get_by_text("哪个入口？")).to_be_visible()
    await seen(page, "partner-application-asked", EYES)
    await page.locator('[name="/stores/0/address"]').fill("深南大道9678号东门")
    await expect(page.locator("#stores [data-said]")).to_have_text("已保存")
    await page.locator("form[action$=submit] button").click()
    await expect(page.locator(".stages [aria-current]")).to_have_text("银行审核")


async def approved(town: Town, application_id: str) -> None:
    reviewer = await town.person(kind="operator", operators=True, roles=frozenset({"reviewer"}))
    approver = await town.person(kind="operator", operators=True, roles=frozenset({"approver"}))
    case = f"/admin/v1/applications/{application_id}"
    assert (await reviewer.post(f"{case}/take", None)).status == 200
    assert (await approver.post(f"{case}/approve", {"terms": TERMS})).status == 200


async def credited(town: Town) -> int:
    """The sum of what the other bank's statement shows."""
    async with town.http.get(f"{town.core}/sandbox/external-accounts/{ACCOUNT}") as answer:
        return sum(one["amount_minor"] for one in (await answer.json())["credits"])


async def paid_at(town: Town, activation_code: str) -> str:
    """The till comes in with the code of the screen, and is paid."""
    async with Gateway(town.public, issuer=town.settings.public_url) as gateway:
        key = SigningKey.generate()
        enrolled = await enrol(gateway, key, activation_code)
        till = Till(gateway, Credentials(client_id=enrolled.client_id, key=key))
        code = await town.code(await town.payer())
        wish = PaymentRequest(
            amount=PositiveAmount(amount_minor=12_800, currency="CNY"), merchant_order_no="FIRST-1", code=code
        )
        return (await till.pay(wish)).state


async def test_a_partner_applies_to_first_payment_entirely_in_the_console(
    town: Town, browser: Browser, tmp_path: Path
) -> None:
    async with looking(browser, EYES) as context:
        page = await context.new_page()
        await page.goto(f"{town.public}/console/apply")
        await seen(page, "partner-apply", EYES)
        await page.locator("#short_name").fill("鹏城百货")
        await page.locator("#apply button").click()
        await page.wait_for_url("**/console/applications/app_*")
        application_id = page.url.rpartition("/")[2]
        await seen(page, "partner-application-empty", EYES)
        await declared(page)
        await uploaded(page)
        await seen(page, "partner-application", EYES)

        # Back another day: what was typed is there, what is personal is masked, and the key is still in this browser.
        await context.clear_cookies()
        await page.goto(f"{town.public}/console/applications")
        await page.locator(".identity").click()
        await page.wait_for_url("**/console/applications/app_*")
        await expect(page.locator('[name="/stores/0/name"]')).to_have_value("南山店")
        await expect(page.locator("#settlement dd").last).to_have_text("****8899")
        await page.locator("form[action$=submit] button").click()
        await expect(page.locator(".stages [aria-current]")).to_have_text("银行审核")
        await seen(page, "partner-application-waits", EYES)

        await asked_back(town, application_id)
        await answered(page)
        await approved(town, application_id)
        await page.reload()
        await page.locator("#sum").wait_for()
        await seen(page, "partner-verification", EYES)
        await page.locator("#sum").fill(f"{await credited(town) / 100:.2f}")
        await page.locator("form[action$=verify-account] button").click()
        await page.locator("#signer_name").fill("张三")
        await page.locator("#signer_title").fill("法定代表人")
        await seen(page, "partner-agreement", EYES)
        await page.locator("#sign button").click()
        await page.wait_for_url("**/console")

        # A till in the store, let in by the code that is shown once.
        await page.locator("nav.places a[href$=stores]").click()
        for pointer, value in (("name", "南山店"), ("area_code", "440305"), ("address", "深南大道9678号")):
            await page.locator(f'[name="/{pointer}"]').fill(value)
        await seen(page, "partner-stores-empty", EYES)
        await page.locator("form[action$=stores] button").click()
        await page.locator("#label").fill("收银台 1")
        await page.locator("form[action$=terminals] button").click()
        await page.locator("form[action$=activate] button").click()
        shown = await page.locator(".activation .mono").inner_text()
        await seen(page, "partner-activation", EYES)
        assert await paid_at(town, shown) == "succeeded"
        await page.goto(f"{town.public}/console")
        await expect(page.locator("tbody a")).to_have_text("FIRST-1")
