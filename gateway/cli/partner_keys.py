"""`gateway partner keys`: one's own keys, replaced without a failed call."""

from pathlib import Path
from typing import get_args

import click
import msgspec

from gateway.cli.asking import Session, acting, ask_gateway, read_key, repeatable
from gateway.cli.identity import IdentityFile, write_secret
from gateway.cli.shown import show, show_all
from gateway.client import Gateway, Partner, ProblemAnswered, SigningKey, enrol_key
from gateway.wire.clients import ClientKey, KeyPurpose

_COLUMNS = ("id", "purpose", "algorithm", "created_at", "last_used_at", "revoked_at")


@click.group("keys")
def keys() -> None:
    """The keys one signs in with."""


@keys.command("list")
@acting
def list_keys(session: Session) -> None:
    """Every key there ever was, and when each was last used."""
    show_all(session.ask(Partner, lambda one: one.keys()), session.how, _COLUMNS)


@keys.command("create")
@click.argument("file", type=click.Path(path_type=Path))
def create(file: Path) -> None:
    """Make a key in FILE, for another server or for agreements; it is nobody's until it is uploaded."""
    write_secret(file, msgspec.json.encode(SigningKey.generate().private_jwk))


@keys.command("upload")
@click.argument("file", type=click.Path())
@click.option("--purpose", type=click.Choice(get_args(KeyPurpose)), default="assertion", show_default=True)
@click.option("--client", "client_id", help="Another server of yours; oneself if left out.")
@repeatable
@acting
def upload(
    session: Session, *, file: str, purpose: KeyPurpose, client_id: str | None, idempotency_key: str | None
) -> None:
    """Upload the public half of the key in FILE, with a proof that you hold it. The private one stays here."""
    key = read_key(file)
    show(
        session.ask(
            Partner,
            lambda one: one.upload_key(key, client_id, purpose=purpose, idempotency_key=idempotency_key),
        ),
        session.how,
    )


@keys.command("rotate")
@acting
def rotate(session: Session) -> None:
    """Make a new key, sign in with it, and revoke the one before; no call in between is refused.

    Each step is in the file before it is taken: run again after a failure, and it goes on where it was.
    """
    file = session.file
    if file.identity.retiring is None:
        file = _followed(session, file)
    renewed = Session(file, session.how)
    found = renewed.ask(Partner, lambda one: _revoked(one, thumbprint=file.identity.retiring or ""))
    file.keep(retiring=None)
    show_all([one for one in found if one.revoked_at is None], session.how, _COLUMNS)


def _enrolled(file: IdentityFile, reset_code: str) -> bool:
    """Whether the next key came in; it does not where a rotation before the reset had uploaded it already."""
    identity = file.identity
    client_id = file.credentials().client_id
    assert identity.next_jwk is not None, "it was just made"
    new = SigningKey.from_jwk(identity.next_jwk)

    async def enrolled(gateway: Gateway) -> bool:
        try:
            await enrol_key(gateway, new, client_id=client_id, reset_code=reset_code)
        except ProblemAnswered as problem:
            if problem.code != "public_key_used_before":
                raise
            return False
        return True

    return ask_gateway(identity.url, enrolled, issuer=identity.issuer)


def _followed(session: Session, file: IdentityFile) -> IdentityFile:
    """The file with the next key in the place of the one before, which is still good."""
    if file.identity.next_jwk is None:
        file = file.keep(next_jwk=SigningKey.generate().private_jwk)
    identity = file.identity
    assert identity.next_jwk is not None, "it was just made"
    new = SigningKey.from_jwk(identity.next_jwk)
    session.ask(Partner, lambda one: _uploaded(one, new))
    return file.keep(jwk=identity.next_jwk, next_jwk=None, retiring=identity.key.thumbprint)


@keys.command("enrol")
@click.argument("reset_code", metavar="CODE")
@acting
def enrol(session: Session, reset_code: str) -> None:
    """After the bank has reset your keys: let a new one in by CODE, whose halves two of its people gave you.

    The new key is in the file before it is sent: run again after a failure, and it is the same one.
    """
    file = session.file
    if file.identity.next_jwk is None:
        file = file.keep(next_jwk=SigningKey.generate().private_jwk)
    if not _enrolled(file, reset_code):
        file = file.keep(next_jwk=SigningKey.generate().private_jwk)
        _enrolled(file, reset_code)
    file = file.keep(jwk=file.identity.next_jwk, next_jwk=None, retiring=None)
    show_all(Session(file, session.how).ask(Partner, lambda one: one.keys()), session.how, _COLUMNS)


@keys.command("revoke")
@click.argument("key_id", metavar="KEY")
@acting
def revoke(session: Session, key_id: str) -> None:
    """End a key and every token it signed in for, at once."""
    session.ask(Partner, lambda one: one.revoke_key(key_id))


async def _uploaded(one: Partner, key: SigningKey) -> None:
    """Once: an earlier try may have come through."""
    if all(known.thumbprint != key.thumbprint for known in await one.keys()):
        await one.upload_key(key)


async def _revoked(one: Partner, *, thumbprint: str) -> list[ClientKey]:
    """All keys, once the one with this thumbprint is revoked."""
    for key in await one.keys():
        if key.thumbprint == thumbprint and key.revoked_at is None:
            await one.revoke_key(key.id)
    return await one.keys()
