import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from qr.crc import crc16
from qr.emv_mpm import (
    AdditionalData,
    FaultKind,
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

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "emv.json").read_text())
MPM = VECTORS["mpm"]
TRANSPORT, REJECTED = MPM[0]["payload"], MPM[4]["payload"]

SHOP = MpmCode(
    initiation=Initiation.DYNAMIC,
    accounts=(Template(tag="26", gui="cn.example", fields=(("01", "123"),)),),
    mcc="5411",
    currency="156",
    country="CN",
    name="CORNER SHOP",
    city="BEIJING",
    amount="1.00",
)


def close(text: str) -> str:
    """The text as a payload with a right CRC."""
    return text + "6304" + crc16((text + "6304").encode())


def faults_of(payload: str, mode: Mode = Mode.STRICT) -> list[tuple[str, str, int]]:
    with pytest.raises(MpmRefused) as refused:
        parse(payload, mode)
    return [(str(fault.kind), fault.tag, fault.position) for fault in refused.value.faults]


def opened(code: MpmCode = SHOP) -> str:
    """A valid payload without its CRC, to be spoilt and closed again."""
    return build(code)[:-8]


@pytest.mark.parametrize("vector", VECTORS["crc16"], ids=lambda vector: vector["text"])
def test_the_crc_is_the_standards(vector: dict[str, str]) -> None:
    assert crc16(vector["text"].encode()) == vector["crc"]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("vector", MPM, ids=lambda vector: vector["source"])
def test_published_payloads_get_their_published_verdict(vector: dict[str, str], mode: Mode) -> None:
    payload = vector["payload"]
    assert payload.endswith(vector["crc"])
    if vector["verdict"] != "valid":
        assert (FaultKind.LENGTH_ZERO, "62", 92) in faults_of(payload, mode)
        return
    parsed = parse(payload, mode)
    assert parsed.faults == ()
    assert parse(build(parsed.code)).code == parsed.code


def test_the_standards_example_is_understood_whole() -> None:
    code = parse(TRANSPORT).code
    assert code.accounts == (
        Template(tag="29", gui="D15600000000", fields=(("05", "A93FO3230Q"),)),
        Template(tag="31", gui="D15600000001", fields=(("03", "12345678"),)),
    )
    assert (code.amount, code.tip, code.initiation) == ("23.72", PromptedTip(), Initiation.DYNAMIC)
    assert code.language == LanguageTemplate(language="ZH", name="最佳运输", city="北京")
    assert code.additional == AdditionalData(
        store_label="1234", customer_label="***", terminal_label="A6008667", consumer_data_request="ME"
    )
    assert code.templates == (Template(tag="91", gui="A011223344998877", fields=(("07", "12345678"),)),)


def test_building_the_standards_example_again_keeps_every_character() -> None:
    """The example has object 64 before 54; ours come in the order of their IDs, with nothing lost."""
    again = build(parse(TRANSPORT).code)
    assert sorted(one.value for one in parse(again).objects[:-1]) == sorted(
        one.value for one in parse(TRANSPORT).objects[:-1]
    )


def test_a_length_counts_characters_and_not_bytes() -> None:
    assert "0104最佳运输" in build(replace(SHOP, language=LanguageTemplate(language="zh", name="最佳运输")))


@pytest.mark.parametrize("amount", ["98.", "98", "0.01", "999999999999.", "1.5"])
def test_legal_amounts_stay_as_they_were_written(amount: str) -> None:
    assert parse(build(replace(SHOP, amount=amount))).code.amount == amount


@pytest.mark.parametrize("amount", ["0", "0.00", "1,5", "1.5.0", "-1", ".5", "1e3", "١", "12345678901.23"])
def test_illegal_amounts_are_not_built(amount: str) -> None:
    with pytest.raises(MpmRefused) as refused:
        build(replace(SHOP, amount=amount))
    assert refused.value.faults[0].tag == "54"


# What is spoilt, the fault, its object, and the text that begins where the fault is ("" is the end).
SPOILT = [
    (opened().replace("000201", "000202"), FaultKind.WRONG_VALUE, "00", "000202"),
    (opened().replace("010212", "010213"), FaultKind.WRONG_VALUE, "01", "010213"),
    (opened().replace("52045411", "5203541"), FaultKind.WRONG_LENGTH, "52", "5203541"),
    (opened().replace("5303156", "530315A"), FaultKind.WRONG_VALUE, "53", "530315A"),
    (opened().replace("0010cn.example", "0210cn.example"), FaultKind.MISSING, "26.00", "52045411"),
    (opened().replace("26210010cn.example0103123", ""), FaultKind.MISSING, "", ""),
    (opened().replace("5303156", ""), FaultKind.MISSING, "53", ""),
    (opened() + "5802KH", FaultKind.DUPLICATE, "58", "5802KH"),
    (opened() + "62040102", FaultKind.TRUNCATED, "62.01", "01026304"),
    (opened() + "62990102", FaultKind.TRUNCATED, "62", "62990102"),
    (opened() + "6X04ABCD", FaultKind.ID_NOT_NUMERIC, "", "6X04"),
    (opened() + "61²4ABCD", FaultKind.LENGTH_NOT_NUMERIC, "61", "61²4"),
    (opened() + "6100", FaultKind.LENGTH_ZERO, "61", "6100"),
    (opened() + "6104A\x00BC", FaultKind.UNPRINTABLE, "", "\x00BC"),
    (opened() + "62060902MM", FaultKind.WRONG_VALUE, "62.09", "0902MM"),
    (opened() + "64060002ZH", FaultKind.MISSING, "64.01", "6304"),
    (opened() + "56041.00", FaultKind.TIP_CONFLICT, "56", "56041.00"),
    (opened() + "550203", FaultKind.TIP_CONFLICT, "55", "550203"),
    (opened() + "5502035705100.0", FaultKind.WRONG_VALUE, "57", "5705100.0"),
]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(("spoilt", "kind", "tag", "place"), SPOILT, ids=[str(row[1]) for row in SPOILT])
def test_a_right_crc_does_not_make_a_payload_valid(
    spoilt: str, kind: FaultKind, tag: str, place: str, mode: Mode
) -> None:
    payload = close(spoilt)
    position = payload.index(place) if place else len(payload)
    assert (kind, tag, position) in faults_of(payload, mode)


