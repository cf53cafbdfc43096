"""The published contract, the messages as types, and what both ends really say are one."""

from importlib import resources
from typing import Any, get_args

import jsonschema_rs
import msgspec
import pytest
import yaml

import gateway.wallet
from gateway.wallet.answers import message_of
from gateway.wallet.contract import (
    CoreProblem,
    LegMessage,
    ListingAnswer,
    TransferAnswer,
    TransferRequest,
)
from gateway.wallet.core import DECLINES, MAX_LEGS, LegRole, Status, TransferKind
from tests.cores import Cast, SandboxCore, leg
from tests.wallet.test_gate import signed

CONTRACT: dict[str, Any] = yaml.safe_load(
    (resources.files(gateway.wallet) / "contract.yaml").read_text(encoding="utf-8")
)
SCHEMAS = CONTRACT["components"]["schemas"]


def schema(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": CONTRACT["components"]}, validate_formats=True
    )


@pytest.mark.parametrize(
    ("struct", "name"),
    [
        (LegMessage, "Leg"),
        (TransferRequest, "TransferRequest"),
        (TransferAnswer, "Transfer"),
        (ListingAnswer, "Listing"),
        (CoreProblem, "Problem"),
    ],
)
def test_each_message_has_the_fields_of_its_schema(struct: type[msgspec.Struct], name: str) -> None:
    fields = msgspec.structs.fields(struct)

    assert {field.name for field in fields} == set(SCHEMAS[name]["properties"])
    assert {field.name for field in fields if field.required} == set(SCHEMAS[name]["required"])


def test_the_contract_knows_the_same_kinds_roles_states_and_reasons() -> None:
    assert SCHEMAS["TransferRequest"]["properties"]["kind"]["enum"] == list(get_args(TransferKind))
    assert SCHEMAS["TransferRequest"]["properties"]["legs"]["maxItems"] == MAX_LEGS
    assert SCHEMAS["Leg"]["properties"]["role"]["enum"] == list(get_args(LegRole))
    assert SCHEMAS["Transfer"]["properties"]["status"]["enum"] == list(get_args(Status))
    for reason in DECLINES:
        assert reason in SCHEMAS["Transfer"]["properties"]["reason"]["description"]


def test_what_we_send_is_what_the_contract_says(cast: Cast) -> None:
    debit = cast.debit(confirmed=True, factors=2, certificate=True, statement="便利店", reference="A-1")
    refund = cast.refund(debit, 100)
    release = cast.transfer("release", parent=debit.id)
    points = cast.transfer("credit", leg("funder", cast.funder, cast.payer, 3), unit="points:club")

    for transfer in (debit, refund, release, points):
        schema("TransferRequest").validate(msgspec.json.decode(message_of(transfer)))


async def test_what_the_reference_core_answers_is_what_the_contract_says(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id)
    debit = cast.debit()

    async def asked(method: str, path: str, body: bytes = b"") -> Any:
        token = signed(sandbox.signer, body, htm=method, htu=path)
        async with sandbox.http.request(
            method, sandbox.url + path, data=body or None, headers={"Authorization": token}
        ) as answer:
            return await answer.json(content_type=None)

    schema("Transfer").validate(await asked("POST", "/transfers", message_of(debit)))
    schema("Transfer").validate(await asked("GET", f"/transfers/{debit.id}"))
    schema("Transfer").validate(await asked("POST", f"/transfers/{debit.id}/reverse"))
    schema("Transfer").validate(await asked("POST", f"/transfers/{cast.mark}/reverse"))
    schema("Problem").validate(await asked("GET", "/transfers/never-seen"))
    schema("Problem").validate(await asked("POST", "/transfers", b"{}"))
    schema("Problem").validate(await asked("GET", "/transfers"))
    listing = await asked("GET", "/transfers?from=2026-01-01T00:00:00Z&to=2100-01-01T00:00:00Z")
    schema("Listing").validate(listing)
