"""How a supermarket comes to take the wallet: two operators, an application, a store, a till, an offer."""

import asyncio
import base64
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from gateway.client import (
    Applicant,
    Credentials,
    Operator,
    Partner,
    SigningKey,
    Till,
    WalletBackend,
    enrol,
)
from gateway.demo.checks import CURRENCY, expect, refused
from gateway.demo.sandbox import FIRST_OPERATOR, ISSUER, Stage
from gateway.wire.applications import (
    ApprovalRequest,
    Contact,
    Licence,
    NewApplication,
    Person,
    Settlement,
    StoreScene,
    Terms,
)
from gateway.wire.applications import Declared as Sections
from gateway.wire.clients import NewOperator, NewWalletClient, PublicJwk, Role
from gateway.wire.documents import DocumentKind
from gateway.wire.offers import Budgets, Deal, Funding, Share, Target, ThresholdOff, Tier
from gateway.wire.stores import NewStore, NewTerminal

_CHINA = timezone(timedelta(hours=8))
_COMPANY = "深圳市鹏城百货有限公司"
_CREDIT_CODE = "914403001922038216"
_MISCOPIED_CREDIT_CODE = "914403001922038217"
_ACCOUNT_NUMBER = "7559012345670001"
FEE_BASIS_POINTS = 38
_PAPERS: tuple[DocumentKind, ...] = ("business_licence", "representative_id")
# One white dot, as a scanner would not send it.
_SCAN = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC"
)
_CREDITS_WITHIN_S = 60.0
_ASK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """The bank's people, and the backend of its wallet app."""

    reviewer: Operator
    approver: Operator
    wallet: WalletBackend


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The supermarket: its head office, and its till once there is one."""

    office: Partner
    merchant_id: str


async def open_bank(stage: Stage) -> Bank:
    """The first operator lets one in, who confirms the next; from then on they need each other."""
    first = Operator(stage.back_office, Credentials(client_id=FIRST_OPERATOR, key=stage.first_operator))
    reviewer, _ = await _operator(stage, first, "Lin Wei", ["reviewer", "approver"])
    approver, proposal_id = await _operator(stage, first, "Zhao Min", ["approver"])
    await reviewer.confirm_operator(proposal_id)
    key = SigningKey.generate()
    wallet = await first.propose_wallet(NewWalletClient(issuer=ISSUER, name="Wallet app", jwk=_public(key)))
    await approver.confirm_wallet(wallet.id)
    credentials = Credentials(client_id=wallet.client_id, key=key)
    stage.narrator.say(
        "Lin Wei and Zhao Min sign in with keys of their own, and so does the wallet's backend"
    )
    return Bank(
        reviewer=reviewer, approver=approver, wallet=WalletBackend(stage.gateway, credentials, issuer=ISSUER)
    )


async def _operator(stage: Stage, first: Operator, name: str, roles: list[Role]) -> tuple[Operator, str]:
    """A colleague, and the proposal which another one may have to confirm."""
    key = SigningKey.generate()
    made = await first.propose_operator(NewOperator(name=name, roles=roles, jwk=_public(key)))
    return Operator(stage.back_office, Credentials(client_id=made.client_id, key=key)), made.id


async def apply(stage: Stage) -> Applicant:
    """A company applies with nothing but a key it made; a fault is found and corrected before it submits."""
    key = SigningKey.generate()
    applicant = await Applicant.apply(stage.gateway, key, _application(key, _MISCOPIED_CREDIT_CODE))
    stage.narrator.say(f"{_COMPANY} opens {applicant.application_id} with a key of its own")
    for kind in _PAPERS:
        await applicant.upload(kind, _SCAN, "image/png")
    stage.narrator.say("its licence and its representative's identity card are uploaded")
    faults = (await applicant.precheck()).faults
    expect("the pre-check's faults", [one.code for one in faults], ["credit_code_check_digit"])
    stage.narrator.checked(f"pre-check: {faults[0].pointer}: {faults[0].detail}")
    await applicant.correct(Sections(licence=_licence(_CREDIT_CODE)))
    expect("the pre-check, corrected", (await applicant.precheck()).passes, True)
    submitted = await applicant.submit()
    expect("the application", submitted.status, "submitted")
    stage.narrator.say("corrected, and submitted")
    return applicant


async def review(stage: Stage, bank: Bank, applicant: Applicant) -> Shop:
    """One operator takes the case and proposes terms; another approves exactly those."""
    case_id, terms = applicant.application_id, Terms(fee_basis_points=FEE_BASIS_POINTS)
    await bank.reviewer.take(case_id)
    await bank.reviewer.propose_terms(case_id, terms)
    stage.narrator.say(f"Lin Wei takes the case and proposes a fee of {FEE_BASIS_POINTS / 100} %")
    approval = ApprovalRequest(terms=terms)
    await refused(bank.reviewer.approve(case_id, approval), "same_person")
    stage.narrator.checked("Lin Wei may not approve it as well: same_person")
    approved = await bank.approver.approve(case_id, approval)
    expect("the approved application", approved.application.status, "to_be_verified")
    await _verify_account(stage, applicant)
    application = await applicant.sign(SigningKey.generate(), name="张三", title="法定代表人")
    expect("the signed application", application.status, "active")
    stage.narrator.checked("the agreement is signed with a key for agreements alone")
    assert application.merchant_id is not None
    office = Partner(stage.gateway, applicant.credentials)
    merchant = await office.merchant(application.merchant_id)
    expect("the merchant", (merchant.status, merchant.fee_basis_points), ("active", FEE_BASIS_POINTS))
    stage.narrator.checked(f"merchant number {merchant.merchant_number} is active")
    return Shop(office=office, merchant_id=merchant.id)


async def _verify_account(stage: Stage, applicant: Applicant) -> None:
    """Two small credits arrive at the company's bank; whoever reads its statements knows their sum."""
    stage.narrator.say("Zhao Min approves; two credits go to the settlement account")
    async with asyncio.timeout(_CREDITS_WITHIN_S):
        state = "sending"
        while state == "sending":
            await asyncio.sleep(_ASK_EVERY_S)
            state = (await applicant.verification()).state
    first, second = await stage.core.credits_to(_ACCOUNT_NUMBER)
    wrong = await applicant.name_sum(first if first > 1 else first + second + 1)
    expect("the verification after a wrong sum", (wrong.state, wrong.tries_left), ("sent", 2))
    right = await applicant.name_sum(first + second)
    expect("the verification", right.state, "verified")
    stage.narrator.checked(
        f"the statement shows {first} and {second} fen; a wrong sum is counted, the right one taken"
    )