def test_every_fault_is_named_in_the_order_of_its_place() -> None:
    spoilt = opened().replace("5303156", "530315A").replace("54041.00", "54040.00") + "550204"
    named = faults_of(close(spoilt))
    assert [tag for _, tag, _ in named] == ["53", "54", "55"]
    assert [position for _, _, position in named] == sorted(position for _, _, position in named)


def test_objects_out_of_place_are_named() -> None:
    payload = build(SHOP)
    swapped = "010212000201" + payload[12:-8]
    assert faults_of(close(swapped)) == [(FaultKind.NOT_FIRST, "00", 6)]
    assert (FaultKind.NOT_LAST, "63", len(payload) - 8) in faults_of(payload + "6102AB")


def test_a_changed_character_breaks_the_crc() -> None:
    payload = build(SHOP).replace("CORNER", "KORNER")
    assert faults_of(payload, Mode.LENIENT) == [(FaultKind.CRC_WRONG, "63", len(payload) - 8)]


LONG = opened() + "".join(f"{tag}99" + "X" * 99 for tag in range(65, 70))
TOLERABLE = [
    (close(opened() + "6106HARBIN").replace("EE0D", "ee0d"), FaultKind.LOWER_CASE, "63", "6304"),
    (close(opened().replace("5802CN", "5802cn")), FaultKind.LOWER_CASE, "58", "5802"),
    (close(opened().replace("5911CORNER SHOP", "5902小店")), FaultKind.WRONG_CHARACTERS, "59", "5902"),
    (close(opened().replace("5911CORNER SHOP", "5926" + "X" * 26)), FaultKind.TOO_LONG, "59", "5926"),
    (close(LONG), FaultKind.PAYLOAD_TOO_LONG, "", close(LONG)[512:]),
]


@pytest.mark.parametrize(
    ("payload", "kind", "tag", "place"), TOLERABLE, ids=[str(row[1]) for row in TOLERABLE]
)
def test_a_lenient_reader_lives_with_what_changes_neither_payee_nor_amount(
    payload: str, kind: FaultKind, tag: str, place: str
) -> None:
    fault = (kind, tag, payload.index(place))
    assert faults_of(payload) == [fault]
    parsed = parse(payload, Mode.LENIENT)
    assert [(one.kind, one.tag, one.position) for one in parsed.faults] == [fault]
    assert (parsed.code.amount, parsed.code.accounts) == (SHOP.amount, SHOP.accounts)


def test_what_nobody_can_have_scanned_is_refused_unread() -> None:
    assert faults_of("0" * 100_000) == [(FaultKind.PAYLOAD_TOO_LONG, "", 2953)]


@pytest.mark.parametrize(
    "wrong",
    [
        replace(SHOP, name="N" * 26),
        replace(SHOP, name=""),
        replace(SHOP, name="A" * 120),
        replace(SHOP, city="北京"),
        replace(SHOP, accounts=()),
        replace(SHOP, accounts=(PrimitiveAccount(tag="02", value="4" * 16),) * 2),
        replace(SHOP, accounts=(Template(tag="26", gui="g" * 33),)),
        replace(SHOP, tip=PercentTip("0.00")),
        replace(SHOP, language=LanguageTemplate(language="ZH", name="e\u0301")),
        replace(SHOP, language=LanguageTemplate(language="ZH", name="\ud800")),
    ],
)
def test_nothing_is_built_that_a_strict_reader_would_refuse(wrong: MpmCode) -> None:
    with pytest.raises(MpmRefused):
        build(wrong)


def test_random_texts_raise_only_the_parsers_own_error() -> None:
    random_ = random.Random(20)
    alphabet = "0123456789" * 4 + "ABC .最\x00é"
    for _ in range(2000):
        text = "".join(random_.choices(alphabet, k=random_.randrange(60)))
        for mode in Mode:
            with pytest.raises(MpmRefused):
                parse(text, mode)


def test_no_payload_with_a_flipped_bit_is_read() -> None:
    for at in range(len(TRANSPORT)):
        for bit in range(7):
            flipped = TRANSPORT[:at] + chr(ord(TRANSPORT[at]) ^ 1 << bit) + TRANSPORT[at + 1 :]
            with pytest.raises(MpmRefused):
                parse(flipped)
