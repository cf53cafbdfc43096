"""Applications on the wire: what is declared, how it is shown back (masked), and what the bank says."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.wire.clients import ClientId, KeyId, PublicJwk
from gateway.wire.money import PositiveAmount
from gateway.wire.page import PageQuery, next_id
from gateway.wire.time import Time

# A masked value holds a star, so that what was shown can never be sent back as if it were the real one.
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern="^[^*]+$")]
Address = Annotated[str, Meta(min_length=1, max_length=200, pattern="^[^*]+$")]
AreaCode = Annotated[str, Meta(pattern="^[0-9]{6}$", description="County by GB/T 2260", examples=["440305"])]
# EMV tags 59 and 60 have room for 25 and 15.
ShortName = Annotated[str, Meta(min_length=1, max_length=25, pattern="^[^*]+$", examples=["鹏城百货"])]
City = Annotated[str, Meta(min_length=1, max_length=15, pattern="^[^*]+$", examples=["Shenzhen"])]
MerchantCategoryCode = Annotated[str, Meta(pattern="^[0-9]{4}$", description="ISO 18245", examples=["5411"])]
Reason = Annotated[str, Meta(min_length=1, max_length=500, description="In words, kept on the trail")]
Kind = Literal["supermarket", "mall", "tenant", "platform", "seller"]
ApplicationStatus = Literal[
    "draft", "submitted", "under_review", "needs_more_info", "to_be_verified", "to_be_signed",
    "approved", "active", "rejected", "withdrawn", "expired",
]  # fmt: skip
DocumentType = Literal["resident_id", "passport", "residence_permit"]


class Licence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The business licence; leave `valid_until` out where it has no end."""

    name: Name
    credit_code: Annotated[
        str,
        Meta(
            pattern="^[0-9A-Z]{18}$",
            description="Unified social credit code, GB 32100-2015",
            examples=["914403001922038216"],
        ),
    ]
    form: Literal["company", "sole_trader"]
    address: Address
    valid_from: date
    valid_until: date | None = None


