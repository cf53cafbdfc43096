"""The pre-check: every fault of an application at once, so that an applicant corrects it once.

Pure: the same rules answer `precheck` on a draft and stand before `submit`. What a single field's text may
look like is the wire's matter; here is what it means.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from stdnum import luhn
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from merchants.area_code import is_area_code
from merchants.merchant import Kind
from merchants.onboarding.banks import is_of_bank
from merchants.onboarding.credit_code import CreditCodeFault, fault_of, is_of_sole_trader
from merchants.onboarding.particulars import Document, Form, Particulars, Person

WORDS: dict[str, str] = {
    "missing": "This is needed before the application can be submitted.",
    CreditCodeFault.MALFORMED: "A credit code has 18 digits and capitals without I, O, S, V, Z.",
    CreditCodeFault.CHECK_DIGIT: "The check digit of the credit code is wrong; copy it again.",
    CreditCodeFault.ORGANISATION: "The organisation code inside the credit code is wrong; copy it again.",
    "credit_code_of_another_form": "A sole trader's credit code begins with 92, and nobody else's does.",
    "sole_trader_named_company": "A sole trader's name does not end in 公司; correct the name or the form.",
    "period_reversed": "The licence ends before it begins.",
    "licence_not_yet_valid": "The licence is not valid yet.",
    "licence_expired": "The licence has expired; renew it first.",
    "resident_id_invalid": "This is no resident identity number; copy its 18 characters again.",
    "document_expired": "The identity document has expired; give a valid one.",
    "mcc_malformed": "A merchant category code has four digits from 0700 (ISO 18245).",
    "mcc_not_accepted": "Cash, money transfer, quasi-cash and gambling cannot take the wallet.",
    "account_name_differs": "The account must be in the licence's name, or in the sole trader's own.",
    "card_number": "Give the number of the settlement account; card numbers are never taken.",
    "branch_number_malformed": "A branch number has twelve digits.",
    "branch_of_another_bank": "The branch number belongs to another bank than the one named.",
    "area_code_unknown": "This is no county's code by GB/T 2260.",
    "document_missing": "Upload this document first.",
    "qualification_missing": "This trade needs a permit; upload it as the document `qualification`.",
    "domain_malformed": "Give the bare domain, for example shop.example.cn.",
}

_FIRST_MCC = 700
# Cash, money transfer, quasi-cash, gambling: a wallet payment would be turned into money again.
_CLOSED_MCCS = frozenset({"4829", "6010", "6011", "6050", "6051", "7995"})
_DOMAIN = re.compile(
    r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63}|xn--[a-z0-9-]{2,59})"
)
_RESIDENT_ID = re.compile(r"[1-9][0-9]{16}[0-9X]")
# China UnionPay, and the sixteen digits of Visa and Mastercard.
_CARD = re.compile(r"62\d{14,17}|[45]\d{15}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to correct: where (JSON pointer into the application), which, and in words."""

    pointer: str
    code: str

    @property
    def detail(self) -> str:
        return WORDS[self.code]


CREDIT_CODE_FAULTS = frozenset(CreditCodeFault)


def precheck(particulars: Particulars, *, kind: Kind, today: date) -> tuple[Fault, ...]:
    """All that keeps this application from being submitted, documents apart; empty when nothing does."""
    return tuple(
        fault
        for rule in (_sections, _licence, _people, _trade, _settlement, _scenes)
        for fault in rule(particulars, kind, today)
    )


def _sections(particulars: Particulars, kind: Kind, _today: date) -> Iterator[Fault]:
    needed = ["licence", "legal_representative", "contact", "short_name", "city", "mcc", "settlement"]
    needed += ["online"] if kind.sells_online else ["stores"]
    # A company's ultimate owners must be known; a sole trader is its own.
    if particulars.licence is not None and particulars.licence.form is Form.COMPANY:
        needed.append("owners")
    for section in needed:
        if not getattr(particulars, section):
            yield Fault(f"/{section}", "missing")


