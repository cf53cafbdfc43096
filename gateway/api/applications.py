"""Applications, for those who apply: strangers with a key of their own, and partners for their sub-merchants."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

from gateway.api import showing
from gateway.api.clients import members_of
from gateway.door.operation import Answer, Call, operation
from gateway.storage.hub import DELIVERIES
from gateway.wire import applications as wire
from gateway.wire.clients import EXAMPLE_X, PublicJwk
from gateway.wire.page import Page, PageQuery
from merchants import merchant
from merchants.access import clients
from merchants.access.errors import PublicKeyUnacceptable
from merchants.errors import MerchantNotActive, MerchantNotFound
from merchants.ids import BANK, new_id
from merchants.merchant import Kind
from merchants.onboarding import application as applications
from merchants.onboarding import applying
from merchants.onboarding.errors import (
    ApplicationCannotMove,
    ApplicationFaulty,
    ApplicationNotFound,
    DuplicateApplication,
    KindHasNoSubMerchants,
)

# Licences and documents expire at midnight in China, which knows no summer time.
_CHINA = timezone(timedelta(hours=8))
_CLIENT_NAME_CHARACTERS = 100

A_DRAFT = wire.Declared(
    licence=wire.Licence(
        name="深圳市鹏城百货有限公司",
        credit_code="914403001922038216",
        form="company",
        address="深圳市南山区科技路1号",
        valid_from=date(2010, 1, 4),
    ),
    legal_representative=wire.Person(
        name="张三", document="resident_id", document_number="440305198001020019"
    ),
    contact=wire.Contact(name="王五", phone="13800138000", email="pay@pengcheng.example"),
    short_name="鹏城百货",
    city="Shenzhen",
    mcc="5411",
    settlement=wire.Settlement(
        account_name="深圳市鹏城百货有限公司",
        bank_name="招商银行深圳科技园支行",
        branch_number="308584001258",
        account_number="7559012345670001",
    ),
    stores=[wire.StoreScene(name="南山店", area_code="440305", address="深南大道9678号")],
)


async def replay_apply(call: Call[wire.NewApplication], client_id: str) -> Answer:
    """The same client, and its application as it is now; by then it may be a partner's."""
    async with call.parts.pool.acquire() as conn:
        client, keys = await clients.with_keys(conn, client_id)
        assert client.application_id is not None, "an applicant's client keeps its application"
        found = await applications.find(
            conn, call.parts.sealing, application_id=client.application_id, applicant_id=None
        )
    first = min(keys, key=lambda key: key.created_at)
    return _applicant(client_id, first.key_id, found)


@operation(
    "POST",
    "/v1/applications",
    summary="Apply to take the wallet",
    idempotent=True,
    replay=replay_apply,
    answers={201: wire.Applicant},
    problems=(PublicKeyUnacceptable,),
    example=wire.NewApplication(
        kind="supermarket",
        jwk=PublicJwk(kty="OKP", crv="Ed25519", x=EXAMPLE_X),
        short_name="鹏城百货",
    ),
)
async def apply(call: Call[wire.NewApplication]) -> Answer:
    """Open a draft, without a token: the key you send is what you sign in with from then on.

    The draft may be as incomplete as you like; fill it with PATCH, check it with `precheck`, then `submit` it.
    Once approved, the same client is the partner's.
    """
    application_id, client_id = new_id("app", BANK), new_id("cli", BANK)
    particulars = showing.declared(call.body)
    name = particulars.licence.name if particulars.licence else particulars.short_name or "Applicant"
    async with call.claim.transaction(client_id) as conn:
        registered = await clients.register_applicant(
            conn,
            client_id=client_id,
            application_id=application_id,
            name=name[:_CLIENT_NAME_CHARACTERS],
            public_jwk=members_of(call.body.jwk),
        )
        draft = await applying.open_draft(
            conn,
            call.parts.sealing,
            application_id=application_id,
            applicant_id=client_id,
            kind=Kind(call.body.kind),
            particulars=particulars,
            actor=client_id,
        )
    return _applicant(client_id, registered.key_id, draft)


async def replay_draft(call: Call[wire.Declared], application_id: str) -> Answer:
    return Answer(201, showing.application(await _find(call, application_id)))


@operation(
    "POST",
    "/v1/merchants/{merchant_id}/applications",
    summary="Apply for a sub-merchant",
    scope="merchants",
    idempotent=True,
    replay=replay_draft,
    answers={201: wire.Application},
    problems=(MerchantNotFound, MerchantNotActive, KindHasNoSubMerchants),
    example=A_DRAFT,
)
async def apply_for_sub_merchant(call: Call[wire.Declared]) -> Answer:
    """Open the draft of a tenant (of a mall) or a seller (of a platform); `merchant_id` is your own."""
    application_id = new_id("app", BANK)
    async with call.claim.transaction(application_id) as conn:
        partner = await merchant.find(
            conn, partner_id=call.caller.tenant, merchant_id=call.path["merchant_id"]
        )
        draft = await applying.open_sub_merchant_draft(
            conn,
            call.parts.sealing,
            application_id=application_id,
            partner=partner,
            particulars=showing.declared(call.body),
            actor=call.caller.client_id,
        )
    return Answer(201, showing.application(draft))


