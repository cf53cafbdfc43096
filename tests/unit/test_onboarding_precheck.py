from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace
from stdnum import luhn

from merchants.merchant import Kind
from merchants.onboarding.credit_code import CreditCodeFault, fault_of
from merchants.onboarding.particulars import Document, Form, OnlineScene, Particulars, StoreScene
from merchants.onboarding.precheck import WORDS, precheck
from tests.onboarded import a_company, a_credit_code, a_person

TODAY = date(2026, 3, 1)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def faults(particulars: Particulars, kind: Kind = Kind.SUPERMARKET) -> set[tuple[str, str]]:
    return {(fault.pointer, fault.code) for fault in precheck(particulars, kind=kind, today=TODAY)}


@pytest.mark.parametrize("kind", Kind)
def test_a_complete_application_of_every_kind_has_no_fault(kind: Kind) -> None:
    assert faults(a_company(), kind) == set()


def test_an_empty_draft_is_told_of_everything_it_lacks_at_once() -> None:
    assert faults(Particulars()) == {
        (f"/{section}", "missing")
        for section in (
            "licence",
            "legal_representative",
            "contact",
            "short_name",
            "city",
            "mcc",
            "settlement",
            "stores",
        )
    }


@given(st.sets(st.sampled_from([field.name for field in fields(Particulars)])))
def test_leaving_sections_out_never_hides_another_fault(left_out: set[str]) -> None:
    particulars = a_company(mcc="7995")
    partial = particulars.changed({name: getattr(Particulars(), name) for name in left_out})
    found = faults(partial)
    assert (("/mcc", "mcc_not_accepted") in found) == ("mcc" not in left_out)
    assert {pointer for pointer, code in found if code == "missing"} <= {f"/{name}" for name in left_out}


def test_every_fault_of_a_bad_application_is_listed_together() -> None:
    good = a_company()
    assert good.licence is not None
    assert good.settlement is not None
    bad = replace(
        good,
        licence=replace(good.licence, credit_code="914403001922038217", valid_until=date(2020, 1, 1)),
        legal_representative=a_person(document_number="440305198001010012"),
        owners=(a_person(), a_person(valid_until=date(2026, 2, 28))),
        mcc="0042",
        settlement=replace(good.settlement, account_name="别家公司", branch_number="102584001258"),
        stores=(StoreScene(name="南山店", area_code="999999", address="深南大道"),),
        online=OnlineScene(domain="https://shop.example"),
    )
    assert faults(bad) == {
        ("/licence/credit_code", "credit_code_check_digit"),
        ("/licence/valid_until", "licence_expired"),
        ("/legal_representative/document_number", "resident_id_invalid"),
        ("/owners/1/valid_until", "document_expired"),
        ("/mcc", "mcc_malformed"),
        ("/settlement/account_name", "account_name_differs"),
        ("/settlement/branch_number", "branch_of_another_bank"),
        ("/stores/0/area_code", "area_code_unknown"),
        ("/online/domain", "domain_malformed"),
    }


@pytest.mark.parametrize("code", ["914403001922038216", "91330100799655058B", "91110108551385082Q"])
def test_known_credit_codes_are_valid(code: str) -> None:
    assert fault_of(code) is None


@given(st.integers(0, 99_999_999), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_in_a_credit_code_is_always_noticed(serial: int, at: int, other: str) -> None:
    code = a_credit_code(serial)
    assert fault_of(code) is None
    changed = code[:at] + other + code[at + 1 :]
    assert (fault_of(changed) is None) == (changed == code)


@given(st.text(max_size=20))
def test_any_text_in_place_of_a_credit_code_is_answered(text: str) -> None:
    assert fault_of(text) is None or isinstance(fault_of(text), CreditCodeFault)


def test_a_wrong_organisation_code_is_noticed_under_a_right_check_digit() -> None:
    assert fault_of(_with_check_digit("91440300192203822")) is CreditCodeFault.ORGANISATION


def _with_check_digit(body: str) -> str:
    return next(body + last for last in ALPHABET if fault_of(body + last) is not CreditCodeFault.CHECK_DIGIT)


def test_a_sole_trader_may_be_paid_on_the_owners_account_and_is_no_company() -> None:
    company = a_company()
    assert company.licence is not None
    assert company.settlement is not None
    licence = replace(
        company.licence,
        form=Form.SOLE_TRADER,
        name="南山区老王面馆",
        credit_code=a_credit_code(prefix="92440300"),
    )
    trader = replace(
        company, licence=licence, owners=(), settlement=replace(company.settlement, account_name="张三")
    )
    assert faults(trader) == set()
    assert faults(replace(trader, licence=replace(licence, name="老王面馆有限公司"))) == {
        ("/licence/name", "sole_trader_named_company")
    }
    assert ("/licence/credit_code", "credit_code_of_another_form") in faults(
        replace(trader, licence=replace(licence, credit_code=a_credit_code()))
    )


def test_an_account_name_may_differ_in_spaces_and_width_of_brackets_alone() -> None:
    company = a_company()
    assert company.licence is not None
    assert company.settlement is not None
    licence = replace(company.licence, name="鹏城（深圳）有限公司")
    same = replace(company.settlement, account_name="鹏城(深圳) 有限公司")
    other = replace(company.settlement, account_name="鹏城(广州)有限公司")
    assert faults(replace(company, licence=licence, settlement=same)) == set()
    assert faults(replace(company, licence=licence, settlement=other)) == {
        ("/settlement/account_name", "account_name_differs")
    }


@given(st.integers(0, 10**13 - 1))
def test_a_card_number_is_never_taken_for_an_account(number: int) -> None:
    company = a_company()
    assert company.settlement is not None
    body = f"62{number:013d}"
    card = body + luhn.calc_check_digit(body)
    settlement = replace(company.settlement, account_number=card)
    assert faults(replace(company, settlement=settlement)) == {("/settlement/account_number", "card_number")}


def test_a_document_is_valid_through_its_last_day() -> None:
    assert faults(a_company(legal_representative=a_person(valid_until=TODAY))) == set()
    yesterday = TODAY - timedelta(days=1)
    assert faults(a_company(legal_representative=a_person(valid_until=yesterday))) == {
        ("/legal_representative/valid_until", "document_expired")
    }


def test_a_foreigners_passport_needs_no_chinese_check_digit() -> None:
    person = a_person(document=Document.PASSPORT, document_number="K1234567")
    assert faults(a_company(legal_representative=person)) == set()


def test_a_seller_needs_a_site_or_an_app_and_no_store() -> None:
    assert faults(a_company(stores=(), online=OnlineScene(app_name="鹏城")), Kind.SELLER) == set()
    assert faults(a_company(stores=(), online=OnlineScene()), Kind.SELLER) == {("/online/domain", "missing")}
    assert faults(a_company(stores=(), online=None), Kind.SELLER) == {("/online", "missing")}


def test_every_fault_has_its_words() -> None:
    assert all(words.endswith(".") for words in WORDS.values())