async def open_store(stage: Stage, shop: Shop) -> Till:
    """A store and a till in it; the till enrols with eight characters and its own key."""
    office = shop.office
    store = await office.open_store(
        shop.merchant_id, NewStore(name="南山店", area_code="440305", address="深南大道9678号")
    )
    terminal = await office.place_terminal(store.id, NewTerminal(label="收银台 7"))
    code = await office.activation_code(terminal.id)
    stage.narrator.say(f"{store.name}, {terminal.label}: activation code {code.activation_code}")
    key = SigningKey.generate()
    enrolled = await enrol(stage.gateway, key, code.activation_code)
    expect("the till's terminal", enrolled.terminal_id, terminal.id)
    await refused(
        enrol(stage.gateway, SigningKey.generate(), code.activation_code), "activation_code_refused"
    )
    stage.narrator.checked("the till enrols with its own key; the code works no second time")
    return Till(stage.gateway, Credentials(client_id=enrolled.client_id, key=key))


async def agree_offer(stage: Stage, bank: Bank, shop: Shop) -> str:
    """Partner proposes, bank accepts the same hash: 20 off every 100, paid by both."""
    draft = await shop.office.draft_offer(_deal(datetime.now(_CHINA).date()))
    proposed = await shop.office.propose_offer(draft)
    expect("the proposed offer", (proposed.state, proposed.hash), ("proposed", draft.hash))
    stage.narrator.say(
        f"the supermarket proposes {draft.deal.name}: the bank pays 60 %, the supermarket 40 %"
    )
    offers = [one async for one in bank.approver.offers() if one.id == draft.id]
    accepted = await bank.approver.accept_offer(offers[0])
    expect("the agreed offer", (accepted.state, accepted.hash), ("live", draft.hash))
    stage.narrator.checked(f"the bank accepts the same version, {accepted.hash[:12]}…: it is live")
    return accepted.id


def _application(key: SigningKey, credit_code: str) -> NewApplication:
    return NewApplication(
        kind="supermarket",
        jwk=_public(key),
        licence=_licence(credit_code),
        legal_representative=_PERSON,
        owners=[_PERSON],
        contact=Contact(name="王五", phone="13800138000", email="pay@pengcheng.example"),
        short_name="鹏城百货",
        city="Shenzhen",
        mcc="5411",
        settlement=Settlement(
            account_name=_COMPANY,
            bank_name="招商银行深圳科技园支行",
            branch_number="308584001258",
            account_number=_ACCOUNT_NUMBER,
        ),
        stores=[StoreScene(name="南山店", area_code="440305", address="深南大道9678号")],
    )


_PERSON = Person(name="张三", document="resident_id", document_number="440305198001020019")


def _licence(credit_code: str) -> Licence:
    return Licence(
        name=_COMPANY,
        credit_code=credit_code,
        form="company",
        address="深圳市南山区科技路1号",
        valid_from=date(2010, 1, 4),
    )


def _deal(today: date) -> Deal:
    return Deal(
        name="满100减20",
        currency=CURRENCY,
        terms=ThresholdOff(tiers=[Tier(threshold_minor=10_000, off_minor=2_000)], repeating=True),
        target=Target(starts_on=today, ends_on=today + timedelta(days=30)),
        budgets=Budgets(total_minor=10_000_000),
        funding=Funding(
            shares=[Share(funder="bank", basis_points=6_000), Share(funder="partner", basis_points=4_000)],
            rounding="bank",
        ),
    )


def _public(key: SigningKey) -> PublicJwk:
    return PublicJwk(kty="OKP", crv="Ed25519", x=key.public_jwk["x"])