def _licence(particulars: Particulars, _kind: Kind, today: date) -> Iterator[Fault]:
    licence = particulars.licence
    if licence is None:
        return
    is_sole_trader = licence.form is Form.SOLE_TRADER
    code_fault = fault_of(licence.credit_code)
    if code_fault:
        yield Fault("/licence/credit_code", code_fault)
    elif is_of_sole_trader(licence.credit_code) != is_sole_trader:
        yield Fault("/licence/credit_code", "credit_code_of_another_form")
    if is_sole_trader and _plain(licence.name).endswith("公司"):
        yield Fault("/licence/name", "sole_trader_named_company")
    if today < licence.valid_from:
        yield Fault("/licence/valid_from", "licence_not_yet_valid")
    if licence.valid_until is not None and licence.valid_until < licence.valid_from:
        yield Fault("/licence/valid_until", "period_reversed")
    elif licence.valid_until is not None and licence.valid_until < today:
        yield Fault("/licence/valid_until", "licence_expired")


def _people(particulars: Particulars, _kind: Kind, today: date) -> Iterator[Fault]:
    if particulars.legal_representative is not None:
        yield from _person(particulars.legal_representative, "/legal_representative", today)
    for index, owner in enumerate(particulars.owners):
        yield from _person(owner, f"/owners/{index}", today)


def _person(person: Person, pointer: str, today: date) -> Iterator[Fault]:
    if person.document is Document.RESIDENT_ID and not _is_resident_id(person.document_number):
        yield Fault(f"{pointer}/document_number", "resident_id_invalid")
    if person.valid_until is not None and person.valid_until < today:
        yield Fault(f"{pointer}/valid_until", "document_expired")


def _trade(particulars: Particulars, _kind: Kind, _today: date) -> Iterator[Fault]:
    mcc = particulars.mcc
    if mcc is None:
        return
    if not re.fullmatch(r"[0-9]{4}", mcc) or int(mcc) < _FIRST_MCC:
        yield Fault("/mcc", "mcc_malformed")
    elif mcc in _CLOSED_MCCS:
        yield Fault("/mcc", "mcc_not_accepted")


def _settlement(particulars: Particulars, _kind: Kind, _today: date) -> Iterator[Fault]:
    settlement = particulars.settlement
    if settlement is None:
        return
    holders = _account_holders(particulars)
    if holders and _plain(settlement.account_name) not in holders:
        yield Fault("/settlement/account_name", "account_name_differs")
    if _CARD.fullmatch(settlement.account_number) and luhn.is_valid(settlement.account_number):
        yield Fault("/settlement/account_number", "card_number")
    if not re.fullmatch(r"[0-9]{12}", settlement.branch_number):
        yield Fault("/settlement/branch_number", "branch_number_malformed")
    elif not is_of_bank(settlement.branch_number, settlement.bank_name):
        yield Fault("/settlement/branch_number", "branch_of_another_bank")


def _account_holders(particulars: Particulars) -> set[str]:
    """Whose account it may be; empty while the licence is missing, which is a fault of its own."""
    if particulars.licence is None:
        return set()
    holders = {_plain(particulars.licence.name)}
    if particulars.licence.form is Form.SOLE_TRADER and particulars.legal_representative is not None:
        holders.add(_plain(particulars.legal_representative.name))
    return holders


def _scenes(particulars: Particulars, kind: Kind, _today: date) -> Iterator[Fault]:
    for index, store in enumerate(particulars.stores):
        if not is_area_code(store.area_code):
            yield Fault(f"/stores/{index}/area_code", "area_code_unknown")
    online = particulars.online
    if online is None:
        return
    if kind.sells_online and not (online.domain or online.app_name):
        yield Fault("/online/domain", "missing")
    if online.domain is not None and not _DOMAIN.fullmatch(online.domain):
        yield Fault("/online/domain", "domain_malformed")


def _is_resident_id(number: str) -> bool:
    """By GB 11643: check digit and birth date.

    `ric.validate` asks besides that the county existed in the year of birth, which is wrong for whoever
    registered later: numbers are given out since 1984 by the county of that day.
    """
    if not _RESIDENT_ID.fullmatch(number) or number[-1] != ric.calc_check_digit(number):
        return False
    try:
        return bool(ric.get_birth_date(number))
    except ValidationError:
        return False


def _plain(name: str) -> str:
    """Names compare without spaces and width of brackets, which every form prints differently."""
    return "".join(unicodedata.normalize("NFKC", name).split())
