"""All that is wrong with the environment, at once, one sentence each."""

import pytest

from gateway.settings import SettingsInvalid, read

GOOD = {
    "GATEWAY_ENV": "sandbox",
    "DATABASE_URL": "postgresql://localhost/gateway",
    "MASTER_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}


def faults(**environ: str) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        read({**GOOD, **environ})
    return caught.value.faults


def test_what_cannot_be_read_and_what_does_not_fit_are_told_together() -> None:
    assert faults(
        GATEWAY_ENV="staging",
        PUBLIC_PORT="high",
        DAILY_LIMITS="CNY",
        WEBHOOK_LOOPBACK="perhaps",
        MASTER_KEY="short",
        WALLET_CORES="demo-bank=ftp://core",
        RESEND_UNTIL_S="60",
    ) == [
        "GATEWAY_ENV has to be sandbox or production",
        "PUBLIC_PORT has to be a whole number",
        "DAILY_LIMITS has to be as the README's table of settings says",
        "WEBHOOK_LOOPBACK has to be true or false",
        "the master key is not base64",
        "WALLET_CORES has to read issuer=http(s)://…, separated by commas",
        "RESEND_UNTIL_S has to be less than REVERSE_AFTER_S",
    ]


def test_nothing_at_all_is_told_as_what_is_missing() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        read({})
    assert caught.value.faults == [
        "GATEWAY_ENV is missing: it has to be sandbox or production",
        "DATABASE_URL is missing: it has to be as the README's table of settings says",
        "MASTER_KEY or MASTER_KEY_FILE is missing",
    ]


def test_a_setting_that_is_wrong_by_itself_is_not_told_twice() -> None:
    assert faults(REVERSE_AFTER_S="soon") == ["REVERSE_AFTER_S has to be a number"]


@pytest.mark.parametrize("odd", ["-1", "nan", "inf"])
def test_a_time_is_never_negative_or_endless(odd: str) -> None:
    assert faults(MAX_WAIT_S=odd) == ["MAX_WAIT_S has to be zero or more, and finite"]


def test_a_secret_is_never_repeated_in_what_is_wrong_with_it() -> None:
    assert "hunter2" not in str(faults(MASTER_KEY="hunter2", DATABASE_STATEMENT_CACHE="hunter2"))


PRODUCTION = {
    "GATEWAY_ENV": "production",
    "PUBLIC_URL": "https://pay.bank.example",
    "OPERATORS_URL": "https://operators.bank.example",
    "OIDC_ISSUER": "https://identity.bank.example",
    "DPOP_REQUIRED": "true",
}


def test_production_says_at_once_all_that_it_does_not_stand_for() -> None:
    assert faults(
        GATEWAY_ENV="production",
        WEBHOOK_LOOPBACK="true",
        BOOTSTRAP_OPERATOR_JWK="{}",
        WALLET_CORES="bank=http://core",
    ) == [
        "PUBLIC_URL has to be https in production",
        "OIDC_ISSUER has to be the bank's identity provider, by https, in production",
        "OPERATORS_URL has to be https in production",
        "DPOP_REQUIRED has to be true in production",
        "BOOTSTRAP_OPERATOR_JWK is for the sandbox alone",
        "WEBHOOK_LOOPBACK is for the sandbox alone",
        "WALLET_CORES has to use https in production",
    ]


def test_production_starts_with_what_it_needs_and_without_any_one_of_it_not() -> None:
    assert read({**GOOD, **PRODUCTION}).dpop_required
    for name, weak in (
        ("PUBLIC_URL", "http://pay.bank.example"),
        ("OPERATORS_URL", "http://operators.bank.example"),
        ("OIDC_ISSUER", "http://identity.bank.example"),
        ("DPOP_REQUIRED", "false"),
    ):
        [fault] = faults(**{**PRODUCTION, name: weak})
        assert fault.startswith(name)
        assert read({**GOOD, **PRODUCTION, "GATEWAY_ENV": "sandbox", name: weak}).gateway_env == "sandbox"
