"""Account verification: two small credits to the settlement account, whose sum its holder reads off the statement.

Here is what is asked and answered; that the credits are really sent is `gateway/partners/verify_account.py`'s. Tries
are counted by account, whoever applies with it, under a lock on the account: two applicants at once get no more.
"""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants.ids import BANK, new_id
from merchants.lifecycle import Status
from merchants.onboarding import admission, transition
from merchants.onboarding import verification_sql as sql
from merchants.onboarding.application import Application, Question, Step, lock
from merchants.onboarding.errors import (
    ApplicationCannotMove,
    TooManyAccountTries,
    VerificationNotReady,
    VerificationUnderway,
)
from merchants.onboarding.expiry import SYSTEM
from merchants.onboarding.particulars import Settlement
from merchants.sealing import Sealing

MAX_TRIES: Final = 3
TRIES_DAYS: Final = 30
ANSWER_DAYS: Final = 10
# Each credit is between 0.01 and 0.99.
_MOST_MINOR: Final = 99
ACCOUNT_NUMBER: Final = "account_number"


class State(StrEnum):
    """Where a verification stands."""

    SENDING = "sending"
    SENT = "sent"
    VERIFIED = "verified"
    FAILED = "failed"
    REFUSED = "refused"
    EXPIRED = "expired"
    DROPPED = "dropped"


