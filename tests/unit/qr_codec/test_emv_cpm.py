import base64
import contextlib
import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qr.emv_cpm import (
    CpmCode,
    CpmRefused,
    DataObject,
    FaultKind,
    PoiData,
    account_number,
    build,
    looks_like_cpm,
    parse,
)
from qr.emv_cpm.ber_tlv import Placed, read_objects, write_objects

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "emv.json").read_text())["cpm"][0]
VERSION = "8505" + b"CPV01".hex()
ACCOUNT = "4F07A0000000555555" + "5A081234567890123458"


def encoded(hex_text: str) -> str:
    return base64.b64encode(bytes.fromhex(hex_text)).decode()


def template(tag: str, inside: str) -> str:
    return f"{tag}{len(inside) // 2:02X}{inside}"


def faults_of(text: str) -> list[tuple[str, str, int]]:
    with pytest.raises(CpmRefused) as refused:
        parse(text)
    return [(str(fault.kind), fault.tag, fault.position) for fault in refused.value.faults]


def test_the_published_payload_is_read_and_written_again() -> None:
    code = parse(VECTOR["payload"])
    inside = VECTOR["decoded"]["61"]
    assert [(one.tag, one.value.hex().upper()) for one in code.applications[0].objects] == list(
        inside.items()
    )
    assert build(code) == VECTOR["payload"]
    assert looks_like_cpm(VECTOR["payload"])
    assert account_number(code) == "1234567890123458"


def test_two_applications_common_data_and_opaque_templates_are_kept() -> None:
    opaque = DataObject("63", bytes.fromhex("DF01020102"))
    first = PoiData((DataObject("4F", b"\xa0\0\0\0\1"), opaque))
    second = PoiData((DataObject("4F", b"\xa0\0\0\0\2"), DataObject("5F50", b"https://x" * 20)))
    code = CpmCode(
        applications=(first, second),
        common=PoiData((DataObject("5A", bytes.fromhex("2312345678901234567F")), DataObject("64", b"\1\2"))),
        others=(DataObject("DF8101", b"x" * 300),),
    )
    assert parse(build(code)) == code
    assert account_number(code) == "2312345678901234567"


def test_more_than_512_bytes_decode() -> None:
    code = CpmCode(
        applications=(PoiData((DataObject("4F", b"\xa0\0\0\0\1"), DataObject("5A", b"\x12"))),),
        others=(DataObject("70", b"x" * 2000),),
    )
    assert parse(build(code)) == code


SPOILT = [
    ("", FaultKind.WRONG_VALUE, "85", 0),
    ("8505" + b"CPV02".hex() + template("61", ACCOUNT), FaultKind.WRONG_VALUE, "85", 0),
    (VERSION, FaultKind.MISSING, "61", 7),
    (VERSION + template("61", ACCOUNT) * 3, FaultKind.DUPLICATE, "61", 49),
    (VERSION + template("62", ACCOUNT) + template("61", ACCOUNT), FaultKind.OUT_OF_ORDER, "61", 28),
    (VERSION + template("61", "5A0112"), FaultKind.MISSING, "61.4F", 7),
    (VERSION + template("61", "4F05A000000001"), FaultKind.MISSING, "61.57", 7),
    (VERSION + template("61", "4F01A0" + "5A0112"), FaultKind.WRONG_LENGTH, "61.4F", 9),
    (VERSION + template("61", ACCOUNT + "5A0112"), FaultKind.DUPLICATE, "61.5A", 28),
    (VERSION + template("61", "4F05A000000001" + "5A011A"), FaultKind.WRONG_VALUE, "61.5A", 16),
    (VERSION + template("61", ACCOUNT + "500499"), FaultKind.TRUNCATED, "61.50", 28),
    (VERSION + template("61", ACCOUNT + "5080"), FaultKind.LENGTH_MALFORMED, "61.50", 28),
    (VERSION + template("61", ACCOUNT + "5083000001AA"), FaultKind.LENGTH_MALFORMED, "61.50", 28),
    (VERSION + template("61", ACCOUNT + "00"), FaultKind.TAG_MALFORMED, "61", 28),
    (VERSION + template("61", ACCOUNT) + "9FFFFFFF01AA", FaultKind.TAG_MALFORMED, "", 28),
    (VERSION + "61", FaultKind.TRUNCATED, "61", 7),
    (VERSION + "6182", FaultKind.TRUNCATED, "61", 7),
]


@pytest.mark.parametrize(("content", "kind", "tag", "position"), SPOILT)
def test_every_fault_is_named_with_its_tag_and_place(
    content: str, kind: FaultKind, tag: str, position: int
) -> None:
    assert (kind, tag, position) in faults_of(encoded(content))


@pytest.mark.parametrize("text", ["!", "hQVDUFYwMWE", "hQVDUFYwMQ==最", "hQVDUFYwMR==", "x" * 3000])
def test_what_is_no_base64_of_a_symbol_is_refused(text: str) -> None:
    assert faults_of(text)[0][0] in {FaultKind.NOT_BASE64, FaultKind.PAYLOAD_TOO_LONG}


TAGS = st.sampled_from(["50", "5F2D", "9F08", "DF01", "DF8101", "C1"])
OBJECTS = st.lists(st.builds(DataObject, TAGS, st.binary(max_size=400)), max_size=6)


@settings(max_examples=80, deadline=None)
@given(OBJECTS)
def test_ber_tlv_reads_what_it_writes(objects: list[DataObject]) -> None:
    found = list(read_objects(write_objects(objects)))
    assert [one.data for one in found if isinstance(one, Placed)] == objects


@settings(max_examples=80, deadline=None)
@given(
    st.binary(min_size=5, max_size=16),
    st.text("0123456789", min_size=1, max_size=19),
    st.dictionaries(st.sampled_from(["DF01", "DF02", "5F50", "C1"]), st.binary(max_size=200), max_size=4),
)
def test_what_is_built_is_read_back_unchanged(aid: bytes, account: str, more: dict[str, bytes]) -> None:
    padded = bytes.fromhex(account + "F" * (len(account) % 2))
    objects = (DataObject("4F", aid), DataObject("5A", padded), *(DataObject(*one) for one in more.items()))
    code = CpmCode(applications=(PoiData(objects),))
    assert parse(build(code)) == code
    assert account_number(code) == account


def test_random_and_bit_flipped_payloads_raise_only_the_parsers_own_error() -> None:
    random_ = random.Random(5)
    whole = base64.b64decode(VECTOR["payload"])
    for _ in range(2000):
        flipped = bytearray(whole)
        for _ in range(random_.randrange(1, 4)):
            flipped[random_.randrange(len(whole))] ^= 1 << random_.randrange(8)
        for content in (bytes(flipped), random_.randbytes(random_.randrange(60))):
            with contextlib.suppress(CpmRefused):
                parse(base64.b64encode(content).decode())
