"""The agreement: which text, what exactly is signed, and the record that is kept of it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants.lifecycle import Status
from merchants.onboarding import admission, agreement_sql
from merchants.onboarding.application import Application, Step, lock
from merchants.onboarding.errors import ApplicationCannotMove
from merchants.sealing import Sealing

_SANDBOX_TEXT: Final = Path(__file__).parent / "agreement.txt"
_VERSION_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementText:
    """What is signed; the first line of the file is its version."""

    version: str
    body: str

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.body.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signs for the company."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature that was verified: the JWS as it came, and whose key made it."""

    signer: Signer
    jws: str
    client_id: str
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What is kept: which text was signed, with which key, and when."""

    version: str
    sha256: bytes
    client_id: str
    key_id: str
    signed_at: datetime


def read_text(path: str | None) -> AgreementText:
    """The text to sign: the bank's file, or the sandbox's own."""
    body = (Path(path) if path else _SANDBOX_TEXT).read_text(encoding="utf-8")
    return AgreementText(version=body.splitlines()[0].strip()[:_VERSION_CHARACTERS], body=body)


def statement_of(application: Application, text: AgreementText, signer: Signer) -> dict[str, Any]:
    """The JWS payload, member by member: the text by its hash, the terms, and for whom who signs."""
    terms, licence = application.terms, application.particulars.licence
    assert terms is not None, "what waits for its signature was approved under terms"
    assert licence is not None, "and is complete"
    return {
        "application_id": application.id,
        "agreement_version": text.version,
        "agreement_sha256": text.sha256.hex(),
        "credit_code": licence.credit_code,
        "licence_name": licence.name,
        "fee_basis_points": terms.fee_basis_points,
        "payment_limit_minor": terms.payment_limit_minor,
        "signer_name": signer.name,
        "signer_title": signer.title,
    }


async def lock_to_sign(
    conn: PoolConnectionProxy, sealing: Sealing, *, application_id: str, applicant_id: str
) -> Application:
    """Hold an application that waits for its signature.

    Raises:
        ApplicationNotFound, ApplicationCannotMove
    """
    application = await lock(conn, sealing, application_id=application_id, applicant_id=applicant_id)
    if application.status is not Status.TO_BE_SIGNED:
        raise ApplicationCannotMove(application.status)
    return application


async def keep(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    application: Application,
    text: AgreementText,
    signature: Signature,
) -> admission.Approval:
    """Keep a signature on a held application, and go on to the merchant.

    Raises:
        CompanyIsPartner, MerchantNotActive: as `admission.complete` does.
    """
    signer = {
        "name": signature.signer.name,
        "title": signature.signer.title,
        "jws": signature.jws,
    }
    await agreement_sql.insert(
        conn,
        application_id=application.id,
        sha256=text.sha256,
        version=text.version,
        body=text.body,
        signer=sealing.seal(msgspec.json.encode(signer), owner=application.id),
        client_id=signature.client_id,
        key_id=signature.key_id,
    )
    return await admission.step_done(
        conn, sealing, application, Step.SIGN, actor=signature.client_id, reason="agreement signed"
    )


async def find(conn: PoolConnectionProxy, *, application_id: str) -> Agreement | None:
    """What was signed for an application; None where nothing was."""
    row = await agreement_sql.find(conn, application_id=application_id)
    return None if row is None else Agreement(**row)