class Credits(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed: the two amounts, and where they go."""

    amounts_minor: tuple[int, int]
    beneficiary: Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One verification as its applicant may see it; the amounts are not among it."""

    id: str
    application_id: str
    state: State
    tries: int
    reason: str
    created_at: datetime
    sent_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an answer made: the verification, and the approval it went on to when the sum was right."""

    verification: Verification
    tries_left: int
    approval: admission.Approval | None


async def begin(
    conn: PoolConnectionProxy, sealing: Sealing, application: Application
) -> tuple[Verification, Credits]:
    """Store a verification of a held application's account; the caller stores its first transfer.

    Raises:
        VerificationUnderway: one is open.
        TooManyAccountTries: this account was tried three times in 30 days.
    """
    settlement = application.particulars.settlement
    assert settlement is not None, "what passed the pre-check is complete"
    if await sql.open_of(conn, application_id=application.id) is not None:
        raise VerificationUnderway
    hashes = _hashes(sealing, settlement)
    if await _tries_used(conn, hashes) >= MAX_TRIES:
        raise TooManyAccountTries
    verification_id = new_id("ver", BANK)
    credits_ = Credits(amounts_minor=(_random_minor(), _random_minor()), beneficiary=settlement)
    row = await sql.insert(
        conn,
        verification_id=verification_id,
        application_id=application.id,
        account_hash=hashes[0],
        sealed=sealing.seal(msgspec.json.encode(credits_), owner=verification_id),
    )
    await transition.record(
        conn,
        application,
        deed="verification.begun",
        actor=SYSTEM,
        verification_id=verification_id,
    )
    return _verification(row), credits_


async def latest(conn: PoolConnectionProxy, *, application_id: str) -> Verification | None:
    """The application's latest verification, if there was one."""
    row = await sql.latest(conn, application_id=application_id)
    return None if row is None else _verification(row)


async def tries_left(conn: PoolConnectionProxy, sealing: Sealing, application: Application) -> int:
    """How many more answers its account may be given."""
    settlement = application.particulars.settlement
    if settlement is None:
        return 0
    used = await sql.tries_used(conn, hashes=_hashes(sealing, settlement), days=TRIES_DAYS)
    return max(0, MAX_TRIES - used)


async def answer(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    applicant_id: str,
    sum_minor: int,
    actor: str,
) -> Answered:
    """Take the applicant's word for the sum; a wrong one is counted, and the third sends the application back.

    The caller commits whatever comes of it: a try that is rolled back would be free.

    Raises:
        ApplicationNotFound, ApplicationCannotMove
        VerificationNotReady: the credits are not there yet, or their time is over.
    """
    application = await lock_to_verify(
        conn, sealing, application_id=application_id, applicant_id=applicant_id
    )
    row = await sql.open_of(conn, application_id=application.id)
    if row is None or row["state"] != State.SENT or row["is_over"]:
        raise VerificationNotReady
    credits_ = opened(sealing, row["sealed"], verification_id=row["id"])
    used = await _tries_used(conn, _hashes(sealing, credits_.beneficiary))
    if used >= MAX_TRIES:
        return await _failed(conn, application, row["id"], actor=actor, tries=row["tries"])
    right = hmac.compare_digest(str(sum(credits_.amounts_minor)), str(sum_minor))
    if right:
        return await _verified(conn, sealing, application, row["id"], actor=actor, left=MAX_TRIES - used)
    await transition.record(conn, application, deed="verification.wrong_sum", actor=actor)
    if used + 1 >= MAX_TRIES:
        return await _failed(conn, application, row["id"], actor=actor, tries=row["tries"] + 1)
    counted = await sql.count_try(conn, verification_id=row["id"])
    return Answered(verification=_verification(counted), tries_left=MAX_TRIES - used - 1, approval=None)


async def lock_to_verify(
    conn: PoolConnectionProxy, sealing: Sealing, *, application_id: str, applicant_id: str | None
) -> Application:
    """Hold an application whose account is to be verified.

    Raises:
        ApplicationNotFound, ApplicationCannotMove
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=applicant_id)
    if application.status is not Status.TO_BE_VERIFIED:
        raise ApplicationCannotMove(application.status)
    return application


async def sent(conn: PoolConnectionProxy, verification_id: str) -> Verification:
    """Both credits are there: the time to answer begins."""
    return _verification(await sql.sent(conn, verification_id=verification_id, days=ANSWER_DAYS))


async def refused(conn: PoolConnectionProxy, sealing: Sealing, verification_id: str, *, reason: str) -> None:
    """The account takes no credit: the applicant has to name another."""
    application, row = await _held(conn, sealing, verification_id)
    if row["state"] != State.SENDING:
        return
    await sql.close(conn, verification_id=verification_id, state=State.REFUSED, reason=reason)
    if application.status is Status.TO_BE_VERIFIED:
        await _send_back(conn, application, actor=SYSTEM, note="The bank could not credit this account.")


async def still_wanted(conn: PoolConnectionProxy, sealing: Sealing, verification_id: str) -> Credits | None:
    """The credits to go on with; None, and the verification dropped, when the application has moved on."""
    application, row = await _held(conn, sealing, verification_id)
    if row["state"] != State.SENDING:
        return None
    if application.status is not Status.TO_BE_VERIFIED or row["sealed"] is None:
        await sql.close(conn, verification_id=verification_id, state=State.DROPPED, reason="")
        return None
    return opened(sealing, row["sealed"], verification_id=verification_id)


async def beneficiary_of(
    conn: PoolConnectionProxy, sealing: Sealing, verification_id: str
) -> Settlement | None:
    """Where a verification's credits go, for the core; None once it is erased."""
    row = await sql.find(conn, verification_id=verification_id)
    if row["sealed"] is None:
        return None
    return opened(sealing, row["sealed"], verification_id=verification_id).beneficiary


async def drop(conn: PoolConnectionProxy, *, application_id: str) -> None:
    """End what is open of a held application: what its applicant says next may be another account."""
    await sql.drop(conn, application_id=application_id)


async def expire(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Close what nobody answered in time; another may be begun."""
    return await sql.expire(conn, limit=limit)


async def hash_again(
    conn: PoolConnectionProxy, sealing: Sealing, verification_id: str, sealed: bytes
) -> None:
    """Count tries under the newest master key, so that none is forgotten with the old one."""
    account = opened(sealing, sealed, verification_id=verification_id).beneficiary
    await sql.change_hash(conn, verification_id=verification_id, account_hash=_hashes(sealing, account)[0])


def opened(sealing: Sealing, sealed: bytes, *, verification_id: str) -> Credits:
    """What `begin` sealed."""
    return msgspec.json.decode(sealing.reveal(sealed, owner=verification_id), type=Credits)


async def _held(
    conn: PoolConnectionProxy, sealing: Sealing, verification_id: str
) -> tuple[Application, "sql.Row"]:
    """A verification as it is under its application's lock, which may have moved on before."""
    known = await sql.find(conn, verification_id=verification_id)
    application = await lock(conn, sealing, application_id=known["application_id"], applicant_id=None)
    return application, await sql.find(conn, verification_id=verification_id)


async def _verified(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    application: Application,
    verification_id: str,
    *,
    actor: str,
    left: int,
) -> Answered:
    row = await sql.close(conn, verification_id=verification_id, state=State.VERIFIED, reason="")
    approval = await admission.step_done(
        conn, sealing, application, Step.VERIFY_ACCOUNT, actor=actor, reason="account verified"
    )
    return Answered(verification=_verification(row), tries_left=left, approval=approval)


async def _failed(
    conn: PoolConnectionProxy, application: Application, verification_id: str, *, actor: str, tries: int
) -> Answered:
    row = await sql.close(
        conn, verification_id=verification_id, state=State.FAILED, reason="too many wrong sums", tries=tries
    )
    await _send_back(
        conn, application, actor=actor, note="The sum was wrong three times; name another account."
    )
    return Answered(verification=_verification(row), tries_left=0, approval=None)


async def _send_back(conn: PoolConnectionProxy, application: Application, *, actor: str, note: str) -> None:
    """Another account is another declaration, which is reviewed anew."""
    question = Question(pointer="/settlement", note=note)
    unsigned = replace(application, approver_id=None, steps=())
    asked = unsigned.moved(
        Status.NEEDS_MORE_INFO, reason=note, questions=(question,), round=application.round + 1
    )
    await transition.store_move(conn, asked, actor=actor)


async def _tries_used(conn: PoolConnectionProxy, hashes: list[bytes]) -> int:
    # While the master key changes a replica may know one key more, or have the other one first.
    for one in sorted(hashes):
        await sql.lock_account(conn, account_hash=one)
    return await sql.tries_used(conn, hashes=hashes, days=TRIES_DAYS)


def _hashes(sealing: Sealing, account: Settlement) -> list[bytes]:
    """What an account is counted by, under every master key there is: newest first."""
    return sealing.indexes(account.account_number, purpose=ACCOUNT_NUMBER)


def _random_minor() -> int:
    return 1 + secrets.randbelow(_MOST_MINOR)


def _verification(row: "sql.Row") -> Verification:
    facts = {name: row[name] for name in Verification.__slots__}
    return Verification(**{**facts, "state": State(row["state"])})