@operation(
    "GET",
    "/v1/applications",
    summary="List your applications",
    scope="apply",
    answers={200: Page[wire.Application]},
)
async def list_applications(call: Call[None, PageQuery]) -> Answer:
    """Newest first: your own, and those for your sub-merchants."""
    async with call.parts.pool.acquire() as conn:
        found = await applications.of_applicant(
            conn,
            call.parts.sealing,
            applicant_id=call.caller.tenant,
            before_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, showing.application, limit=call.query.limit))


@operation(
    "GET",
    "/v1/applications/{application_id}",
    summary="Read an application",
    scope="apply",
    answers={200: wire.Application},
    problems=(ApplicationNotFound,),
)
async def get_application(call: Call[None]) -> Answer:
    """As it stands; what is personal is masked."""
    return Answer(200, showing.application(await _find(call, call.path["application_id"])))


@operation(
    "PATCH",
    "/v1/applications/{application_id}",
    summary="Fill in or correct an application",
    scope="apply",
    answers={200: wire.Application},
    problems=(ApplicationNotFound, ApplicationCannotMove),
    example=wire.Declared(mcc="5411", online=wire.OnlineScene(domain="shop.pengcheng.example")),
)
async def change_application(call: Call[wire.Declared]) -> Answer:
    """Replace the sections you send, whole, while it is a draft or you are asked for more."""
    particulars = showing.declared(call.body)
    async with call.parts.pool.acquire() as conn, conn.transaction():
        changed = await applying.change(
            conn,
            call.parts.sealing,
            application_id=call.path["application_id"],
            applicant_id=call.caller.tenant,
            changes={name: getattr(particulars, name) for name in showing.sections(call.body)},
            actor=call.caller.client_id,
        )
    return Answer(200, showing.application(changed))


@operation(
    "POST",
    "/v1/applications/{application_id}/precheck",
    summary="Find every fault before submitting",
    scope="apply",
    answers={200: wire.Precheck},
    problems=(ApplicationNotFound,),
)
async def precheck_application(call: Call[None]) -> Answer:
    """All faults at once, each with its place, code and words; changes nothing."""
    found = await _find(call, call.path["application_id"])
    faults = [
        wire.ApplicationFault(pointer=fault.pointer, code=fault.code, detail=fault.detail)
        for fault in applying.faults_of(found, today=_today(call.now))
    ]
    return Answer(200, wire.Precheck(passes=not faults, faults=faults))


async def replay_step(call: Call[None], application_id: str) -> Answer:
    return Answer(200, showing.application(await _find(call, application_id)))


@operation(
    "POST",
    "/v1/applications/{application_id}/submit",
    summary="Submit an application",
    scope="apply",
    idempotent=True,
    replay=replay_step,
    answers={200: wire.Application},
    problems=(ApplicationNotFound, ApplicationCannotMove, ApplicationFaulty, DuplicateApplication),
)
async def submit_application(call: Call[None]) -> Answer:
    """Hand it to the bank. It is refused with every fault that `precheck` finds."""
    application_id = call.path["application_id"]
    async with call.claim.transaction(application_id) as conn:
        submitted = await applying.submit(
            conn,
            call.parts.sealing,
            application_id=application_id,
            applicant_id=call.caller.tenant,
            actor=call.caller.client_id,
            today=_today(call.now),
        )
    call.parts.hub.tell(submitted.id, DELIVERIES)
    return Answer(200, showing.application(submitted))


@operation(
    "POST",
    "/v1/applications/{application_id}/withdraw",
    summary="Withdraw an application",
    scope="apply",
    idempotent=True,
    replay=replay_step,
    answers={200: wire.Application},
    problems=(ApplicationNotFound, ApplicationCannotMove),
    example=wire.Withdrawal(reason="We move to another city"),
)
async def withdraw_application(call: Call[wire.Withdrawal]) -> Answer:
    """Take back what was submitted, for good; a draft is simply left alone."""
    application_id = call.path["application_id"]
    async with call.claim.transaction(application_id) as conn:
        withdrawn = await applying.withdraw(
            conn,
            call.parts.sealing,
            application_id=application_id,
            applicant_id=call.caller.tenant,
            actor=call.caller.client_id,
            reason=call.body.reason,
        )
    return Answer(200, showing.application(withdrawn))


async def _find(call: Call[Any, Any], application_id: str) -> applications.Application:
    async with call.parts.pool.acquire() as conn:
        return await applications.find(
            conn, call.parts.sealing, application_id=application_id, applicant_id=call.caller.tenant
        )


def _applicant(client_id: str, key_id: str, draft: applications.Application) -> Answer:
    return Answer(
        201, wire.Applicant(client_id=client_id, key_id=key_id, application=showing.application(draft))
    )


def _today(now: datetime) -> date:
    return now.astimezone(_CHINA).date()
