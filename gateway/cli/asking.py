"""How a command asks the gateway, and what its exit code says about the answer.

0 is done and 2 a command line or file that cannot be read; a script can act on the others alone: after 4 it may ask
again at once, after 5 only with the same idempotency key, after 1 and 3 not before something has changed.
"""

import asyncio
import functools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

import click
import msgspec
from msgspec import Struct

from gateway.cli.identity import IdentityFile, Unreadable
from gateway.cli.shown import As, plain_lines, show
from gateway.client import (
    AnswerLost,
    Credentials,
    Gateway,
    GatewayError,
    Operator,
    Partner,
    ProblemAnswered,
    SigningKey,
    Till,
    UnexpectedAnswer,
    Unreachable,
    WalletBackend,
)
from gateway.client.signed_in import SignedIn

P = ParamSpec("P")
T = TypeVar("T")
UserT = TypeVar("UserT", bound=SignedIn)


# Who each kind of user is, for which its identity file is judged before anything is asked.
_KINDS: dict[object, str] = {Till: "till", WalletBackend: "wallet", Partner: "partner", Operator: "operator"}


_BROKE = "internal_error"
_A = {"till": "a till", "wallet": "a wallet", "partner": "a partner", "operator": "an operator"}


class Refused(click.ClickException):
    """The gateway says no; the message says why and what to do."""

    exit_code = 1


class SaidNo(click.ClickException):
    """Asked and answered: nobody paid, or the application has faults."""

    exit_code = 3


class NotReached(click.ClickException):
    """The gateway could not be reached, and nothing happened."""

    exit_code = 4


class NotKnown(click.ClickException):
    """Whether it was done is not known yet."""

    exit_code = 5


@dataclass(frozen=True, slots=True)
class Session:
    """One command's user, and how the answer is to be shown."""

    file: IdentityFile
    how: As

    def ask(self, user: Callable[[Gateway, Credentials], UserT], deed: Callable[[UserT], Awaitable[T]]) -> T:
        """Sign in as this kind of user and do something.

        Raises:
            ClickException: it was not done, or nobody knows; the exit code says which.
        """
        identity = self.file.identity
        self._refuse_another_kind(user.func if isinstance(user, functools.partial) else user)

        async def asked(gateway: Gateway) -> T:
            return await deed(user(gateway, self.file.credentials()))

        return ask_gateway(identity.url, asked, issuer=identity.issuer)

    def show(
        self, user: Callable[[Gateway, Credentials], UserT], deed: Callable[[UserT], Awaitable[Struct]]
    ) -> None:
        """Likewise, and show what came of it."""
        show(self.ask(user, deed), self.how)

    def _refuse_another_kind(self, user: object) -> None:
        """Somebody else's file would only be told that a path or a scope is not there."""
        wanted, kind = _KINDS.get(user), self.file.identity.kind
        # An operator's file names nothing that only operators have; a partner's server need not have applied.
        if wanted is None or kind == wanted:
            return
        if kind is not None or wanted not in {"operator", "partner"}:
            whose = f"is a {kind}'s identity" if kind else f"is no {wanted}'s identity"
            raise Unreadable(
                f"{self.file.path} {whose}, and this command acts as {_A[wanted]}: name another by --as"
            )

    def listed(
        self,
        user: Callable[[Gateway, Credentials], UserT],
        deed: Callable[[UserT], AsyncIterator[T]],
        *,
        most: int,
    ) -> list[T]:
        """The first items of a list."""

        async def items(one: UserT) -> list[T]:
            found: list[T] = []
            async for item in deed(one):
                found.append(item)
                if len(found) == most:
                    break
            return found

        return self.ask(user, items)


def ask_gateway(url: str, deed: Callable[[Gateway], Awaitable[T]], *, issuer: str | None = None) -> T:
    """Do something at a gateway, with or without a token; what goes wrong becomes an exit code."""

    async def asked() -> T:
        async with Gateway(url, issuer=issuer, retry_for_s=_patience_s()) as gateway:
            return await deed(gateway)

    try:
        return asyncio.run(asked())
    except GatewayError as error:
        raise _failed(error, url) from error
    except KeyboardInterrupt:
        # What was sent may be carried out all the same; "aborted" would say that it was not.
        raise NotKnown("stopped: whether this was done is not known; look before you ask again") from None


