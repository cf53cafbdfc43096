"""Whether settings that can be read can also be used: by themselves, with one another, and in production."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from PIL import ImageFont

from gateway.settings import master_key, shapes
from gateway.settings.master_key import MasterKeyUnfit
from gateway.settings.settings import Settings
from merchants.access import jwk
from merchants.access.errors import PublicKeyUnacceptable
from qr.logo import LogoUnfit, read_logo

Check = tuple[set[str], str]
"""The names of all settings that are involved, and the sentence that says what is wanted."""

_LAST_PORT: Final = 65_535
_ANY_SIZE: Final = 12


def faults(settings: Settings) -> Iterator[Check]:
    yield from _of_keys(settings)
    yield from _of_texts(settings)
    yield from _of_files(settings)
    yield from _together(settings)
    if settings.gateway_env == "production":
        yield from _unfit_for_production(settings)


def _of_keys(settings: Settings) -> Iterator[Check]:
    """Each by itself: a file that cannot be read hides nothing of what is wrong beside it."""
    if not settings.master_key and not settings.master_key_file:
        yield (
            {"MASTER_KEY", "MASTER_KEY_FILE"},
            "MASTER_KEY or MASTER_KEY_FILE is missing: 32 bytes in base64, as `openssl rand -base64 32` makes them",
        )
    for name, text in (("MASTER_KEY", settings.master_key), ("MASTER_KEY_ALSO", settings.master_key_also)):
        yield from _of_key(name, text, lambda text: text)
    yield from _of_key("MASTER_KEY_FILE", settings.master_key_file, master_key.of_file)


def _of_key(name: str, value: str, text_of: Callable[[str], str]) -> Iterator[Check]:
    if not value:
        return
    try:
        master_key.decoded(text_of(value))
    except MasterKeyUnfit as error:
        yield (
            {name},
            f"{name} {error}: it has to hold 32 bytes in base64, as `openssl rand -base64 32` makes them",
        )


def _of_texts(settings: Settings) -> Iterator[Check]:
    if not all(issuer and re.match(shapes.WEB.pattern, url) for issuer, url in settings.cores.items()):
        yield {"WALLET_CORES"}, "WALLET_CORES has to read issuer=http(s)://…, separated by commas"
    if max(settings.ports_of_webhooks) > _LAST_PORT:
        yield {"WEBHOOK_PORTS"}, f"WEBHOOK_PORTS has to {shapes.PORTS.wanted}"
    # Production says of any such key that it takes none.
    if settings.bootstrap_operator_jwk and settings.gateway_env == "sandbox":
        wanted = "BOOTSTRAP_OPERATOR_JWK has to be a public key that can sign, as a JSON object (JWK)"
        try:
            jwk.accept(msgspec.json.decode(settings.bootstrap_operator_jwk, type=dict[str, Any]))
        except msgspec.DecodeError:
            yield {"BOOTSTRAP_OPERATOR_JWK"}, wanted
        except PublicKeyUnacceptable as error:
            yield {"BOOTSTRAP_OPERATOR_JWK"}, f"{wanted}; of its {error.pointer}: {error.reason}"


def _of_files(settings: Settings) -> Iterator[Check]:
    if settings.agreement_file and not _begins_with_a_version(settings.agreement_file):
        yield (
            {"AGREEMENT_FILE"},
            "AGREEMENT_FILE has to name a text in UTF-8 with the agreement's version in its first line",
        )
    if settings.qr_logo:
        try:
            read_logo(Path(settings.qr_logo).read_bytes())
        except (OSError, LogoUnfit):
            yield {"QR_LOGO"}, "QR_LOGO has to name a PNG of at most 256 KiB and 1024 x 1024 pixels"
    if settings.qr_caption_font:
        try:
            ImageFont.truetype(settings.qr_caption_font, _ANY_SIZE)
        except OSError:
            yield {"QR_CAPTION_FONT"}, "QR_CAPTION_FONT has to name a TrueType file"


def _begins_with_a_version(path: str) -> bool:
    try:
        return bool(Path(path).read_text(encoding="utf-8").partition("\n")[0].strip())
    except (OSError, UnicodeDecodeError):
        return False


def _together(settings: Settings) -> Iterator[Check]:
    if not 3 * settings.wallet_core_timeout_s < settings.transfer_lease_s:
        yield (
            {"TRANSFER_LEASE_S", "WALLET_CORE_TIMEOUT_S"},
            "TRANSFER_LEASE_S has to outlive three calls of WALLET_CORE_TIMEOUT_S: ask, send, reverse",
        )
    if not settings.resend_until_s < settings.reverse_after_s:
        yield {"RESEND_UNTIL_S", "REVERSE_AFTER_S"}, "RESEND_UNTIL_S has to be less than REVERSE_AFTER_S"
    if settings.payment_code_prefix == settings.other_environment_prefix:
        yield (
            {"PAYMENT_CODE_PREFIX", "OTHER_ENVIRONMENT_PREFIX"},
            "OTHER_ENVIRONMENT_PREFIX has to be another than PAYMENT_CODE_PREFIX",
        )


def _unfit_for_production(settings: Settings) -> Iterator[Check]:
    if not settings.public_url.startswith("https://"):
        yield {"PUBLIC_URL"}, "PUBLIC_URL has to be https in production"
    if not settings.oidc_issuer.startswith("https://"):
        yield {"OIDC_ISSUER"}, "OIDC_ISSUER has to be the bank's identity provider, by https, in production"
    if not settings.operators_url.startswith("https://"):
        yield {"OPERATORS_URL"}, "OPERATORS_URL has to be https in production"
    if not settings.dpop_required:
        yield {"DPOP_REQUIRED"}, "DPOP_REQUIRED has to be true in production"
    if not settings.trusted_hops:
        # Behind a proxy, 0 counts all strangers as one: the first who guesses has the limits shut everybody out.
        yield (
            {"TRUSTED_HOPS"},
            "TRUSTED_HOPS has to say in production how many proxies of yours stand before the listeners; 0 is none",
        )
    if settings.bootstrap_operator_jwk:
        yield {"BOOTSTRAP_OPERATOR_JWK"}, "BOOTSTRAP_OPERATOR_JWK is for the sandbox alone"
    if settings.webhook_loopback:
        yield {"WEBHOOK_LOOPBACK"}, "WEBHOOK_LOOPBACK is for the sandbox alone"
    if any(url.startswith("http://") for url in settings.cores.values()):
        yield {"WALLET_CORES"}, "WALLET_CORES has to use https in production"
