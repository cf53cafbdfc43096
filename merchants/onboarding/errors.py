"""What can go wrong on the way to becoming a merchant."""

from merchants.errors import MerchantsError
from merchants.lifecycle import Status
from merchants.onboarding.precheck import Fault


class ApplicationNotFound(MerchantsError):
    """You have no application with this id; check the id."""


class ApplicationCannotMove(MerchantsError):
    """The application's present status does not allow this; read it again and see its status."""

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.application_status = status


class ApplicationFaulty(MerchantsError):
    """The pre-check found faults, all of which are listed; correct them with PATCH and submit again."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(*(fault.code for fault in faults))
        self.faults = faults


class KindHasNoSubMerchants(MerchantsError):
    """Only a mall has tenants and only a platform has sellers; this merchant has no sub-merchants."""


class DuplicateApplication(MerchantsError):
    """You have already applied for a sub-merchant with this credit code; find that application instead."""

    pointer = "/licence/credit_code"


class CompanyIsPartner(MerchantsError):
    """A company with this credit code is a partner already; reject the application, or close that partner first."""


class SamePerson(MerchantsError):
    """Whoever took the case, or asked for it, cannot approve it; another approver has to look at it."""


class NotTheReviewer(MerchantsError):
    """Only the reviewer who took the case proposes its terms."""


class TermsChanged(MerchantsError):
    """The proposed terms are not those you approve; read the application again and see its terms."""


class LimitInAnotherCurrency(MerchantsError):
    """A payment limit is in the currency the merchant settles in, which is CNY; send it in that."""

    pointer = "/terms/payment_limit/currency"


class DocumentKindUnknown(MerchantsError):
    """There is no such kind of document; the kinds are listed where documents are described."""


class TooManyDocuments(MerchantsError):
    """There are 60 papers already, more than anybody needs; put this one in the place of another."""


class DocumentNotFound(MerchantsError):
    """This case has no document with this id, or its content has been erased."""


class DocumentTypeDiffers(MerchantsError):
    """The file is not what its Content-Type says, or no JPEG, PNG or PDF at all; send it as what it is."""


class DocumentUnreadable(MerchantsError):
    """The file cannot be opened; see `why`, and export or scan it again."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class CreditCodeInOrder(MerchantsError):
    """The credit code keeps the rules, so there is nothing to let pass."""


class VerificationUnderway(MerchantsError):
    """Credits are on their way, or wait for your answer; read the verification."""


class VerificationNotReady(MerchantsError):
    """There are no credits to name the sum of: they are still on their way, or their time is over; read it."""


class TooManyAccountTries(MerchantsError):
    """This account was tried three times within 30 days; name another one, or wait.

    Wrong sums, unanswered credits and credits the account refused all count, whoever applied with it.
    """


class AgreementNotSigned(MerchantsError):
    """The signature does not hold; see `why`, sign exactly the statement that the agreement shows."""

    pointer = "/jws"

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class BulkNotFound(MerchantsError):
    """You have no bulk file with this id; check the id."""


class BulkCannotMove(MerchantsError):
    """The file's present state does not allow this; read it again and see its state."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.bulk_state = str(state)


class BulkFileUnreadable(MerchantsError):
    """The file cannot be read as CSV or JSON lines; see `why`. Nothing of it was taken."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class BulkNeedsSteps(MerchantsError):
    """The bank asks sub-merchants for steps after the approval; review these applications one by one.

    `SUB_MERCHANT_STEPS` is set; a file's applications are admitted together only where it is empty.
    """


class ChangeNotFound(MerchantsError):
    """You have no change request with this id; check the id."""


class ChangeCannotMove(MerchantsError):
    """The request's present status does not allow this; read it again and see its status."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.change_status = str(status)


class ChangeUnderway(MerchantsError):
    """A change of this merchant waits for its decision; withdraw it, or wait."""


class PermitNotShown(MerchantsError):
    """The new trade needs a permit and none was shown; upload it as the request's document `qualification`.

    Nobody can take or approve it before; ask its partner for the permit, or reject it.
    """

    pointer = "/documents/qualification"


class NothingToChange(MerchantsError):
    """No section would be other than it is, or the credit code would be another; that is another company."""


class RecordChanged(MerchantsError):
    """The record is not the one this was asked against; reject it, and let it be asked again."""