def _patience_s() -> float:
    """How long a call is repeated that may be: somebody sits before it."""
    return float(os.environ.get("GATEWAY_RETRY_FOR_S", "5"))


def leaves_open(error: GatewayError) -> bool:
    """Whether what was asked may have been done: the answer is lost, or the gateway broke on its way to it."""
    return isinstance(error, AnswerLost) or (isinstance(error, ProblemAnswered) and error.code == _BROKE)


def _failed(error: GatewayError, url: str) -> click.ClickException:
    match error:
        case ProblemAnswered() if leaves_open(error):
            return NotKnown(f"{plain_lines(str(error))}\nwhether this was done is not known")
        case ProblemAnswered():
            return Refused(plain_lines(str(error)))
        case Unreachable():
            return NotReached(f"{url} cannot be reached, and nothing happened; is it running? {error}")
        case AnswerLost(idempotency_key=key):
            again = f"; to go on, add --idempotency-key {key}" if key else ""
            return NotKnown(f"whether this was done is not known{again}")
        case UnexpectedAnswer():
            return Refused(f"{url} answers, and is no gateway of this kind: {error}")
        case _:
            return Refused(str(error))


def acting(command: Callable[Concatenate[Session, P], None]) -> Callable[P, None]:
    """Give a command its user (`--as`) and its ways to answer (`--json`, `-q`)."""

    @click.option(
        "--as",
        "identity",
        type=click.Path(path_type=Path),
        envvar="GATEWAY_AS",
        required=True,
        help="The identity file to act as; or GATEWAY_AS.",
    )
    @answering
    @functools.wraps(command)
    def acted(*args: Any, identity: Path, how: As, **options: Any) -> None:
        command(Session(IdentityFile.open(identity), how), *args, **options)

    return acted


def answering(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its ways to answer alone."""

    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    @click.option("-q", "--quiet", is_flag=True, help="Answer the id alone, for the next command.")
    @functools.wraps(command)
    def answered(*args: Any, as_json: bool, quiet: bool, **options: Any) -> None:
        command(*args, how=As.JSON if as_json else As.ID if quiet else As.TEXT, **options)

    return answered


most = click.option(
    "--most",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    help="How many to list.",
)
reasoned = click.option("--reason", required=True, help="Kept on the trail.")
repeatable = click.option(
    "--idempotency-key",
    help="The key of an earlier try whose answer was lost, so that nothing is done twice.",
)
"""For commands that make or move something."""


def addressed(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that makes an identity its gateway: `url` and `issuer`."""
    command = click.option(
        "--issuer",
        help="What the gateway calls itself, where it is reached under another address than the world.",
    )(command)
    return click.option(
        "--url",
        envvar="GATEWAY_URL",
        required=True,
        callback=_web_address,
        help="The gateway's address; or GATEWAY_URL.",
    )(command)


def _web_address(_context: click.Context, _option: click.Parameter, url: str) -> str:
    """Judged before a key is written for it: `$(cat bank/url)` is empty while no sandbox is open."""
    if not url:
        raise click.BadParameter("it is empty; is the sandbox open whose address was meant?")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
        raise click.BadParameter(f"{url!r} is no address that begins with http:// or https://")
    return url


def read_json(path: str) -> Any:
    """A JSON document from a file, or from standard input for `-`.

    Raises:
        ClickException
    """
    try:
        with click.open_file(path, "rb") as file:
            return msgspec.json.decode(file.read())
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} is not JSON: {error}") from None


def read_key(path: str) -> SigningKey:
    """A private key that `keys create` wrote.

    Raises:
        ClickException
    """
    try:
        return SigningKey.from_jwk(read_json(path))
    except (ValueError, TypeError):
        raise Unreadable(f"{path} holds no private Ed25519 key (JWK)") from None
