"""The partner's, till's and operator's commands against a real gateway: what they do, and what their exit codes say."""

import json
from typing import Any

import msgspec
import pytest

from gateway.cli.identity import IdentityFile
from tests.desk import Desk, Said
from tests.onboarded import a_company
from tests.town import ISSUER


def signing_in(listed: Said) -> list[Any]:
    """Of listed keys those to sign in with."""
    keys = [json.loads(line) for line in listed.out.splitlines()]
    return [one for one in keys if one["purpose"] == "assertion"]


async def test_an_application_is_told_every_fault_at_once_and_corrected(desk: Desk) -> None:
    await desk.application(mcc="0000", legal_representative=None)
    said = await desk.types("partner", "apply", "application.json", *desk.where, "--save", "shop.json")
    assert said.code == 3
    assert {line.split(":")[0] for line in said.out.splitlines()} >= {"/mcc", "/legal_representative"}
    refused = await desk.types("partner", "submit", "--as", "shop.json")
    assert refused.code == 1
    await desk.application()
    (desk.folder / "part.json").write_text('{"mcc": "5411"}')
    whole = json.loads((desk.folder / "application.json").read_bytes())
    person = {"legal_representative": whole["legal_representative"]}
    (desk.folder / "application-part.json").write_text(json.dumps(person))
    part = await desk.types("partner", "correct", "part.json", "--as", "shop.json", "--json")
    assert (part.code, "/mcc" in part.out, "/legal_representative" in part.out) == (3, False, True)
    await desk.papers()
    await desk.done("partner", "correct", "application-part.json", "--as", "shop.json")
    await desk.done("partner", "submit", "--as", "shop.json")
    handed = await desk.done("partner", "check", "--as", "shop.json")
    assert "has no faults, and is submitted" in handed.out
    twice = await desk.types("partner", "submit", "--as", "shop.json")
    assert (twice.code, "application_status: submitted" in twice.err) == (1, True), twice
    withdrawn = await desk.done("partner", "withdraw", "--reason", "later", "--as", "shop.json", "--json")
    assert withdrawn.json["status"] == "withdrawn"


async def test_what_is_no_application_is_explained_by_the_gateway_field_by_field(desk: Desk) -> None:
    await desk.application(kind="bank", licence={"name": 7})
    said = await desk.types("partner", "apply", "application.json", *desk.where, "--save", "shop.json")
    assert said.code == 1
    assert "/kind" in said.err
    assert "/licence/name" in said.err
    await desk.application()
    mended = await desk.types("partner", "apply", "application.json", *desk.where, "--save", "shop.json")
    assert (mended.code, "/documents" in mended.out) == (3, True), mended


async def test_a_lost_answer_is_asked_for_again_with_the_same_file(desk: Desk) -> None:
    await desk.application()
    for url, words in (("", "it is empty"), ("127.0.0.1:9", "begins with http://")):
        wrong = await desk.types("partner", "apply", "application.json", "--url", url, "--save", "shop.json")
        assert (wrong.code, words in wrong.err) == (2, True), wrong
    nowhere = ("--url", "http://127.0.0.1:9")
    lost = await desk.types("partner", "apply", "application.json", *nowhere, "--save", "shop.json")
    assert (lost.code, "nothing happened" in lost.err) == (4, True)
    key = IdentityFile.open(desk.folder / "shop.json").identity.jwk
    await desk.types("partner", "apply", "application.json", *desk.where, "--save", "shop.json")
    kept = IdentityFile.open(desk.folder / "shop.json").identity
    assert (kept.jwk, kept.url) == (key, desk.town.public)
    taken = await desk.types("partner", "apply", "application.json", *desk.where, "--save", "shop.json")
    assert (taken.code, "choose another file" in taken.err) == (1, True)


async def test_a_till_says_by_its_exit_code_whether_it_was_paid(desk: Desk) -> None:
    await desk.shop()
    await desk.till()
    payer = await desk.town.payer(100_000)
    code = await desk.town.code(payer)
    paid = await desk.done("till", "pay", "128.00", "--code", code, "--as", "till.json", "--json")
    assert (paid.json["state"], paid.json["order"]["amount_minor"]) == ("succeeded", 12_800)
    used = await desk.types("till", "pay", "128.00", "--code", code, "--as", "till.json")
    assert (used.code, "code_used" in used.err) == (1, True)
    code = await desk.town.code(payer)
    poor = await desk.types("till", "pay", "1500.00", "--code", code, "--as", "till.json")
    assert (poor.code, "not paid" in poor.err) == (3, True)
    shown = await desk.types("till", "pay", "5.00", "--within-s", "0", "--as", "till.json")
    assert shown.code == 5
    payment = next(line.split()[1] for line in shown.out.splitlines() if line.startswith("id "))
    assert "█" in shown.err
    ended = await desk.done("till", "cancel", payment, "--as", "till.json", "--json")
    assert ended.json["state"] == "canceled"
    over = await desk.types("till", "wait", payment, "--as", "till.json")
    assert over.code == 3


