import pytest

from merchants.sealing import Sealing
from qr.offline_code import hotp, is_late, number_in, step_of, write_offline_code
from qr.payment_code import PaymentCodeScheme

SECRET = bytes(range(32))
STEP = 29_000_000


@pytest.mark.parametrize(
    ("time_s", "password"),
    [
        (59, "46119246"),
        (1111111109, "68084774"),
        (1111111111, "67062674"),
        (1234567890, "91819424"),
        (2000000000, "90698825"),
        (20000000000, "77737706"),
    ],
)
def test_passwords_are_those_of_rfc_6238_appendix_b(time_s: int, password: str) -> None:
    assert hotp(b"12345678901234567890123456789012", time_s // 30, digits=8) == password


def written(step: int) -> str:
    return write_offline_code(prefix="51", number=104_729_381, secret=SECRET, step=step)


def test_an_offline_code_has_the_form_of_every_payment_code() -> None:
    scheme = PaymentCodeScheme(environment="sandbox", prefix="51", sealing=Sealing(bytes(32)))
    code = written(STEP)
    assert scheme.read(code) == code
    assert number_in(code) == 104_729_381


@pytest.mark.parametrize(("made_at", "late"), [(1, False), (0, False), (-1, False), (-2, True), (-10, True)])
def test_a_clock_may_be_a_step_wrong_and_a_late_code_is_known_as_late(made_at: int, late: bool) -> None:  # noqa: FBT001 - a table's column
    step = step_of(written(STEP + made_at), SECRET, now_step=STEP)
    assert step == STEP + made_at
    assert is_late(step, now_step=STEP) is late


@pytest.mark.parametrize("made_at", [2, -11])
def test_codes_from_further_away_are_no_codes_at_all(made_at: int) -> None:
    assert step_of(written(STEP + made_at), SECRET, now_step=STEP) is None
    assert step_of(written(STEP), bytes(32), now_step=STEP) is None


def test_a_code_shown_as_emvco_payload_is_the_same_code() -> None:
    scheme = PaymentCodeScheme(environment="sandbox", prefix="51", sealing=Sealing(bytes(32)))
    code = scheme.draw()
    assert scheme.as_cpm(code).startswith("hQVDUFY")
    assert scheme.read(scheme.as_cpm(code)) == code
