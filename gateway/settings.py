"""Settings: the environment, read once into one frozen value. Each is explained where its default stands."""

import base64
import binascii
import math
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

_MASTER_KEY_BYTES = 32
_LAST_PORT = 65_535


class SettingsInvalid(Exception):
    """The environment is not complete or not sound; every fault is listed."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("the settings do not hold:\n" + "\n".join(f"  - {fault}" for fault in faults))
        self.faults = faults


def _said(text: str, *, pattern: str | None = None) -> Any:
    return Meta(description=text, pattern=pattern)


# Currency=static/tier C/tier B/tier A, separated by commas.
# Two digits that are none of WeChat's, Alipay's or UnionPay's.
_PREFIX = "^(?!1[0-5]|2[5-9]|30|62)[0-9]{2}$"
_PORTS = r"^[1-9]\d{0,4}(,[1-9]\d{0,4})*$"
_TILL = "^([A-Z]{3}=[0-9]{1,15}/[0-9]{1,15}(,|$))*$"
_STEP_UP = "^([A-Z]{3}=[0-9]{1,15}(,|$))*$"
_RULES = "^([a-z0-9-]{1,32}=(payer|terminal|merchant):(count|amount)>[0-9]{1,15}/[0-9]{1,7}:(decline|step_up)(,|$))*$"
_STEPS = "^((verify_account|sign)(,|$))*$"
_RATES = "^((terminal|partner|wallet|operator|applicant|merchant)=[1-9][0-9]{0,5}/[1-9][0-9]{0,5}(,|$))*$"
_GROUPS = "^([^=,]+=(reviewer|approver|risk|auditor)(,|$))*$"
_LIMITS = "^([A-Z]{3}=([0-9]{1,15}|-)(/([0-9]{1,15}|-)){3}(,|$))*$"


class Settings(Struct, frozen=True, kw_only=True, rename="upper"):
    """Every setting of `serve` and `work`, named in the environment as here, in capitals."""

    gateway_env: Annotated[
        Literal["sandbox", "production"],
        _said("Which world this is; part of every token, code and signature"),
    ]
    database_url: Annotated[str, _said("PostgreSQL 16 or newer; may be a PgBouncer in transaction mode")]
    database_direct_url: Annotated[
        str, _said("PostgreSQL itself, for LISTEN and migrations; DATABASE_URL if empty")
    ] = ""
    database_pool_size: Annotated[int, _said("Connections a process may hold")] = 20
    database_statement_timeout_s: Annotated[float, _said("PostgreSQL ends a statement after this")] = 5.0
    database_statement_cache: Annotated[
        int, _said("Prepared statements a connection keeps; 0 behind a PgBouncer that keeps none")
    ] = 1024
    public_url: Annotated[
        str, _said("Where partners reach us: the issuer of tokens and the base of links")
    ] = "http://127.0.0.1:8080"
    public_host: Annotated[str, _said("Address of the public listener")] = "127.0.0.1"
    public_port: Annotated[int, _said("Port of the public listener")] = 8080
    operators_host: Annotated[
        str, _said("Address of the operators' listener, never open to the internet")
    ] = "127.0.0.1"
    operators_port: Annotated[int, _said("Port of the operators' listener")] = 8081
    operators_url: Annotated[str, _said("Where operators reach their listener")] = "http://127.0.0.1:8081"
    oidc_issuer: Annotated[
        str,
        _said(
            "The bank's identity provider, by which operators sign in; the operators of production have no keys"
        ),
    ] = ""
    oidc_client_id: Annotated[str, _said("What the provider calls us")] = "merchant-gateway"
    oidc_client_secret: Annotated[str, _said("Proves us to the provider beside PKCE, if it wants that")] = ""
    oidc_redirect_uri: Annotated[
        str, _said("Where it sends operators back to; `/sign-in` below OPERATORS_URL if empty")
    ] = ""
    oidc_groups_claim: Annotated[str, _said("Where the provider's token names an operator's groups")] = (
        "groups"
    )
    oidc_roles: Annotated[
        str,
        _said(
            "Which groups have which role: `group=role`, separated by commas; if empty, groups are called like roles",
            pattern=_GROUPS,
        ),
    ] = ""
    dpop_required: Annotated[
        bool, _said("Give tokens that move money to clients with a proof of possession alone (RFC 9449)")
    ] = False
    master_key: Annotated[str, _said("32 bytes in base64; seals what must not be readable in a dump")] = ""
    master_key_file: Annotated[str, _said("A file that holds it instead")] = ""
    master_key_also: Annotated[
        str,
        _said("Another that opens what it sealed, while the master key changes: the one before, or the next"),
    ] = ""
    wallet_cores: Annotated[
        str, _said("Where each issuer's wallet core is: `issuer=url`, separated by commas")
    ] = ""
    wallet_core_timeout_s: Annotated[float, _said("How long one call to a core may take")] = 8.0
    payment_code_prefix: Annotated[
        str,
        _said("First two digits of payment codes; those of other wallets are refused", pattern=_PREFIX),
    ] = "51"
    qr_gui: Annotated[str, _said("Our reverse domain in EMV codes, 20 characters at most")] = (
        "example.wallet.sbx"
    )
    other_environment_prefix: Annotated[
        str,
        _said(
            "What our other environment's payment codes begin with: refused by name", pattern=f"^$|{_PREFIX}"
        ),
    ] = ""
    other_environment_gui: Annotated[str, _said("The reverse domain in its EMV codes")] = ""
    other_environment_url: Annotated[str, _said("Its PUBLIC_URL, which its compact links begin with")] = ""
    qr_caption_font: Annotated[
        str, _said("A TrueType file with the merchants' script, for the names beneath PNG codes")
    ] = ""
    wallet_name: Annotated[
        str, _said("What customers call the wallet, on the page that a compact link opens")
    ] = ""
    qr_logo: Annotated[
        str, _said("A PNG of at most 256 KiB for the middle of codes that are asked for with it")
    ] = ""
    code_credential_life_s: Annotated[
        float, _said("How long a phone may make offline codes without having been online")
    ] = 604_800.0
    payment_code_life_s: Annotated[float, _said("How long a payment code may be scanned")] = 60.0
    confirm_within_s: Annotated[float, _said("How long a payer may think when the core asks")] = 300.0
    daily_limits: Annotated[
        str,
        _said(
            "A payer's day (Asia/Shanghai) in minor units, by currency: static code / dynamic with fewer than two "
            "factors / with two / with a certificate too; `-`, and a currency not named, is no limit of ours",
            pattern=_LIMITS,
        ),
    ] = "CNY=50000/100000/500000/-"
    step_up_above: Annotated[
        str,
        _said(
            "Above this a scanned code is not enough and the payer confirms, by currency", pattern=_STEP_UP
        ),
    ] = "CNY=200000"
    till_refund_limits: Annotated[
        str,
        _said("What a till may give back by itself, each time / a day, by currency", pattern=_TILL),
    ] = "CNY=20000/100000"
    velocity_rules: Annotated[
        str,
        _said(
            "Rules as `name=payer:count>10/60:decline`, of a `payer`, `terminal` or `merchant`, by `count` or "
            "`amount`, which `decline` or `step_up`, separated by commas; none unless the bank sets them",
            pattern=_RULES,
        ),
    ] = ""
    onboarding_steps: Annotated[
        str,
        _said(
            "What follows a partner's approval: `verify_account`, `sign`, separated by commas, or nothing",
            pattern=_STEPS,
        ),
    ] = "verify_account,sign"
    sub_merchant_steps: Annotated[
        str,
        _said("The same for sub-merchants, for whom their partner has signed", pattern=_STEPS),
    ] = ""
    agreement_file: Annotated[
        str, _said("The agreement's text, its version in the first line; the sandbox's own if empty")
    ] = ""
    authorization_life_s: Annotated[
        float, _said("How long what is held may wait to be captured; then it is let go")
    ] = 604_800.0
    rate_limits: Annotated[
        str,
        _said(
            "What a client of each kind, and a `merchant` with all its clients, may ask, over all replicas: "
            "`kind=requests a second/at once`, separated by commas; who is not named may ask without end",
            pattern=_RATES,
        ),
    ] = "terminal=20/60,partner=200/400,wallet=2000/4000,operator=50/200,applicant=5/30,merchant=1000/2000"
    max_wait_s: Annotated[float, _said("The longest any call waits, whatever it asks for")] = 30.0
    long_polls: Annotated[
        int, _said("Reads of one process that may wait at once; each costs about 20 KiB")
    ] = 10_000
    long_polls_per_caller: Annotated[
        int, _said("Calls of one client that may wait at once, in one process")
    ] = 200
    query_after_s: Annotated[float, _said("A payment in doubt is asked about after this")] = 3.0
    query_every_s: Annotated[float, _said("and then this often")] = 5.0
    resend_until_s: Annotated[
        float, _said("Younger than this, what the core never saw is sent again; older, it is reversed")
    ] = 15.0
    reverse_after_s: Annotated[float, _said("Older than this, what the core cannot decide is reversed")] = (
        45.0
    )
    transfer_lease_s: Annotated[
        float, _said("What a worker that died held in doubt is looked at again after this")
    ] = 30.0
    webhook_lease_s: Annotated[
        float, _said("What a worker that died was sending is sent again after this")
    ] = 30.0
    worker_poll_s: Annotated[float, _said("How often the worker looks without being told to")] = 1.0
    stop_within_s: Annotated[float, _said("How long a process may take to stop after SIGTERM")] = 20.0
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], _said("INFO logs a line for every request")
    ] = "INFO"
    webhook_loopback: Annotated[
        bool, _said("Let webhooks go to this machine itself; sandbox only, said aloud at start")
    ] = False
    webhook_ports: Annotated[str, _said("Ports at which webhook endpoints may listen", pattern=_PORTS)] = (
        "443,80"
    )
    event_days: Annotated[
        int, Meta(description="Days, 7 at least, that events and deliveries are kept", ge=7)
    ] = 90
    egress_proxy: Annotated[
        str, _said("Forward proxy for webhooks; the address policy is then the proxy's")
    ] = ""
    bootstrap_operator_jwk: Annotated[
        str, _said("Public key (JWK) of the sandbox's first operator; never in production")
    ] = ""

    @property
    def direct_url(self) -> str:
        return self.database_direct_url or self.database_url

    @property
    def cores(self) -> dict[str, str]:
        """Issuer → base URL of its wallet core."""
        pairs = (pair.strip().partition("=") for pair in self.wallet_cores.split(",") if pair.strip())
        return {issuer: url for issuer, _, url in pairs}

    @property
    def link_base(self) -> str:
        """What compact links begin with, in the capitals that a QR symbol writes densest."""
        return _link_base(self.public_url)

    @property
    def other_link_base(self) -> str | None:
        """What those of the other environment begin with."""
        return _link_base(self.other_environment_url) if self.other_environment_url else None

    def other_secrets(self) -> list[bytes]:
        """Master keys that only open; checked likewise."""
        key = _decoded(self.master_key_also, "") if self.master_key_also else None
        return [key] if isinstance(key, bytes) else []

    @property
    def events_kept(self) -> timedelta:
        return timedelta(days=self.event_days)

    @property
    def ports_of_webhooks(self) -> frozenset[int]:
        return frozenset(int(port) for port in self.webhook_ports.split(","))

    def secret(self) -> bytes:
        """The master key; was checked when the settings were read."""
        key = _master_key(self)
        assert isinstance(key, bytes)
        return key


def read(environ: Mapping[str, str]) -> Settings:
    """The settings, or everything that is wrong with them at once.

    Raises:
        SettingsInvalid: lists every fault.
    """
    values, faults = _converted(environ)
    settings = Settings(**{"gateway_env": "sandbox", "database_url": "", **values})
    # What is wrong by itself says nothing about what fits together with it.
    checks = [*_unsound(settings), *_unfit(settings)]
    together = [sentence for names, sentence in checks if names.isdisjoint(faults)]
    if faults or together:
        raise SettingsInvalid([*faults.values(), *together])
    return settings


def explained() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every setting, for the README."""
    hints = get_type_hints(Settings, include_extras=True)
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    return [(name.upper(), _shown(defaults[name]), get_args(hints[name])[1].description) for name in defaults]