async def test_keys_are_created_uploaded_listed_rotated_and_revoked(desk: Desk) -> None:
    await desk.shop()
    before = IdentityFile.open(desk.folder / "shop.json").identity.key.thumbprint
    live = await desk.done("partner", "keys", "rotate", "--as", "shop.json", "--json")
    [one] = signing_in(live)
    after = IdentityFile.open(desk.folder / "shop.json").identity
    assert after.key.thumbprint == one["thumbprint"] != before
    assert (after.next_jwk, after.retiring) == (None, None)
    await desk.done("partner", "keys", "create", "spare.json")
    spare = await desk.done("partner", "keys", "upload", "spare.json", "--as", "shop.json", "-q")
    await desk.done("partner", "keys", "revoke", spare.out.strip(), "--as", "shop.json")
    listed = await desk.done("partner", "keys", "list", "--as", "shop.json", "--json")
    revoked = [one["revoked_at"] is not None for one in signing_in(listed)]
    assert sorted(revoked) == [False, True, True]


async def test_a_rotation_that_died_after_its_upload_goes_on(desk: Desk) -> None:
    await desk.shop()
    await desk.done("partner", "keys", "create", "next.json")
    await desk.done("partner", "keys", "upload", "next.json", "--as", "shop.json")
    file = IdentityFile.open(desk.folder / "shop.json")
    file.keep(next_jwk=json.loads((desk.folder / "next.json").read_bytes()))
    live = await desk.done("partner", "keys", "rotate", "--as", "shop.json", "--json")
    assert len(signing_in(live)) == 1
    await desk.done("partner", "merchant", "--as", "shop.json")


async def test_an_identity_that_others_may_read_is_not_used(desk: Desk) -> None:
    await desk.done("partner", "keys", "create", "key.json")
    assert (desk.folder / "key.json").stat().st_mode & 0o777 == 0o600
    IdentityFile.make(desk.folder / "shop.json", url=desk.town.public)
    (desk.folder / "shop.json").chmod(0o644)
    said = await desk.types("partner", "status", "--as", "shop.json")
    assert (said.code, "chmod 600" in said.err) == (1, True)


async def test_what_a_stranger_wrote_moves_no_cursor(desk: Desk) -> None:
    await desk.operators()
    await desk.application(short_name="\x1b[2J\u202eevil")
    applied = await desk.types("partner", "apply", "application.json", *desk.where, "--save", "shop.json")
    if applied.code == 3:
        await desk.papers()
        await desk.done("partner", "submit", "--as", "shop.json")
        listed = await desk.done("operator", "cases", "--as", "lin.json")
        assert "\x1b" not in listed.out
        assert "\u202e" not in listed.out


async def test_a_third_colleague_needs_the_word_of_another_approver(desk: Desk) -> None:
    await desk.operators()
    saved = ("--role", "risk", "--as", "zhao.json", "--save", "wu.json")
    proposal = (await desk.done("operator", "register", "wu", *saved, "-q")).out.strip()
    outside = await desk.types("operator", "cases", "--as", "wu.json")
    assert outside.code == 1
    listed = await desk.done("operator", "proposed", "--as", "lin.json", "-q")
    assert listed.out.split() == [proposal]
    own = await desk.types("operator", "confirm", proposal, "--as", "zhao.json")
    assert (own.code, "own_operator_proposal" in own.err) == (1, True)
    await desk.done("operator", "confirm", proposal, "--as", "first.json")
    await desk.done("operator", "cases", "--as", "wu.json")


@pytest.mark.parametrize("amount", ["0", "1.234", "-1", "1e3", "1,00", "١٢", "1 XXX", ""])
async def test_what_is_no_amount_is_refused_before_anything_is_asked(desk: Desk, amount: str) -> None:
    IdentityFile.make(desk.folder / "till.json", url="http://127.0.0.1:9")
    said = await desk.types("till", "pay", "--as", "till.json", "--", amount)
    assert said.code == 2


