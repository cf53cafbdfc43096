"""Opening an application: strangers bring a key of their own, partners apply for their sub-merchants."""

from datetime import date

from gateway.api import showing
from gateway.api.clients import members_of
from gateway.door.operation import Answer, Call, operation
from gateway.wire import applications as wire
from gateway.wire.clients import EXAMPLE_JWK
from merchants import merchant
from merchants.access import clients
from merchants.access.errors import PublicKeyUnacceptable
from merchants.errors import MerchantNotActive, MerchantNotFound
from merchants.ids import BANK, new_id
from merchants.merchant import Kind
from merchants.onboarding import application as applications
from merchants.onboarding import applying
from merchants.onboarding.errors import KindHasNoSubMerchants

_CLIENT_NAME_CHARACTERS = 100

_A_DRAFT = wire.Declared(
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
    strangers="joining",
    idempotent=True,
    replay=replay_apply,
    answers={201: wire.Applicant},
    problems=(PublicKeyUnacceptable,),
    example=wire.NewApplication(
        kind="supermarket",
        jwk=EXAMPLE_JWK,
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
    async with call.parts.pool.acquire() as conn:
        found = await applications.find(
            conn, call.parts.sealing, application_id=application_id, applicant_id=call.caller.tenant
        )
    return Answer(201, showing.application(found))


@operation(
    "POST",
    "/v1/merchants/{merchant_id}/applications",
    summary="Apply for a sub-merchant",
    scope="merchants",
    idempotent=True,
    replay=replay_draft,
    answers={201: wire.Application},
    problems=(MerchantNotFound, MerchantNotActive, KindHasNoSubMerchants),
    example=_A_DRAFT,
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


def _applicant(client_id: str, key_id: str, draft: applications.Application) -> Answer:
    return Answer(
        201, wire.Applicant(client_id=client_id, key_id=key_id, application=showing.application(draft))
    )
