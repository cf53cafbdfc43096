"""`gateway partner`: from nothing to a shop that is paid, and what a shop's office does then."""

from pathlib import Path

import click
import msgspec

from gateway.cli import (
    partner_bulk,
    partner_changes,
    partner_checkout,
    partner_joining,
    partner_keys,
    partner_money,
    partner_offers,
    partner_servers,
    partner_shops,
    partner_webhooks,
)
from gateway.cli.application import applicant
from gateway.cli.asking import (
    SaidNo,
    Session,
    acting,
    addressed,
    answering,
    ask_gateway,
    read_json,
    repeatable,
)
from gateway.cli.identity import IdentityFile
from gateway.cli.shown import As, plain, show
from gateway.client import Applicant, Gateway

_TEMPLATE = {
    "kind": "supermarket",
    "licence": {
        "name": "深圳市鹏城百货有限公司",
        "credit_code": "914403001922038216",
        "form": "company",
        "address": "深圳市南山区科技路1号",
        "valid_from": "2010-01-04",
    },
    "legal_representative": {
        "name": "张三",
        "document": "resident_id",
        "document_number": "440305198001020019",
    },
    "owners": [{"name": "张三", "document": "resident_id", "document_number": "440305198001020019"}],
    "contact": {"name": "王五", "phone": "13800138000", "email": "pay@pengcheng.example"},
    "short_name": "鹏城百货",
    "city": "Shenzhen",
    "mcc": "5411",
    "settlement": {
        "account_name": "深圳市鹏城百货有限公司",
        "bank_name": "招商银行深圳科技园支行",
        "branch_number": "308584001258",
        "account_number": "7559012345670001",
    },
    "stores": [{"name": "南山店", "area_code": "440305", "address": "深南大道9678号"}],
}


@click.group("partner")
def partner() -> None:
    """Apply, and run a shop: its application, keys, stores and terminals."""


@partner.command("template")
def template() -> None:
    """Print an application to fill in; as it stands, the sandbox takes it."""
    click.echo(msgspec.json.format(msgspec.json.encode(_TEMPLATE)))


@partner.command("apply")
@click.argument("application", metavar="FILE", type=click.Path())
@addressed
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    required=True,
    help="Where to keep the new key and, from now on, who you are.",
)
@answering
def apply(application: str, *, url: str, issuer: str | None, save: Path, how: As) -> None:
    """Open a draft with a new key, and name every fault that would keep it from being submitted.

    FILE is JSON, as `gateway partner template` prints it. Run again with the same --save after a failure: the same key
    asks for the same application.
    """
    declared = read_json(application)
    if not isinstance(declared, dict):
        raise click.ClickException(f"{application} holds no application: it is no JSON object")
    file = IdentityFile.make(save, url=url, issuer=issuer)
    body = {**declared, "jwk": msgspec.to_builtins(file.identity.public_jwk)}

    async def applied(gateway: Gateway) -> Applicant:
        key = file.identity.key
        return await Applicant.apply(gateway, key, body, idempotency_key=file.identity.asked_with)

    opened = ask_gateway(url, applied)
    file = file.keep(client_id=opened.client_id, application_id=opened.application_id)
    _tell(Session(file, how))


@partner.command("check")
@acting
def check(session: Session) -> None:
    """Name every fault of the application; exits with 3 when there is one."""
    _tell(session)


@partner.command("correct")
@click.argument("sections", metavar="FILE", type=click.Path())
@acting
def correct(session: Session, sections: str) -> None:
    """Replace the sections that FILE holds, and name the faults that are left."""
    body = read_json(sections)
    session.ask(applicant(session), lambda one: one.correct(body))
    _tell(session)


@partner.command("submit")
@repeatable
@acting
def submit(session: Session, idempotency_key: str | None) -> None:
    """Hand the application to the bank."""
    show(
        session.ask(applicant(session), lambda one: one.submit(idempotency_key=idempotency_key)), session.how
    )


@partner.command("status")
@acting
def status(session: Session) -> None:
    """How the application stands."""
    show(session.ask(applicant(session), lambda one: one.application()), session.how)


@partner.command("withdraw")
@click.option("--reason", required=True)
@repeatable
@acting
def withdraw(session: Session, reason: str, idempotency_key: str | None) -> None:
    """Take the application back."""
    show(
        session.ask(applicant(session), lambda one: one.withdraw(reason, idempotency_key=idempotency_key)),
        session.how,
    )


for _command in (
    *partner_joining.COMMANDS,
    *partner_shops.COMMANDS,
    *partner_checkout.COMMANDS,
    *partner_bulk.COMMANDS,
    *partner_changes.COMMANDS,
    *partner_money.COMMANDS,
    *partner_offers.COMMANDS,
    *partner_servers.COMMANDS,
    *partner_webhooks.COMMANDS,
    partner_keys.keys,
):
    partner.add_command(_command)


def _tell(session: Session) -> None:
    """The faults, all of them, or what to do next."""
    found = session.ask(applicant(session), lambda one: one.precheck())
    match session.how:
        case As.JSON:
            show(found, As.JSON)
        case As.ID:
            click.echo(session.file.identity.application_id)
        case As.TEXT if found.passes:
            click.echo(_without_faults(session))
        case As.TEXT:
            for fault in found.faults:
                click.echo(f"{plain(fault.pointer)}: {plain(fault.detail)} ({plain(fault.code)})")
    if not found.passes:
        raise SaidNo(f"{len(found.faults)} to correct before submitting")


def _without_faults(session: Session) -> str:
    """What to do next; of one that was handed over already, how it stands."""
    seen = session.ask(applicant(session), lambda one: one.application())
    handed = seen.status not in {"draft", "needs_more_info"}
    return f"{seen.id} has no faults" + (f", and is {seen.status}" if handed else ": gateway partner submit")
