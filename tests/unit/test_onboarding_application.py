from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from merchants.lifecycle import TRANSITIONS, Status, leading_to
from merchants.merchant import Kind
from merchants.onboarding.application import Application
from merchants.onboarding.errors import ApplicationCannotMove
from merchants.onboarding.particulars import Particulars, revealed
from merchants.sealing import SealBroken
from tests.onboarded import SEALING, a_company, a_person

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def an_application(status: Status = Status.DRAFT) -> Application:
    return Application(
        id="app_1",
        applicant_id="cli_1",
        kind=Kind.MALL,
        status=status,
        version=1,
        particulars=a_company(),
        reason="",
        terms=None,
        reviewer_id=None,
        approver_id=None,
        merchant_id=None,
        created_at=NOW,
        updated_at=NOW,
        submitted_at=None,
        decided_at=None,
    )


class Life(RuleBasedStateMachine):
    """Any order of steps: those in the table are taken and counted, the others change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.application = an_application()
        self.path = [Status.DRAFT]

    @rule(to=st.sampled_from(Status))
    def step(self, to: Status) -> None:
        before = self.application
        if to in TRANSITIONS[before.status]:
            self.application = before.moved(to, reason="because")
            self.path.append(to)
        else:
            with pytest.raises(ApplicationCannotMove) as refused:
                before.moved(to, reason="because")
            assert refused.value.application_status is before.status

    @precondition(lambda self: not TRANSITIONS[self.application.status])
    @rule()
    def what_is_over_stays_over(self) -> None:
        assert self.application.status in {
            Status.REJECTED,
            Status.WITHDRAWN,
            Status.EXPIRED,
            Status.CLOSED,
        }

    @invariant()
    def version_counts_the_steps(self) -> None:
        assert self.application.version == len(self.path)

    @invariant()
    def nobody_is_active_without_review_and_approval(self) -> None:
        if self.application.status in {Status.ACTIVE, Status.SUSPENDED, Status.CLOSED}:
            assert {Status.SUBMITTED, Status.UNDER_REVIEW, Status.APPROVED} <= set(self.path)


TestLife = Life.TestCase


def test_the_table_has_a_line_for_every_state_and_every_state_is_reached() -> None:
    assert set(TRANSITIONS) == set(Status)
    assert {status for status in Status if not leading_to(status)} == {Status.DRAFT}


def test_whatever_was_submitted_can_be_withdrawn_until_it_is_decided() -> None:
    assert leading_to(Status.WITHDRAWN) == {
        Status.SUBMITTED,
        Status.UNDER_REVIEW,
        Status.NEEDS_MORE_INFO,
        Status.TO_BE_VERIFIED,
        Status.TO_BE_SIGNED,
    }


def test_sealed_particulars_open_for_their_own_application_alone() -> None:
    sealed = a_company().sealed(SEALING, owner="app_1")
    assert revealed(SEALING, sealed, owner="app_1").short_name == "鹏城百货"
    with pytest.raises(SealBroken):
        revealed(SEALING, sealed, owner="app_2")


def test_a_masked_view_shows_no_number_that_could_be_used() -> None:
    company = a_company()
    shown = msgspec.json.encode(company.masked()).decode()
    assert company.legal_representative is not None
    assert company.contact is not None
    assert company.settlement is not None
    for secret in (
        company.legal_representative.document_number,
        company.legal_representative.name,
        company.owners[0].name,
        company.contact.phone,
        company.contact.email,
        company.settlement.account_number,
    ):
        assert secret not in shown
    assert company.settlement.account_number[-4:] in shown


@given(st.text(min_size=1, max_size=40))
def test_masking_never_shows_more_than_a_third_of_a_document_number(number: str) -> None:
    masked = Particulars(legal_representative=a_person(document_number=number)).masked()
    assert masked.legal_representative is not None
    shown = masked.legal_representative.document_number.replace("****", "", 1)
    assert len(shown) <= len(number) / 3