class Person(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A legal representative or ultimate owner; leave `valid_until` out where the document has no end."""

    name: Name
    document: DocumentType
    document_number: Annotated[str, Meta(pattern="^[0-9A-Za-z-]{5,30}$", examples=["440305198001020019"])]
    valid_until: date | None = None


class Contact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom the bank calls."""

    name: Name
    phone: Annotated[str, Meta(pattern="^[+]?[0-9-]{5,20}$", examples=["13800138000"])]
    email: Annotated[
        str,
        Meta(max_length=254, pattern="^[^*@ ]+@[A-Za-z0-9.-]+$", examples=["pay@pengcheng.example"]),
    ]


class Settlement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where takings are paid out to; never a card."""

    account_name: Name
    bank_name: Name
    branch_number: Annotated[
        str, Meta(pattern="^[0-9]{12}$", description="联行号", examples=["308584001258"])
    ]
    account_number: Annotated[str, Meta(pattern="^[0-9]{8,32}$", examples=["7559012345670001"])]


class StoreScene(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place where customers will pay."""

    name: Name
    area_code: AreaCode
    address: Address


class OnlineScene(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A site or an app where customers will pay."""

    domain: (
        Annotated[str, Meta(min_length=1, max_length=253, pattern="^[^*]+$", examples=["shop.example.cn"])]
        | None
    ) = None
    app_name: Name | None = None


Owners = Annotated[list[Person], Meta(max_length=10)]
Stores = Annotated[list[StoreScene], Meta(max_length=50)]


class Declared(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an application declares. A draft may lack any section; a section that is given replaces the one before.

    Null takes a section away, an empty list does so for the lists.
    """

    licence: Licence | UnsetType | None = UNSET
    legal_representative: Person | UnsetType | None = UNSET
    owners: Owners | UnsetType = UNSET
    contact: Contact | UnsetType | None = UNSET
    short_name: ShortName | UnsetType | None = UNSET
    city: City | UnsetType | None = UNSET
    mcc: MerchantCategoryCode | UnsetType | None = UNSET
    settlement: Settlement | UnsetType | None = UNSET
    stores: Stores | UnsetType = UNSET
    online: OnlineScene | UnsetType | None = UNSET


class NewApplication(Declared, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A company's wish to take the wallet, with the key it will sign in with."""

    kind: Literal["supermarket", "mall", "platform"]
    jwk: PublicJwk


class ShownPerson(Struct, frozen=True, kw_only=True):
    """A person as shown back, masked."""

    name: Annotated[str, Meta(examples=["张**"])]
    document: DocumentType
    document_number: Annotated[str, Meta(examples=["440****019"])]
    valid_until: date | None


class ShownContact(Struct, frozen=True, kw_only=True):
    """A contact as shown back, masked."""

    name: Annotated[str, Meta(examples=["王**"])]
    phone: Annotated[str, Meta(examples=["1****0"])]
    email: Annotated[str, Meta(examples=["p***@pengcheng.example"])]


class ShownSettlement(Struct, frozen=True, kw_only=True):
    """A settlement account as shown back, masked."""

    account_name: str
    bank_name: str
    branch_number: str
    account_number: Annotated[str, Meta(examples=["****0001"])]


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bank wants to know about one field, or about a document."""

    pointer: Annotated[
        str,
        Meta(
            pattern="^(/[a-z0-9_]{1,40}){1,4}$",
            description="JSON pointer into the application",
            examples=["/stores/1/address"],
        ),
    ]
    note: Annotated[str, Meta(min_length=1, max_length=300, examples=["Which entrance?"])]


Step = Literal["verify_account", "sign"]


class Application(Struct, frozen=True, kw_only=True):
    """An application as it stands; people, contacts and account numbers are shown masked."""

    id: str
    kind: Kind
    status: ApplicationStatus
    reason: Annotated[str, Meta(description="What was said at the last change of status")]
    questions: Annotated[list[Question], Meta(description="What the bank asked in the present round")]
    round: Annotated[int, Meta(description="How often the bank asked for more")]
    steps: Annotated[list[Step], Meta(description="What you still have to do after the approval")]
    merchant_id: Annotated[str | None, Meta(description="The merchant that approval made")]
    licence: Licence | None
    legal_representative: ShownPerson | None
    owners: list[ShownPerson]
    contact: ShownContact | None
    short_name: str | None
    city: str | None
    mcc: str | None
    settlement: ShownSettlement | None
    stores: list[StoreScene]
    online: OnlineScene | None
    created_at: Time
    updated_at: Time
    submitted_at: Time | None
    decided_at: Time | None


class Applicant(Struct, frozen=True, kw_only=True):
    """A new application and who may go on with it: sign in at `/oauth/token` as `client_id` with key `key_id`."""

    client_id: ClientId
    key_id: KeyId
    application: Application


class ApplicationFault(Struct, frozen=True, kw_only=True):
    """One thing to correct before submitting."""

    pointer: Annotated[str, Meta(examples=["/licence/credit_code"])]
    code: Annotated[str, Meta(examples=["credit_code_check_digit"])]
    detail: str


class Precheck(Struct, frozen=True, kw_only=True):
    """All that keeps an application from being submitted."""

    passes: bool
    faults: list[ApplicationFault]


class Withdrawal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an application is taken back."""

    reason: Reason


class Terms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What taking the wallet costs, and the largest single payment, if there is to be a limit."""

    fee_basis_points: Annotated[int, Meta(ge=0, le=1000, description="1 is 0.01 %", examples=[38])]
    payment_limit: PositiveAmount | None = None


class PlaceTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a store or terminal has of its own; null is the fee of the level above, and no further limit."""

    fee_basis_points: Annotated[int, Meta(ge=0, le=1000, description="1 is 0.01 %", examples=[30])] | None
    payment_limit: PositiveAmount | None


class Case(Struct, frozen=True, kw_only=True):
    """An application as the bank's people see it; still masked.

    Attributes:
        same_company: other applications under the same credit code.
        override_by: who let a credit code pass that breaks the standard; cannot approve the case.
        bulk_id: the file it came in, which is reviewed as one case.
    """

    application: Application
    applicant_id: str
    reviewer_id: str | None
    approver_id: str | None
    terms: Terms | None
    same_company: list[str]
    override_by: str | None
    bulk_id: str | None


class ApplicationQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of one's own applications."""

    cursor: Annotated[str, next_id("app")] | None = None


class CaseQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which applications to list, oldest first."""

    cursor: Annotated[str, next_id("app")] | None = None
    status: ApplicationStatus = "submitted"


class Decision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an operator asks for more, or turns an application down; the applicant reads it."""

    reason: Reason


class MoreWanted(Decision, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the applicant should answer: in words, and field by field."""

    questions: Annotated[list[Question], Meta(max_length=30)] = []


class ApprovalRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An approval of the very terms that the reviewer proposed, as the approver saw them."""

    terms: Terms
    reason: Annotated[str, Meta(max_length=500)] = ""
