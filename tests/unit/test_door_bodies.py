"""The fast judge of bodies (msgspec) and the thorough one (the schema) say the same."""

import json
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from gateway.door import json_text
from gateway.door.errors import BodyMalformed
from gateway.door.faults import finder_of
from gateway.wire.money import Amount
from gateway.wire.time import Time
from tests.doors import A_NOTE, NewNote

_FINDER = finder_of(NewNote)

# Values that are nearly right, so that every rule is met and broken.
_TEXTS = st.sampled_from(["", "a", "milk", "CNY", "cny", "CNY\n", "red", "blue", "街", "a.b", "A", "x" * 41])
_NUMBERS = st.sampled_from([0, 1, -1, 250, 10**12, 10**12 + 1, 2**63 - 1, 1.0, 250.5, 0.0, True])
_TIMES = st.sampled_from(
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.123456+08:00",
        "2026-01-01T00:00:00",
        "2026-01-01",
        "2026-02-30T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00+0800",
        "2026-01-01T00:00:00+24:00",
        "2016-12-31T23:59:60Z",
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:59:59-10:00",
        "soon",
    ]
)
_ANYTHING = st.one_of(st.none(), _TEXTS, _NUMBERS, _TIMES, st.just([]), st.just({}))


def near(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with these fields, each sometimes missing or something else, and sometimes one too many."""
    mixed = {name: st.one_of(value, value, value, _ANYTHING) for name, value in fields.items()}
    return st.fixed_dictionaries({}, optional={**mixed, "surplus": st.booleans()})


_PLACES = st.one_of(
    near(kind=st.just("street"), name=_TEXTS, number=_NUMBERS),
    near(kind=st.just("online"), domain=_TEXTS),
    near(kind=st.sampled_from(["cloud", "street", "online"])),
)
_NOTES = near(
    title=_TEXTS,
    amount=near(amount_minor=_NUMBERS, currency=_TEXTS),
    place=_PLACES,
    labels=st.dictionaries(_TEXTS, st.one_of(_TEXTS, _TEXTS, _NUMBERS), max_size=6),
    tags=st.lists(st.one_of(_TEXTS, _ANYTHING), max_size=4),
    due_at=_TIMES,
    colour=_TEXTS,
)


def fits_type(document: Any) -> bool:
    try:
        msgspec.convert(document, NewNote)
    except msgspec.ValidationError:
        return False
    return True


@settings(max_examples=400, deadline=None)
@given(_NOTES)
def test_both_judges_agree_on_every_body(note: dict[str, Any]) -> None:
    raw = json.dumps(note).encode()
    document = json_text.parse(raw)
    faults = _FINDER.find(document)
    if not faults:
        assert fits_type(document)
    elif fits_type(document):  # only where the reader asks the schema too: a last line break, a time
        assert all(one.code == "wrong_format" for one in faults)
        assert b"\\" in raw or [one.pointer for one in faults] == ["/due_at"]
    if fits_type(document):
        assert _FINDER.accepts(document) == (not faults)


def parsed_or_code(raw: bytes) -> Any:
    """The document, or the code of the one fault it was refused for."""
    try:
        return json_text.parse(raw)
    except BodyMalformed as error:
        [fault] = error.faults
        return fault.code


def test_a_good_body_has_no_fault() -> None:
    assert _FINDER.find(msgspec.to_builtins(A_NOTE, str_keys=True)) == []


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63) + 1, 2**63 - 1), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_JSON)
def test_json_is_read_as_it_was_meant_or_refused_for_what_a_database_cannot_hold(document: Any) -> None:
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False)):
        assert parsed_or_code(text.encode()) in (document, "nul_character" if "\\u0000" in text else document)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
def test_no_bytes_make_the_parser_fail_otherwise(raw: bytes) -> None:
    parsed_or_code(raw)


@pytest.mark.parametrize(("depth", "fits"), [(16, True), (17, False), (5_000, False), (100_000, False)])
def test_depth_ends_at_sixteen(depth: int, *, fits: bool) -> None:
    for raw in (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth):
        assert (parsed_or_code(raw) != "too_deep") is fits


def test_a_fault_is_pointed_to_where_it_is() -> None:
    with pytest.raises(BodyMalformed) as caught:
        json_text.parse(rb'{"a/b": ["x", {"~": "\u0000"}]}')
    assert caught.value.faults[0].pointer == "/a~1b/1/~0"


class Both(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    either: Amount | int
    when: Time = datetime(2026, 1, 1, tzinfo=UTC)
    mode: Literal["a"] | None = None


def test_plain_unions_are_explained_by_the_branch_of_the_same_kind() -> None:
    finder = finder_of(Both)
    faults = finder.find({"either": {"amount_minor": -1, "currency": "CNY"}, "mode": "b"})
    assert [(one.pointer, one.code) for one in faults] == [
        ("/either/amount_minor", "too_small"),
        ("/mode", "not_allowed"),
    ]
    assert [one.code for one in finder.find({"either": "x"})] == ["wrong_type"]
