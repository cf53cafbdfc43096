"""`gateway wallet-core`: for a bank that connects its own core: does it honour the contract?"""

import asyncio
import json
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.cli.asking import NotReached, Refused, SaidNo
from gateway.wallet.conformance import CoreNotReached, KeyRefused, Result, Subject, run
from gateway.wallet.core import merchant_account, payer_account
from gateway.wallet.rest import RestCore
from merchants.keyring import Purpose, Signer
from merchants.keyring.signer import as_jwk

_KEY_ID = "A1"
_MARKS = {"honoured": "✓", "broken": "✗", "not_tried": "–"}


@click.group("wallet-core")
def wallet_core() -> None:
    """Connect a bank's own wallet core."""


@wallet_core.command("key")
@click.option("--key", "key_file", type=click.Path(path_type=Path), required=True, help="Where to keep it.")
def key(key_file: Path) -> None:
    """Make a key to check with; print its JWKS.

    The core has to know that JWKS before `check` can sign in.
    """
    private = Ed25519PrivateKey.generate()
    try:
        key_file.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise click.ClickException(f"{key_file} exists already and may be in use") from None
    key_file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    print(json.dumps({"keys": [as_jwk(Purpose.CORE, _KEY_ID, private.public_key())]}, indent=2))


@wallet_core.command("check")
@click.option("--url", required=True, help="Base of the contract's paths.")
@click.option("--key", "key_file", type=click.Path(path_type=Path, exists=True), required=True,
              help="From `wallet-core key`.")  # fmt: skip
@click.option("--payer", required=True, help="Id of a payer with at least 1,000.00.")
@click.option("--merchant", default="conformance", show_default=True, help="Id of a merchant.")
@click.option("--unit", default="CNY", show_default=True, help="Currency that the payer holds.")
@click.option("--issuer", default="bank", show_default=True, help="The payer's issuer.")
@click.option("--timeout-s", default=8.0, show_default=True, help="For each call.")
def check(
    *, url: str, key_file: Path, payer: str, merchant: str, unit: str, issuer: str, timeout_s: float
) -> None:
    """Say which promises the core keeps.

    The promises are those of gateway/wallet/contract.yaml; exits with 3 when the core breaks one, with 1 when it does
    not know the key, and with 4 when nobody answers. Moves 10.00 of the payer's money at a time and gives it back.
    """
    checking = _check(
        url,
        _read(key_file),
        payer=payer_account(payer),
        merchant=merchant_account(merchant),
        unit=unit,
        issuer=issuer,
        timeout_s=timeout_s,
    )
    try:
        results = asyncio.run(checking)
    except KeyRefused:
        raise Refused(
            f"The core does not know {key_file} (401): give it the JWKS that `key` printed."
        ) from None
    except CoreNotReached as error:
        raise NotReached(f"Nobody answers at {url}: {error}.") from None
    for result in results:
        _print(result)
    broken = sum(result.verdict == "broken" for result in results)
    print(f"{len(results) - broken} of {len(results)} promises not broken")
    raise SystemExit(SaidNo.exit_code if broken else 0)


async def _check(
    url: str, signer: Signer, *, payer: str, merchant: str, unit: str, issuer: str, timeout_s: float
) -> list[Result]:
    stranger = Signer(purpose=Purpose.CORE, key_id=_KEY_ID, private_key=Ed25519PrivateKey.generate())

    def asked_by(signer: Signer) -> RestCore:
        return RestCore(name=url, url=url, signer=lambda: signer, timeout_s=timeout_s)

    async with asked_by(signer) as core, asked_by(stranger) as by_stranger:
        return await run(
            Subject(core=core, stranger=by_stranger, payer=payer, merchant=merchant, unit=unit, issuer=issuer)
        )


def _read(key_file: Path) -> Signer:
    private = load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise click.ClickException(f"{key_file} holds no Ed25519 key; make one with `wallet-core key`")
    return Signer(purpose=Purpose.CORE, key_id=_KEY_ID, private_key=private)


def _print(result: Result) -> None:
    print(f"{_MARKS[result.verdict]} {result.promise}" + (f" {result.why}." if result.why else ""))
