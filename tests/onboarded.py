"""Companies, real enough to pass every check, and the way from one to an active merchant with a till."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from asyncpg.pool import PoolConnectionProxy
from stdnum.cn import ric, uscc

from merchants.ids import BANK, new_id
from merchants.merchant import Kind, Merchant
from merchants.onboarding import applying, review
from merchants.onboarding.admission import Approval
from merchants.onboarding.application import Application
from merchants.onboarding.credit_code import organisation_check_digit
from merchants.onboarding.documents import DocumentKind, Upload
from merchants.onboarding.files import File
from merchants.onboarding.particulars import (
    Contact,
    Document,
    Form,
    Licence,
    OnlineScene,
    Particulars,
    Person,
    Settlement,
    StoreScene,
)
from merchants.sealing import Sealing
from merchants.shops import store, terminal
from merchants.shops.store import Store
from merchants.shops.terminal import Terminal

TODAY = datetime.now(UTC).date()
REVIEWER, APPROVER = "cli_reviewer", "cli_approver"
SEALING = Sealing(bytes(range(32)))

_serials = count(10_000_000)


def a_credit_code(serial: int | None = None, *, prefix: str = "91440300") -> str:
    """A valid one, another at each call; `prefix` is department, kind of organisation and area."""
    body = f"{next(_serials) if serial is None else serial:08d}"
    code = prefix + body + organisation_check_digit(body)
    return code + uscc.calc_check_digit(code)


def a_resident_id(serial: int = 1) -> str:
    body = f"440305198001{serial % 28 + 1:02d}00{serial % 10}"
    return body + ric.calc_check_digit(body + "0")


def a_company(**changes: Any) -> Particulars:
    """Everything a supermarket declares; it would pass for a platform as well."""
    name = "深圳市鹏城百货有限公司"
    facts: dict[str, Any] = {
        "licence": Licence(
            name=name,
            credit_code=a_credit_code(),
            form=Form.COMPANY,
            address="深圳市南山区科技路1号",
            valid_from=date(2010, 1, 4),
        ),
        "legal_representative": a_person(),
        "owners": (a_person(name="李四"),),
        "contact": Contact(name="王五", phone="13800138000", email="pay@pengcheng.example"),
        "short_name": "鹏城百货",
        "city": "Shenzhen",
        "mcc": "5411",
        "settlement": Settlement(
            account_name=name,
            bank_name="招商银行深圳科技园支行",
            branch_number="308584001258",
            account_number="7559012345670001",
        ),
        "stores": (StoreScene(name="南山店", area_code="440305", address="深南大道9678号"),),
        "online": OnlineScene(domain="shop.pengcheng.example"),
    }
    return Particulars(**{**facts, **changes})


def a_person(**changes: Any) -> Person:
    facts: dict[str, Any] = {
        "name": "张三",
        "document": Document.RESIDENT_ID,
        "document_number": a_resident_id(),
        "valid_until": date(2099, 12, 31),
    }
    return Person(**{**facts, **changes})


async def submitted(
    conn: PoolConnectionProxy,
    *,
    kind: Kind = Kind.SUPERMARKET,
    partner: Merchant | None = None,
    particulars: Particulars | None = None,
) -> Application:
    """An application in the bank's queue: a company's own, or a partner's for a sub-merchant."""
    application_id = new_id("app", BANK)
    declared = particulars or a_company()
    if partner is None:
        draft = await applying.open_draft(
            conn,
            SEALING,
            application_id=application_id,
            applicant_id=new_id("cli", BANK),
            kind=kind,
            particulars=declared,
            actor="cli_applicant",
        )
        await with_documents(conn, draft)
    else:
        draft = await applying.open_sub_merchant_draft(
            conn,
            SEALING,
            application_id=application_id,
            partner=partner,
            particulars=declared,
            actor="cli_partner",
        )
    return await applying.submit(
        conn,
        SEALING,
        application_id=draft.id,
        applicant_id=draft.applicant_id,
        actor="cli_applicant",
        today=TODAY,
    )


async def with_documents(conn: PoolConnectionProxy, draft: Application) -> None:
    """What a company that applies for itself shows; that files are rebuilt is told elsewhere."""
    for kind in (DocumentKind.BUSINESS_LICENCE, DocumentKind.REPRESENTATIVE_ID):
        await applying.put_document(
            conn,
            SEALING,
            Upload.of(kind, b"scan", File("image/png", b"scan")),
            application_id=draft.id,
            applicant_id=draft.applicant_id,
            actor="cli_applicant",
        )


async def a_draft_with_a_pdf(conn: PoolConnectionProxy, content: bytes) -> tuple[str, str]:
    """An application that is not submitted yet, and its licence's id among the papers."""
    applicant = new_id("cli", BANK)
    draft = await applying.open_draft(
        conn,
        SEALING,
        application_id=new_id("app", BANK),
        applicant_id=applicant,
        kind=Kind.SUPERMARKET,
        particulars=a_company(),
        actor=applicant,
    )
    paper = await applying.put_document(
        conn,
        SEALING,
        Upload.of(DocumentKind.BUSINESS_LICENCE, content, File("application/pdf", content)),
        application_id=draft.id,
        applicant_id=applicant,
        actor=applicant,
    )
    return draft.id, paper.id


async def approved(conn: PoolConnectionProxy, application: Application) -> Approval:
    """Taken by one operator, approved by another, at the list price."""
    taken = await review.take(conn, SEALING, application_id=application.id, operator_id=REVIEWER)
    assert taken.terms is not None
    return await review.approve(
        conn,
        SEALING,
        application_id=application.id,
        operator_id=APPROVER,
        terms=taken.terms,
        reason="",
        steps=(),
    )


async def an_active_merchant(
    conn: PoolConnectionProxy, *, kind: Kind = Kind.SUPERMARKET, partner: Merchant | None = None
) -> Merchant:
    merchant = (await approved(conn, await submitted(conn, kind=kind, partner=partner))).merchant
    assert merchant is not None, "no step is left"
    return merchant


@dataclass(frozen=True, slots=True)
class Till:
    """A terminal with all that it stands in."""

    merchant: Merchant
    store: Store
    terminal: Terminal


async def a_till(conn: PoolConnectionProxy, merchant: Merchant | None = None) -> Till:
    """A terminal in a new store of this merchant, or of a new supermarket."""
    owner = merchant or await an_active_merchant(conn)
    shop = await store.open_store(
        conn,
        store_id=new_id("sto", owner.partner_no),
        partner_id=owner.partner_id,
        merchant_id=owner.id,
        name="南山店",
        area_code="440305",
        address="深南大道9678号",
        actor="cli_partner",
    )
    till = await terminal.place(
        conn,
        terminal_id=new_id("trm", owner.partner_no),
        partner_id=owner.partner_id,
        store_id=shop.id,
        label="收银台 1",
        actor="cli_partner",
    )
    return Till(owner, shop, till)
