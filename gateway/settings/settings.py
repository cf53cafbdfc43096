"""Every setting, explained where its default stands."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from gateway.settings import master_key, shapes
from gateway.settings.shapes import Shape

_LAST_PORT = 65_535


def _said(text: str, shape: Shape | None = None, *, ge: int | None = None, le: int | None = None) -> Any:
    if shape is None:
        return Meta(description=text, ge=ge, le=le)
    return Meta(description=text, pattern=shape.pattern, extra={"wanted": shape.wanted})


class Settings(Struct, frozen=True, kw_only=True, rename="upper"):
    """Every setting of `serve` and `work`, named in the environment as here, in capitals."""

    gateway_env: Annotated[
        Literal["sandbox", "production"],
        _said("Which world this is; part of every token, code and signature"),
    ]
    database_url: Annotated[
        str, _said("PostgreSQL 16 or newer; may be a PgBouncer in transaction mode", shapes.DATABASE)
    ]
    database_direct_url: Annotated[
        str,
        _said(
            "PostgreSQL itself, for LISTEN and migrations; DATABASE_URL if empty", shapes.DATABASE.or_nothing
        ),
    ] = ""
    database_pool_size: Annotated[int, _said("Connections a process may hold", ge=1)] = 20
    database_statement_timeout_s: Annotated[float, _said("PostgreSQL ends a statement after this")] = 5.0
    database_statement_cache: Annotated[
        int, _said("Prepared statements a connection keeps; 0 behind a PgBouncer that keeps none", ge=0)
    ] = 1024
    public_url: Annotated[
        str, _said("Where partners reach us: the issuer of tokens and the base of links", shapes.BASE)
    ] = "http://127.0.0.1:8080"
    public_host: Annotated[str, _said("Address of the public listener")] = "127.0.0.1"
    public_port: Annotated[int, _said("Port of the public listener", ge=0, le=_LAST_PORT)] = 8080
    operators_host: Annotated[
        str, _said("Address of the operators' listener, never open to the internet")
    ] = "127.0.0.1"
    operators_port: Annotated[int, _said("Port of the operators' listener", ge=0, le=_LAST_PORT)] = 8081
    operators_url: Annotated[str, _said("Where operators reach their listener", shapes.BASE)] = (
        "http://127.0.0.1:8081"
    )
    oidc_issuer: Annotated[
        str,
        _said(
            "The bank's identity provider, by which operators sign in; the operators of production have no keys",
            shapes.WEB.or_nothing,
        ),
    ] = ""
    oidc_client_id: Annotated[str, _said("What the provider calls us")] = "merchant-gateway"
    oidc_client_secret: Annotated[str, _said("Proves us to the provider beside PKCE, if it wants that")] = ""
    oidc_redirect_uri: Annotated[
        str,
        _said(
            "Where it sends operators back to; `/sign-in` below OPERATORS_URL if empty", shapes.WEB.or_nothing
        ),
    ] = ""
    oidc_groups_claim: Annotated[str, _said("Where the provider's token names an operator's groups")] = (
        "groups"
    )
    oidc_roles: Annotated[
        str,
        _said(
            "Which groups have which role: `group=role`, separated by commas; if empty, groups are called like roles",
            shapes.GROUPS,
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
        _said("First two digits of payment codes; those of other wallets are refused", shapes.PREFIX),
    ] = "51"
    qr_gui: Annotated[str, _said("Our reverse domain in EMV codes, 20 characters at most", shapes.GUI)] = (
        "example.wallet.sbx"
    )
    other_environment_prefix: Annotated[
        str,
        _said(
            "What our other environment's payment codes begin with: refused by name", shapes.PREFIX.or_nothing
        ),
    ] = ""
    other_environment_gui: Annotated[
        str, _said("The reverse domain in its EMV codes", shapes.GUI.or_nothing)
    ] = ""
    other_environment_url: Annotated[
        str, _said("Its PUBLIC_URL, which its compact links begin with", shapes.BASE.or_nothing)
    ] = ""
    qr_caption_font: Annotated[
        str, _said("A TrueType file with the merchants' script, for the names beneath PNG codes")
    ] = ""
    wallet_name: Annotated[
        str, _said("What customers call the wallet, on the page that a compact link opens")
    ] = ""
    wallet_app_link: Annotated[
        str,
        _said(
            "What opens the wallet on the phone that shows a checkout page, with the code behind it, as "
            "`wallet://pay?code=`; if empty, the compact link itself, which the wallet may claim",
            shapes.APP_LINK.or_nothing,
        ),
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
            shapes.LIMITS,
        ),
    ] = "CNY=50000/100000/500000/-"
    step_up_above: Annotated[
        str,
        _said("Above this a scanned code is not enough and the payer confirms, by currency", shapes.STEP_UP),
    ] = "CNY=200000"
    till_refund_limits: Annotated[
        str,
        _said("What a till may give back by itself, each time / a day, by currency", shapes.TILL),
    ] = "CNY=20000/100000"
    velocity_rules: Annotated[
        str,
        _said(
            "Rules as `name=payer:count>10/60:decline`, of a `payer`, `terminal` or `merchant`, by `count` or "
            "`amount`, which `decline` or `step_up`, separated by commas; none unless the bank sets them",
            shapes.RULES,
        ),
    ] = ""
    onboarding_steps: Annotated[
        str,
        _said(
            "What follows a partner's approval: `verify_account`, `sign`, separated by commas, or nothing",
            shapes.STEPS,
        ),
    ] = "verify_account,sign"
    sub_merchant_steps: Annotated[
        str,
        _said("The same for sub-merchants, for whom their partner has signed", shapes.STEPS),
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
            "What a client of each kind, and a `merchant` with all its clients, may ask, over all replicas; without "
            "a token, each network `address` signing in, and `joining`: applying, enrolling; each order's page, "
            "`checkout`. `kind=requests a second/at once`, separated by commas; who is not named may ask without end",
            shapes.RATES,
        ),
    ] = (
        "terminal=20/60,partner=200/400,wallet=2000/4000,operator=50/200,applicant=5/30,merchant=1000/2000,"
        "address=100/1000,joining=2/60,checkout=5/100"
    )
    trusted_hops: Annotated[
        str,
        _said(
            "Proxies of ours before the listeners, each of which adds to X-Forwarded-For; 0, or empty in a sandbox: "
            "that header is not believed. Production has to say it",
            shapes.HOPS,
        ),
    ] = ""
    max_wait_s: Annotated[float, _said("The longest any call waits, whatever it asks for")] = 30.0
    long_polls: Annotated[
        int, _said("Reads of one process that may wait at once; each costs about 20 KiB", ge=0)
    ] = 10_000
    long_polls_per_caller: Annotated[
        int, _said("Calls of one client that may wait at once, in one process", ge=0)
    ] = 200
    checkout_pages: Annotated[
        int, _said("Checkout pages of one process that may be told of changes at once", ge=0)
    ] = 5_000
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
    webhook_ports: Annotated[str, _said("Ports at which webhook endpoints may listen", shapes.PORTS)] = (
        "443,80"
    )
    event_days: Annotated[int, _said("Days, 7 at least, that events and deliveries are kept", ge=7)] = 90
    egress_proxy: Annotated[
        str,
        _said("Forward proxy for webhooks; the address policy is then the proxy's", shapes.PROXY.or_nothing),
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
        """Master keys that only open; were checked when the settings were read."""
        return [master_key.decoded(self.master_key_also)] if self.master_key_also else []

    @property
    def events_kept(self) -> timedelta:
        return timedelta(days=self.event_days)

    @property
    def hops(self) -> int:
        return int(self.trusted_hops or 0)

    @property
    def ports_of_webhooks(self) -> frozenset[int]:
        return frozenset(int(port) for port in self.webhook_ports.split(","))

    def secret(self) -> bytes:
        """The master key; was checked when the settings were read. The file's, where there is a file."""
        if self.master_key_file:
            return master_key.decoded(master_key.of_file(self.master_key_file))
        return master_key.decoded(self.master_key)


def _link_base(url: str) -> str:
    reached = urlsplit(url)
    return f"{reached.scheme}://{reached.netloc}/Q/".upper()
