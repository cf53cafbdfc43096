"""`gateway operator wallets` and `keys`: who comes in by two people's word, and `revoke-client`: who goes by one's."""

from pathlib import Path

import click

from gateway.cli.asking import Session, acting, most, reasoned, repeatable
from gateway.cli.identity import IdentityFile
from gateway.cli.shown import show, show_all
from gateway.client import Operator
from gateway.wire.clients import NewWalletClient, Rejection, Revocation
from gateway.wire.key_resets import NewKeyReset

_PROPOSAL = click.argument("proposal_id", metavar="PROPOSAL")
_RESET = click.argument("reset_id", metavar="RESET")
_CLIENT = click.argument("client_id", metavar="CLIENT")


@click.group("wallets")
def wallets() -> None:
    """Backends of wallets, which speak for an issuer's payers."""


@wallets.command("propose")
@click.argument("issuer")
@click.option("--name", default="Wallet app", show_default=True)
@click.option(
    "--save", type=click.Path(path_type=Path), required=True, help="Where to keep the new identity."
)
@acting
def propose_wallet(session: Session, issuer: str, name: str, save: Path) -> None:
    """Propose the backend of an issuer's wallet, with a new key in a file of its own; another approver confirms."""
    mine = session.file.identity
    file = IdentityFile.make(save, url=mine.issuer or mine.url)
    wish = NewWalletClient(issuer=issuer, name=name, jwk=file.identity.public_jwk)
    key = file.identity.asked_with
    made = session.ask(Operator, lambda one: one.propose_wallet(wish, idempotency_key=key))
    file.keep(client_id=made.client_id, wallet_issuer=issuer)
    show(made, session.how)


@wallets.command("list")
@most
@acting
def list_wallets(session: Session, most: int) -> None:
    """Those that wait for a second approver's word."""
    found = session.listed(Operator, lambda one: one.wallet_proposals(), most=most)
    show_all(found, session.how, ("id", "issuer", "name", "thumbprint", "proposed_by", "proposed_at"))


@wallets.command("confirm")
@_PROPOSAL
@repeatable
@acting
def confirm_wallet(session: Session, proposal_id: str, idempotency_key: str | None) -> None:
    """Let a backend in that somebody else proposed; compare its thumbprint with its owner's first."""
    session.show(Operator, lambda one: one.confirm_wallet(proposal_id, idempotency_key=idempotency_key))


@wallets.command("reject")
@_PROPOSAL
@reasoned
@repeatable
@acting
def reject_wallet(session: Session, proposal_id: str, reason: str, idempotency_key: str | None) -> None:
    """Do not let a backend in that somebody else proposed."""
    why = Rejection(reason=reason)
    session.show(Operator, lambda one: one.reject_wallet(proposal_id, why, idempotency_key=idempotency_key))


@click.group("keys")
def keys() -> None:
    """New keys for clients that lost theirs: one operator proposes, another confirms, each is shown half a code."""


@keys.command("reset")
@_CLIENT
@reasoned
@repeatable
@acting
def reset(session: Session, client_id: str, reason: str, idempotency_key: str | None) -> None:
    """Propose to reset the keys of CLIENT; `code_half` is shown once, -q leaves it out."""
    wish = NewKeyReset(client_id=client_id, reason=reason)
    session.show(Operator, lambda one: one.propose_key_reset(wish, idempotency_key=idempotency_key))


@keys.command("list")
@most
@acting
def list_resets(session: Session, most: int) -> None:
    """Those that wait for a second operator's word."""
    found = session.listed(Operator, lambda one: one.key_resets(), most=most)
    show_all(found, session.how, ("id", "client_id", "reason", "proposed_by", "proposed_at"))


@keys.command("show")
@_RESET
@acting
def show_reset(session: Session, reset_id: str) -> None:
    """Who proposed and who decided, and whether a new key has come in."""
    session.show(Operator, lambda one: one.key_reset(reset_id))


@keys.command("confirm")
@_RESET
@repeatable
@acting
def confirm_reset(session: Session, reset_id: str, idempotency_key: str | None) -> None:
    """End the client's keys, and be shown the other half of the code that lets a new one in."""
    session.show(Operator, lambda one: one.confirm_key_reset(reset_id, idempotency_key=idempotency_key))


@keys.command("reject")
@_RESET
@reasoned
@repeatable
@acting
def reject_reset(session: Session, reset_id: str, reason: str, idempotency_key: str | None) -> None:
    """Leave the client's keys as they are."""
    why = Rejection(reason=reason)
    session.show(Operator, lambda one: one.reject_key_reset(reset_id, why, idempotency_key=idempotency_key))


@click.command("revoke-client")
@_CLIENT
@reasoned
@repeatable
@acting
def revoke_client(session: Session, client_id: str, reason: str, idempotency_key: str | None) -> None:
    """Put anybody out, with all keys and tokens, at once and for good."""
    why = Revocation(reason=reason)
    session.show(Operator, lambda one: one.revoke_client(client_id, why, idempotency_key=idempotency_key))


COMMANDS = (wallets, keys, revoke_client)
