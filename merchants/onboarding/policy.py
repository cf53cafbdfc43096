"""How the bank takes merchants in: which steps follow the approval, and which text is signed."""

from dataclasses import dataclass

from merchants.merchant import Kind
from merchants.onboarding.agreement import AgreementText, read_text
from merchants.onboarding.application import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The steps in their order; a partner signs for its sub-merchants, so theirs may be fewer."""

    partner: tuple[Step, ...]
    sub_merchant: tuple[Step, ...]
    agreement: AgreementText

    def steps_of(self, kind: Kind) -> tuple[Step, ...]:
        return self.sub_merchant if kind.is_sub_merchant else self.partner


def read(*, partner: str, sub_merchant: str, agreement_file: str) -> Policy:
    """The policy that the settings name."""
    return Policy(
        partner=_steps(partner),
        sub_merchant=_steps(sub_merchant),
        agreement=read_text(agreement_file or None),
    )


def _steps(text: str) -> tuple[Step, ...]:
    """Named in any order, done in the one that the states have."""
    named = {one.strip() for one in text.split(",")}
    return tuple(step for step in Step if step in named)
