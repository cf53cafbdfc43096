"""What is wrong with one field, in words for whoever typed it: by the code that the API gives, on whichever page."""

from collections.abc import Mapping
from typing import Final, Protocol

from gateway.pages.texts import mark


class Faulty(Protocol):
    """A fault of a request, an application or a line of a file."""

    @property
    def code(self) -> str: ...

    @property
    def detail(self) -> str: ...


FAULTS: Final[Mapping[str, str]] = {
    "missing": mark("This is needed."),
    "wrong_format": mark("This is not written as it has to be."),
    "too_short": mark("This is too short."),
    "too_long": mark("This is too long."),
    "too_small": mark("This is too small."),
    "too_large": mark("This is too large."),
    "number_too_large": mark("This is too large."),
    "not_allowed": mark("This cannot be chosen."),
    "unknown_field": mark("This does not belong here."),
    "nul_character": mark("This holds a character that no text has."),
    "lone_surrogate": mark("This holds a character that no text has."),
    "line_malformed": mark("The line has another number of cells than the header, or is no JSON object."),
    "wrong_type": mark("This is needed."),
    "credit_code_malformed": mark("A credit code has 18 digits and capitals without I, O, S, V, Z."),
    "credit_code_check_digit": mark("The check digit of the credit code is wrong; copy it again."),
    "credit_code_organisation": mark("The organisation code inside the credit code is wrong; copy it again."),
    "credit_code_of_another_form": mark(
        "A sole trader's credit code begins with 92, and nobody else's does."
    ),
    "sole_trader_named_company": mark("A sole trader's name does not end in 公司."),
    "period_reversed": mark("The licence ends before it begins."),
    "licence_not_yet_valid": mark("The licence is not valid yet."),
    "licence_expired": mark("The licence has expired; renew it first."),
    "resident_id_invalid": mark("This is no resident identity number; copy its 18 characters again."),
    "document_expired": mark("The identity document has expired; give a valid one."),
    "mcc_malformed": mark("A merchant category code has four digits from 0700."),
    "mcc_not_accepted": mark("This trade cannot take the wallet."),
    "account_name_differs": mark("The account must be in the licence's name, or in the sole trader's own."),
    "card_number": mark("Give the number of the account, never a card's."),
    "branch_number_malformed": mark("A branch number has twelve digits."),
    "branch_of_another_bank": mark("The branch number belongs to another bank than the one named."),
    "area_code_unknown": mark("This is no county's code by GB/T 2260."),
    "document_missing": mark("Upload this document first."),
    "qualification_missing": mark("This trade needs a permit; upload it."),
    "domain_malformed": mark("Give the bare domain, for example shop.example.cn."),
}


def of_fault(fault: Faulty) -> str:
    """What is said beside a field; the API's own words where we have none for people."""
    return FAULTS.get(fault.code, fault.detail)
