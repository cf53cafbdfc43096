import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from qr.emv_mpm import (
    AdditionalData,
    FaultKind,
    FixedTip,
    Initiation,
    LanguageTemplate,
    Mode,
    MpmCode,
    MpmRefused,
    PercentTip,
    PrimitiveAccount,
    PromptedTip,
    Template,
    build,
    parse,
)
from qr.fault import Fault


def ans(longest: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=longest)


def precomposed(longest: int) -> st.SearchStrategy[str]:
    printable = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=longest)
    return printable.map(lambda text: unicodedata.normalize("NFC", text)[:longest]).filter(
        lambda text: unicodedata.is_normalized("NFC", text)
    )


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


def maybe(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | strategy


def templates(
    first: int, last: int, text: st.SearchStrategy[str], most: int
) -> st.SearchStrategy[list[Template]]:
    fields = st.dictionaries(st.integers(1, 99).map("{:02d}".format), text, max_size=3).map(
        lambda inside: tuple(inside.items())
    )
    one = st.builds(Template, tag=st.integers(first, last).map("{:02d}".format), gui=ans(20), fields=fields)
    return st.lists(one, max_size=most, unique_by=lambda template: template.tag)


AMOUNTS = st.integers(1, 10**9).map(lambda minor: f"{minor // 100}.{minor % 100:02d}")
TIPS = st.one_of(
    st.just(PromptedTip()),
    AMOUNTS.map(FixedTip),
    st.integers(1, 9999).map(lambda basis: PercentTip(f"{basis // 100:02d}.{basis % 100:02d}")),
)
PRIMITIVES = st.lists(
    st.builds(PrimitiveAccount, tag=st.integers(2, 25).map("{:02d}".format), value=ans(30)),
    min_size=1,
    max_size=2,
    unique_by=lambda account: account.tag,
)
ADDITIONAL = st.builds(
    AdditionalData,
    bill_number=precomposed(20),
    customer_label=maybe(st.just("***")),
    consumer_data_request=maybe(st.sampled_from(["A", "ME", "EMA"])),
    templates=templates(50, 99, ans(5), 1).map(tuple),
)
CODES = st.builds(
    MpmCode,
    accounts=st.tuples(PRIMITIVES, templates(26, 51, ans(15), 2)).map(lambda both: (*both[0], *both[1])),
    mcc=digits(4),
    currency=digits(3),
    country=st.text("ABCXYZ", min_size=2, max_size=2),
    name=ans(25),
    city=ans(15),
    initiation=st.none() | st.sampled_from(Initiation),
    amount=maybe(AMOUNTS),
    tip=st.none() | TIPS,
    postal_code=maybe(ans(10)),
    additional=st.none() | ADDITIONAL,
    language=st.none()
    | st.builds(LanguageTemplate, language=st.just("ZH"), name=precomposed(25), city=maybe(precomposed(15))),
    templates=templates(80, 99, precomposed(20), 2).map(tuple),
)


def faults_of(payload: str) -> tuple[Fault, ...]:
    try:
        return parse(payload).faults
    except MpmRefused as refused:
        return refused.faults


def faults_building(code: MpmCode) -> set[str]:
    try:
        build(code)
    except MpmRefused as refused:
        return {str(fault.kind) for fault in refused.faults}
    return set()


@settings(max_examples=80, deadline=None)
@given(CODES)
def test_what_is_built_is_read_back_unchanged(code: MpmCode) -> None:
    """Drawn parts may not fit together into the 99 characters of a template or the 512 of a payload."""
    refused_for = faults_building(code)
    if refused_for:
        assert refused_for <= {FaultKind.TOO_LONG, FaultKind.PAYLOAD_TOO_LONG}
        return
    for mode in Mode:
        assert parse(build(code), mode).code == code


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200))
def test_faults_of_any_text_lie_inside_it(text: str) -> None:
    faults = faults_of(text)
    assert faults
    assert all(0 <= fault.position <= len(text) for fault in faults)