def _shown(default: Any) -> str:
    return "" if default is msgspec.NODEFAULT else str(default)


def _converted(environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings that can be read, and by its name what is wrong with each of the others."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for field in msgspec.structs.fields(Settings):
        name, text = field.encode_name, environ.get(field.encode_name)
        if text is None:
            if field.default is msgspec.NODEFAULT:
                faults[name] = f"{name} is missing: it {_has_to_be(field.type)}"
            continue
        try:
            values[field.name] = msgspec.convert(text, field.type, strict=False)
        except msgspec.ValidationError:
            faults[name] = f"{name} {_has_to_be(field.type)}"
            continue
        if isinstance(values[field.name], int | float) and not 0 <= values[field.name] < math.inf:
            faults[name] = f"{name} has to be zero or more, and finite"
    return values, faults


def _has_to_be(kind: Any) -> str:
    """What a value of this setting is; never the value itself, which may be a secret."""
    plain = get_args(kind)[0]
    if get_origin(plain) is Literal:
        return f"has to be {' or '.join(get_args(plain))}"
    words = {int: "a whole number", float: "a number", bool: "true or false"}
    if plain not in words:
        return "has to be as the README's table of settings says"
    least = [meta.ge for meta in get_args(kind)[1:] if isinstance(meta, Meta) and meta.ge is not None]
    return f"has to be {words[plain]}" + (f", {least[0]} at least" if least else "")


_Check = tuple[set[str], str]


def _unsound(settings: Settings) -> Iterator[_Check]:
    """What does not fit together, with the names of all that is involved."""
    key = _master_key(settings)
    if isinstance(key, str):
        yield {"MASTER_KEY", "MASTER_KEY_FILE"}, key
    also = _decoded(settings.master_key_also, "MASTER_KEY_ALSO") if settings.master_key_also else b""
    if isinstance(also, str):
        yield {"MASTER_KEY_ALSO"}, also
    if any(not url.startswith(("http://", "https://")) for url in settings.cores.values()):
        yield {"WALLET_CORES"}, "WALLET_CORES has to read issuer=http(s)://…, separated by commas"
    if not 3 * settings.wallet_core_timeout_s < settings.transfer_lease_s:
        yield (
            {"TRANSFER_LEASE_S", "WALLET_CORE_TIMEOUT_S"},
            "TRANSFER_LEASE_S has to outlive three calls of WALLET_CORE_TIMEOUT_S: ask, send, reverse",
        )
    if settings.qr_logo and not Path(settings.qr_logo).is_file():
        yield {"QR_LOGO"}, "QR_LOGO is no file"
    if not settings.resend_until_s < settings.reverse_after_s:
        yield {"RESEND_UNTIL_S", "REVERSE_AFTER_S"}, "RESEND_UNTIL_S has to be less than REVERSE_AFTER_S"
    for name, port in (("PUBLIC_PORT", settings.public_port), ("OPERATORS_PORT", settings.operators_port)):
        if port > _LAST_PORT:
            yield {name}, f"{name} has to be {_LAST_PORT} at most"
    if settings.database_pool_size < 1:
        yield {"DATABASE_POOL_SIZE"}, "DATABASE_POOL_SIZE has to be 1 at least"


def _unfit(settings: Settings) -> Iterator[_Check]:
    """What production does not stand for."""
    if settings.gateway_env != "production":
        return
    if not settings.public_url.startswith("https://"):
        yield {"PUBLIC_URL"}, "PUBLIC_URL has to be https in production"
    if not settings.oidc_issuer.startswith("https://"):
        yield {"OIDC_ISSUER"}, "OIDC_ISSUER has to be the bank's identity provider, by https, in production"
    if not settings.operators_url.startswith("https://"):
        yield {"OPERATORS_URL"}, "OPERATORS_URL has to be https in production"
    if not settings.dpop_required:
        yield {"DPOP_REQUIRED"}, "DPOP_REQUIRED has to be true in production"
    if settings.bootstrap_operator_jwk:
        yield {"BOOTSTRAP_OPERATOR_JWK"}, "BOOTSTRAP_OPERATOR_JWK is for the sandbox alone"
    if settings.webhook_loopback:
        yield {"WEBHOOK_LOOPBACK"}, "WEBHOOK_LOOPBACK is for the sandbox alone"
    if any(url.startswith("http://") for url in settings.cores.values()):
        yield {"WALLET_CORES"}, "WALLET_CORES has to use https in production"


def _link_base(url: str) -> str:
    reached = urlsplit(url)
    return f"{reached.scheme}://{reached.netloc}/Q/".upper()


def _decoded(text: str, name: str) -> bytes | str:
    """A key of 32 bytes, or what is wrong with it."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        return f"{name} is not base64"
    return key if len(key) == _MASTER_KEY_BYTES else f"{name} has {len(key)} bytes and needs 32"


def _master_key(settings: Settings) -> bytes | str:
    """The key, or what is wrong with it."""
    text = settings.master_key
    if settings.master_key_file:
        try:
            text = Path(settings.master_key_file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return "MASTER_KEY_FILE cannot be read"
    if not text:
        return "MASTER_KEY or MASTER_KEY_FILE is missing"
    return _decoded(text, "the master key")
