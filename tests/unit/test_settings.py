"""All that is wrong with the environment, at once, one sentence each."""

import pytest

from gateway.settings import SettingsInvalid, read
from gateway.settings.shapes import BASE, DATABASE, HOPS, LIMITS, PORTS

GOOD = {
    "GATEWAY_ENV": "sandbox",
    "DATABASE_URL": "postgresql://localhost/gateway",
    "MASTER_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}

A_KEY = "it has to hold 32 bytes in base64, as `openssl rand -base64 32` makes them"
A_DATABASE = DATABASE.wanted


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
        "PUBLIC_PORT has to be a whole number, 0 at least and 65535 at most",
        f"DAILY_LIMITS has to {LIMITS.wanted}",
        "WEBHOOK_LOOPBACK has to be true or false",
        f"MASTER_KEY is not base64: {A_KEY}",
        "WALLET_CORES has to read issuer=http(s)://…, separated by commas",
        "RESEND_UNTIL_S has to be less than REVERSE_AFTER_S",
    ]


def test_nothing_at_all_is_told_as_what_is_missing() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        read({})
    assert caught.value.faults == [
        "GATEWAY_ENV is missing: it has to be sandbox or production",
        f"DATABASE_URL is missing: it has to {A_DATABASE}",
        "MASTER_KEY or MASTER_KEY_FILE is missing: 32 bytes in base64, as `openssl rand -base64 32` makes them",
    ]


def test_a_setting_that_is_wrong_by_itself_is_not_told_twice() -> None:
    assert faults(REVERSE_AFTER_S="soon") == ["REVERSE_AFTER_S has to be a number"]


@pytest.mark.parametrize("odd", ["-1", "nan", "inf"])
def test_a_time_is_never_negative_or_endless(odd: str) -> None:
    assert faults(MAX_WAIT_S=odd) == ["MAX_WAIT_S has to be zero or more, and finite"]


def test_a_secret_is_never_repeated_in_what_is_wrong_with_it() -> None:
    assert "hunter2" not in str(faults(MASTER_KEY="hunter2", DATABASE_STATEMENT_CACHE="hunter2"))


ODD = [
    ({"DATABASE_URL": "mysql://x"}, f"DATABASE_URL has to {A_DATABASE}"),
    ({"DATABASE_URL": ""}, f"DATABASE_URL has to {A_DATABASE}"),
    ({"DATABASE_URL": "postgresql://host:port/x"}, f"DATABASE_URL has to {A_DATABASE}"),
    ({"DATABASE_DIRECT_URL": "host=x"}, f"DATABASE_DIRECT_URL has to {A_DATABASE}, or be empty"),
    ({"PUBLIC_URL": "foo"}, f"PUBLIC_URL has to {BASE.wanted}"),
    ({"PUBLIC_URL": "https://bank.example/?x"}, None),
    ({"PUBLIC_URL": "https://bank.example/"}, None),
    ({"OPERATORS_URL": "bank.example"}, None),
    ({"OTHER_ENVIRONMENT_URL": "x"}, None),
    ({"OIDC_ISSUER": "identity"}, None),
    ({"EGRESS_PROXY": "proxy:3128"}, None),
    ({"WEBHOOK_PORTS": "443,99999"}, f"WEBHOOK_PORTS has to {PORTS.wanted}"),
    ({"WEBHOOK_PORTS": "https"}, f"WEBHOOK_PORTS has to {PORTS.wanted}"),
    ({"QR_GUI": "cn.example.a-very-long.wallet"}, None),
    ({"QR_GUI": ""}, None),
    ({"AGREEMENT_FILE": "/nowhere"}, None),
    ({"AGREEMENT_FILE": "/dev/null"}, None),
    ({"QR_LOGO": "/nowhere"}, None),
    ({"QR_CAPTION_FONT": "/dev/null"}, None),
    ({"BOOTSTRAP_OPERATOR_JWK": "{"}, None),
    ({"BOOTSTRAP_OPERATOR_JWK": '{"kty": "oct", "k": "c2VjcmV0"}'}, None),
    ({"DATABASE_POOL_SIZE": "-3"}, "DATABASE_POOL_SIZE has to be a whole number, 1 at least"),
    ({"PUBLIC_PORT": "70000"}, "PUBLIC_PORT has to be a whole number, 0 at least and 65535 at most"),
    ({"WALLET_CORES": "bank=http://"}, "WALLET_CORES has to read issuer=http(s)://…, separated by commas"),
    ({"OTHER_ENVIRONMENT_PREFIX": "51"}, "OTHER_ENVIRONMENT_PREFIX has to be another than PAYMENT_CODE_PREFIX"),
    ({"MASTER_KEY_FILE": "/nowhere"}, f"MASTER_KEY_FILE cannot be read: {A_KEY}"),
]  # fmt: skip


@pytest.mark.parametrize(("environ", "sentence"), ODD)
def test_what_would_fail_later_is_told_at_the_start_with_what_is_wanted(
    environ: dict[str, str], sentence: str | None
) -> None:
    [fault] = faults(**environ)
    [name] = environ
    assert fault.startswith(name)
    assert " has to " in fault
    assert sentence in {None, fault}
    assert "README" not in fault


def test_a_bad_key_is_told_beside_a_bad_file_of_one() -> None:
    assert [one.partition(" ")[0] for one in faults(MASTER_KEY="short", MASTER_KEY_FILE="/nowhere")] == [
        "MASTER_KEY",
        "MASTER_KEY_FILE",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///gateway?host=/run/postgresql",
        "postgres://u:p%40ss@one:5432,two:5433/gateway?target_session_attrs=read-write",
        "postgresql://u@[::1]:5432/gateway",
    ],
)
def test_every_way_to_write_where_the_database_is_can_be_read(url: str) -> None:
    assert read({**GOOD, "DATABASE_URL": url}).database_url == url


PRODUCTION = {
    "GATEWAY_ENV": "production",
    "PUBLIC_URL": "https://pay.bank.example",
    "OPERATORS_URL": "https://operators.bank.example",
    "OIDC_ISSUER": "https://identity.bank.example",
    "DPOP_REQUIRED": "true",
    "TRUSTED_HOPS": "0",
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
        "TRUSTED_HOPS has to say in production how many proxies of yours stand before the listeners; 0 is none",
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
        ("TRUSTED_HOPS", ""),
    ):
        [fault] = faults(**{**PRODUCTION, name: weak})
        assert fault.startswith(name)
        assert read({**GOOD, **PRODUCTION, "GATEWAY_ENV": "sandbox", name: weak}).gateway_env == "sandbox"
    assert faults(TRUSTED_HOPS="-1") == [f"TRUSTED_HOPS has to {HOPS.wanted}"]
