"""Who a command speaks as: a client's id and private key, in a file of its own that its owner alone can read.

The file is written before the gateway is asked, and keeps the idempotency key it will be asked with. A command that
died on the way, or never heard the answer, is run again with the same file and goes on where it was.
"""

import os
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import click
import msgspec
from msgspec import Struct

from gateway.client import Credentials, SigningKey
from gateway.wire.clients import PublicJwk

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Unreadable(click.ClickException):
    """A file that is not there, or not what it should be; nothing was asked."""

    exit_code = 2


class Identity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a file holds.

    Attributes:
        url: the listener this client speaks to.
        issuer: the gateway's public address, where that is another.
        jwk: the private key.
        client_id: missing until the gateway has given one.
        asked_with: the idempotency key of the call that gets one.
        wallet_issuer: whose payers a wallet's backend speaks for.
        next_jwk: the key that is about to follow `jwk`, and may have been uploaded.
        retiring: the thumbprint of the key before, until it is revoked.
    """

    url: str
    jwk: dict[str, str]
    asked_with: str
    issuer: str | None = None
    client_id: str | None = None
    application_id: str | None = None
    merchant_id: str | None = None
    terminal_id: str | None = None
    wallet_issuer: str | None = None
    next_jwk: dict[str, str] | None = None
    retiring: str | None = None

    @property
    def kind(self) -> str | None:
        """Whose it is, as far as the file says: an operator's has nothing but a client."""
        if self.terminal_id is not None:
            return "till"
        if self.wallet_issuer is not None:
            return "wallet"
        return None if self.application_id is None else "partner"

    @property
    def key(self) -> SigningKey:
        return SigningKey.from_jwk(self.jwk)

    @property
    def public_jwk(self) -> PublicJwk:
        return msgspec.convert(self.key.public_jwk, PublicJwk)


@dataclass(frozen=True, slots=True)
class IdentityFile:
    """An identity and where it is kept."""

    path: Path
    identity: Identity

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            Unreadable: it is not there, or not ours.
            ClickException: others may read it.
        """
        try:
            if path.stat().st_mode & _OTHERS:
                raise click.ClickException(
                    f"{path} holds a private key and others may read it: chmod 600 {path}"
                )
            content = path.read_bytes()
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror}") from None
        try:
            return cls(path, msgspec.json.decode(content, type=Identity))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Unreadable(f"{path} is no identity that this command wrote") from None

    @classmethod
    def make(cls, path: Path, *, url: str, issuer: str | None = None) -> Self:
        """A new key in a new file; or the file there is, if nobody was let in with it yet.

        Raises:
            ClickException: the file holds somebody already.
        """
        if path.exists():
            found = cls.open(path)
            if found.identity.client_id is not None:
                raise click.ClickException(
                    f"{path} holds {found.identity.client_id} already: choose another file"
                )
            return found.keep(url=url, issuer=issuer)
        jwk = SigningKey.generate().private_jwk
        made = cls(path, Identity(url=url, issuer=issuer, jwk=jwk, asked_with=uuid.uuid4().hex))
        _write(path, made.identity)
        return made

    def credentials(self) -> Credentials:
        """How this client signs in; one that runs for long takes the key that `keys rotate` puts into its file.

        Raises:
            ClickException: the gateway has not let it in yet.
        """
        if self.identity.client_id is None:
            raise click.ClickException(
                "nobody was let in with this identity yet: run the command that made it again"
            )
        return Credentials(
            client_id=self.identity.client_id,
            key=self.identity.key,
            key_now=lambda: self.open(self.path).identity.key,
        )

    def keep(self, **changes: str | dict[str, str] | None) -> Self:
        """Write what has become known."""
        changed = msgspec.structs.replace(self.identity, **changes)
        _write(self.path, changed)
        return type(self)(self.path, changed)


def write_secret(path: Path, content: bytes) -> None:
    """A new file with JSON that nobody else may read; raises as `write_private` does."""
    write_private(path, msgspec.json.format(content))


def write_private(path: Path, content: bytes) -> None:
    """A new file that was never readable by others, not even for a moment.

    Raises:
        ClickException: there is a file of this name, or it cannot be written.
    """
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None


def _write(path: Path, identity: Identity) -> None:
    """Whole or not at all."""
    fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    write_secret(fresh, msgspec.json.encode(identity))
    fresh.replace(path)