async def test_a_wallet_gets_a_code_for_its_payer(desk: Desk) -> None:
    await desk.operators()
    saved = ("--as", "first.json", "--save", "wallet.json")
    await desk.done("operator", "wallets", "propose", ISSUER, *saved)
    proposal = (await desk.done("operator", "wallets", "list", "--as", "lin.json", "-q")).out.strip()
    own = await desk.types("operator", "wallets", "confirm", proposal, "--as", "first.json")
    assert (own.code, "own_proposal" in own.err) == (1, True)
    await desk.done("operator", "wallets", "confirm", proposal, "--as", "zhao.json")
    file = IdentityFile.open(desk.folder / "wallet.json")
    file.keep(url=desk.town.public, issuer=desk.town.settings.public_url)
    code = await desk.done("wallet", "code", "lan", "--as", "wallet.json", "-q")
    assert len(code.out.strip()) == 19


async def test_a_file_of_tenants_is_read_once_and_its_faults_are_named_by_line(desk: Desk) -> None:
    await desk.shop(kind="mall")
    good = [msgspec.to_builtins(a_company()) for _ in range(2)]
    lines = [
        *({"reference": f"shop-{n}", **one} for n, one in enumerate(good)),
        {**good[0], "reference": "bent", "mcc": "54"},
    ]
    sheet = desk.folder / "tenants.jsonl"
    sheet.write_text("\n".join(json.dumps(line, default=str) for line in lines))
    read = await desk.types("partner", "import", str(sheet), "--as", "shop.json")
    assert read.code == 3
    assert "line 3, mcc:" in read.out
    assert "1 of 3 lines have faults" in read.err
    again = await desk.types("partner", "import", str(sheet), "--as", "shop.json", "--json")
    made = json.loads(again.out)
    assert (made["lines"], made["faulty"]) == (3, 1)
    assert made["id"] in read.out, "the same file is there once"
    listed = await desk.done("partner", "bulk-lines", made["id"], "--faulty", "--as", "shop.json", "--json")
    assert [json.loads(line)["reference"] for line in listed.out.splitlines()] == ["bent"]
    other = await desk.types("partner", "import", str(desk.folder / "paper.png"), "--as", "shop.json")
    assert (other.code, "neither" in other.err) == (1, True)


@pytest.mark.parametrize(
    "command",
    [
        ("till", "wait", "pay_1"),
        ("operator", "cases"),
        ("partner", "status"),
        ("wallet", "code", "lan"),
        ("listen", "--forward-to", "http://127.0.0.1:9"),
    ],
)
async def test_a_file_that_cannot_be_read_is_exit_code_2(desk: Desk, command: tuple[str, ...]) -> None:
    gone = await desk.types(*command, "--as", "nope.json")
    assert (gone.code, "No such file" in gone.err) == (2, True), gone
    (desk.folder / "odd.json").write_text("{}")
    (desk.folder / "odd.json").chmod(0o600)
    odd = await desk.types(*command, "--as", "odd.json")
    assert (odd.code, "is no identity" in odd.err) == (2, True), odd


async def test_an_identity_of_another_kind_is_told_before_anything_is_asked(desk: Desk) -> None:
    nowhere = "http://127.0.0.1:9"
    kinds = {
        "till": {"terminal_id": "trm_1"},
        "wallet": {"wallet_issuer": "bank"},
        "partner": {"application_id": "app_1"},
    }
    for kind, facts in kinds.items():
        IdentityFile.make(desk.folder / f"{kind}.json", url=nowhere).keep(client_id="cli_1", **facts)
    IdentityFile.make(desk.folder / "operator.json", url=nowhere).keep(client_id="cli_1")
    for command, file, words in (
        (("till", "wait", "pay_1"), "partner", "is a partner's identity, and this command acts as a till"),
        (("till", "wait", "pay_1"), "operator", "is no till's identity"),
        (("operator", "cases"), "till", "is a till's identity, and this command acts as an operator"),
        (("partner", "status"), "wallet", "is a wallet's identity, and this command is an applicant's"),
        (("wallet", "code", "lan"), "partner", "wallet"),
    ):
        said = await desk.types(*command, "--as", f"{file}.json")
        assert (said.code, words in said.err) == (2, True), said


async def test_who_listens_has_to_be_said(desk: Desk) -> None:
    said = await desk.types("listen", "--forward-to", "http://127.0.0.1:9")
    assert (said.code, "--as FILE" in said.err) == (2, True)
