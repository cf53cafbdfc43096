"""From an approval to an active merchant: credits to the account, the sum of them, the signature."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from gateway.client import ProblemAnswered, SigningKey
from gateway.wire.applications import Settlement
from gateway.wire.joining import AgreementSignature
from tests.joiners import Office, an_office, corrected, public
from tests.onboarded import a_company
from tests.town import Town

_PATIENCE_S = 30.0


@pytest.fixture
async def office(town: Town) -> AsyncIterator[Office]:
    async with an_office(town) as opened, asyncio.timeout(_PATIENCE_S):
        yield opened


async def test_a_company_verifies_its_account_signs_and_is_active(office: Office) -> None:
    joiner = await office.joiner()
    applicant = joiner.applicant
    approved = await office.approved(joiner)
    assert approved.body["application"]["status"] == "to_be_verified"
    assert approved.body["application"]["steps"] == ["verify_account", "sign"]
    assert await office.settled(joiner) == "sent"
    first, second = await office.credits_to(joiner)
    assert (await applicant.name_sum(first + second)).state == "verified"
    signed = await applicant.sign(SigningKey.generate(), name="张三", title="法定代表人")
    assert (signed.status, signed.steps) == ("active", [])
    kept = await applicant.agreement()
    assert (kept.version, kept.text, kept.statement) == ("sandbox-2026-01", None, None)
    assert kept.signed_at is not None
    pool = office.town.pool
    deeds = await pool.fetch(
        "SELECT deed FROM merchants.audit WHERE object_id = $1 ORDER BY id", applicant.application_id
    )
    assert [row["deed"] for row in deeds if row["deed"] != "document.uploaded"] == [
        "application.draft",
        "application.submitted",
        "application.under_review",
        "application.to_be_verified",
        "verification.begun",
        "application.to_be_signed",
        "application.approved",
        "application.active",
    ]
    # Whoever reads the dump finds neither who signed nor where the credits went.
    assert await pool.fetchval("SELECT count(*) FROM merchants.agreements WHERE signer IS NOT NULL") == 1
    rows = await pool.fetch("SELECT instruction::text FROM gateway.transfers")
    assert not any(joiner.account in row["instruction"] for row in rows)


async def test_three_wrong_sums_ask_for_another_account_which_is_reviewed_anew(office: Office) -> None:
    joiner = await office.joiner()
    await office.approved(joiner)
    assert await office.settled(joiner) == "sent"
    right = sum(await office.credits_to(joiner))
    wrong = 2 if right != 2 else 3
    said = [await joiner.applicant.name_sum(wrong) for _ in range(3)]
    assert [(one.state, one.tries_left) for one in said] == [("sent", 2), ("sent", 1), ("failed", 0)]
    back = await joiner.applicant.application()
    assert (back.status, back.questions[0].pointer, back.round) == ("needs_more_info", "/settlement", 1)
    with pytest.raises(ProblemAnswered, match="application_cannot_move"):
        await joiner.applicant.name_sum(right)
    # The same account once more is no use to anybody: its tries are used up.
    await joiner.applicant.submit()
    refused = await office.approve(joiner)
    assert (refused.status, refused.body["code"]) == (409, "too_many_account_tries")
    # Another one is; and whoever applies with the first one finds it used up as well.
    reviewed = (await office.reviewer.get(f"/admin{joiner.path}")).body["application"]
    assert reviewed["status"] == "under_review"
    asked = {"reason": "Name another account", "questions": [{"pointer": "/settlement", "note": "another"}]}
    await office.reviewer.post(f"/admin{joiner.path}/ask", asked)
    settlement = Settlement(
        account_name="深圳市鹏城百货有限公司",
        bank_name="招商银行深圳科技园支行",
        branch_number="308584001258",
        account_number="7559000000000042",
    )
    await joiner.applicant.correct(corrected(settlement=settlement))
    joiner.account = "7559000000000042"
    await office.approved(joiner)
    assert await office.settled(joiner) == "sent"
    assert (await joiner.applicant.name_sum(sum(await office.credits_to(joiner)))).state == "verified"


async def test_credits_to_one_account_say_nothing_of_the_next_that_is_named(office: Office) -> None:
    """The bank asks for another account while the sum of the first one's credits is still to be named."""
    joiner = await office.joiner()
    await office.approved(joiner)
    assert await office.settled(joiner) == "sent"
    before = sum(await office.credits_to(joiner))
    asked = {"reason": "Name another account", "questions": []}
    assert (await office.reviewer.post(f"/admin{joiner.path}/ask", asked)).status == 200
    assert (await joiner.applicant.verification()).state == "dropped"
    settlement = a_company().settlement
    assert settlement is not None
    joiner.account = "7559000000000077"
    other = Settlement(**{**msgspec.structs.asdict(settlement), "account_number": joiner.account})
    await joiner.applicant.correct(corrected(settlement=other))
    again = await office.approved(joiner)
    assert (again.status, again.body["application"]["status"]) == (200, "to_be_verified"), again.body
    assert await office.settled(joiner) == "sent"
    right = sum(await office.credits_to(joiner))
    if before != right:
        assert (await joiner.applicant.name_sum(before)).state == "sent"
    assert (await joiner.applicant.name_sum(right)).state == "verified"


async def test_guesses_at_once_count_one_by_one(office: Office) -> None:
    joiner = await office.joiner()
    await office.approved(joiner)
    assert await office.settled(joiner) == "sent"
    right = sum(await office.credits_to(joiner))
    guesses = [one for one in range(2, 22) if one != right]
    answers = await asyncio.gather(
        *(joiner.applicant.name_sum(one) for one in guesses), return_exceptions=True
    )
    taken = [one for one in answers if not isinstance(one, BaseException)]
    assert sorted(one.tries_left for one in taken) == [0, 1, 2]
    assert len(await office.credits_to(joiner)) == 2


async def test_only_the_settled_statement_under_an_agreement_key_is_a_signature(office: Office) -> None:
    joiner = await office.joiner()
    applicant = joiner.applicant
    await office.approved(joiner)
    assert await office.settled(joiner) == "sent"
    await applicant.name_sum(sum(await office.credits_to(joiner)))
    statement = (await applicant.agreement()).statement
    assert statement is not None
    key = SigningKey.generate()
    said = {**msgspec.structs.asdict(statement), "signer_name": "张三", "signer_title": "法人"}
    forged = {
        "another fee": key.signed({**said, "fee_basis_points": 0}, kind="agreement+jwt"),
        "another signer": key.signed({**said, "signer_name": "李四"}, kind="agreement+jwt"),
        "another type": key.signed(said),
        "another key": SigningKey.generate().signed(said, kind="agreement+jwt"),
        "something more": key.signed({**said, "waived": True}, kind="agreement+jwt"),
    }
    for what, jws in forged.items():
        wish = AgreementSignature(signer_name="张三", signer_title="法人", jws=jws, jwk=public(key))
        with pytest.raises(ProblemAnswered, match="agreement_not_signed"):
            await applicant.do(f"{joiner.path}/sign", object, wish)
        assert (await applicant.application()).status == "to_be_signed", what
    # The key that signs in is not one for agreements.
    own = applicant.credentials.key
    wish = AgreementSignature(
        signer_name="张三", signer_title="法人", jws=own.signed(said, kind="agreement+jwt")
    )
    with pytest.raises(ProblemAnswered, match="agreement_not_signed"):
        await applicant.do(f"{joiner.path}/sign", object, wish)


async def test_whoever_withdraws_meanwhile_gets_no_second_credit_and_no_answer(office: Office) -> None:
    joiner = await office.joiner()
    await office.approved(joiner)
    assert await office.settled(joiner) == "sent"
    await joiner.applicant.withdraw("We move to another city")
    with pytest.raises(ProblemAnswered, match="application_cannot_move"):
        await joiner.applicant.name_sum(sum(await office.credits_to(joiner)))
    with pytest.raises(ProblemAnswered, match="application_cannot_move"):
        await joiner.applicant.new_credits()
