"""Those who come without a token: a company that applies, a till with its code, a client that lost its keys."""

import uuid
from collections.abc import Mapping
from typing import Self

import msgspec

from gateway.client.keys import SigningKey
from gateway.client.signed_in import Credentials, SignedIn
from gateway.client.transport import Gateway, Request, decoded
from gateway.wire.applications import Applicant as Applied
from gateway.wire.applications import Application, Declared, NewApplication, Precheck, Withdrawal
from gateway.wire.clients import EnrolledTerminal, Enrolment, PublicJwk
from gateway.wire.documents import Document, DocumentKind, DocumentList
from gateway.wire.joining import AccountVerification, Agreement, AgreementSignature, CreditSum
from gateway.wire.key_resets import EnrolledKey, KeyEnrolment


class Applicant(SignedIn):
    """A company on its way in; once approved, the same credentials are its `Partner`'s."""

    def __init__(self, gateway: Gateway, credentials: Credentials, application_id: str) -> None:
        super().__init__(gateway, credentials)
        self.credentials = credentials
        self.application_id = application_id

    @classmethod
    async def apply(
        cls,
        gateway: Gateway,
        key: SigningKey,
        application: NewApplication | Mapping[str, object],
        *,
        idempotency_key: str | None = None,
    ) -> Self:
        """Open the draft; `application.jwk` is the public half of `key`. What is wrong with it the gateway says."""
        request = Request(
            method="POST",
            path="/v1/applications",
            body=msgspec.json.encode(application),
            idempotency_key=idempotency_key or str(uuid.uuid4()),
        )
        applied = decoded(await gateway.send(request), Applied)
        credentials = Credentials(client_id=applied.client_id, key=key)
        return cls(gateway, credentials, applied.application.id)

    async def application(self) -> Application:
        return await self.get(self._path, Application)

    async def correct(self, sections: Declared | Mapping[str, object]) -> Application:
        """Replace the sections that are sent."""
        request = Request(method="PATCH", path=self._path, body=msgspec.json.encode(sections), harmless=True)
        return decoded(await self.call(request), Application)

    async def precheck(self) -> Precheck:
        """Every fault that would keep it from being submitted."""
        return await self.ask(f"{self._path}/precheck", Precheck)

    async def upload(self, kind: DocumentKind, file: bytes, media_type: str, *, page: int = 1) -> Document:
        """Put a JPEG, PNG or PDF in the place of its kind and page; the same file again changes nothing."""
        request = Request(
            method="PUT",
            path=f"{self._path}/documents/{kind}",
            query=(("page", str(page)),),
            body=file,
            content_type=media_type,
            harmless=True,
        )
        return decoded(await self.call(request), Document)

    async def documents(self) -> list[Document]:
        return (await self.get(f"{self._path}/documents", DocumentList)).items

    async def withdraw(self, reason: str, *, idempotency_key: str | None = None) -> Application:
        """Take back what was submitted, for good."""
        wish = Withdrawal(reason=reason)
        return await self.do(f"{self._path}/withdraw", Application, wish, idempotency_key=idempotency_key)

    async def verification(self) -> AccountVerification:
        """The two credits to the settlement account, as far as they may be told."""
        return await self.get(f"{self._path}/verification", AccountVerification)

    async def name_sum(self, sum_minor: int, *, idempotency_key: str | None = None) -> AccountVerification:
        """Name the credits' sum, as the account's statement has it; `state` says whether it was right."""
        wish = CreditSum(sum_minor=sum_minor)
        path = f"{self._path}/verify-account"
        return await self.do(path, AccountVerification, wish, idempotency_key=idempotency_key)

    async def new_credits(self, *, idempotency_key: str | None = None) -> AccountVerification:
        path = f"{self._path}/verifications"
        return await self.do(path, AccountVerification, idempotency_key=idempotency_key)

    async def agreement(self) -> Agreement:
        """The text and the statement to sign; afterwards, what was signed."""
        return await self.get(f"{self._path}/agreement", Agreement)

    async def sign(
        self, key: SigningKey, *, name: str, title: str, idempotency_key: str | None = None
    ) -> Application:
        """Sign the agreement as it stands, with a key that is for agreements alone.

        Raises:
            ValueError: it is not to be signed now.
        """
        statement = (await self.agreement()).statement
        if statement is None:
            raise ValueError("the application does not wait for a signature")
        said = {**msgspec.structs.asdict(statement), "signer_name": name, "signer_title": title}
        wish = AgreementSignature(
            signer_name=name,
            signer_title=title,
            jws=key.signed(said, kind="agreement+jwt"),
            jwk=msgspec.convert(key.public_jwk, PublicJwk),
        )
        signed = await self.do(f"{self._path}/sign", Application, wish, idempotency_key=idempotency_key)
        # A token says who its bearer was when it was issued.
        self.sign_out()
        return signed

    async def submit(self, *, idempotency_key: str | None = None) -> Application:
        return await self.do(f"{self._path}/submit", Application, idempotency_key=idempotency_key)

    @property
    def _path(self) -> str:
        return f"/v1/applications/{self.application_id}"


async def enrol_key(gateway: Gateway, key: SigningKey, *, client_id: str, reset_code: str) -> Credentials:
    """Put a new key in the place of those that were lost and reset; harmless to repeat with the same one."""
    credentials = Credentials(client_id=client_id, key=key)
    path = f"/v1/clients/{client_id}/enrol"
    wish = KeyEnrolment(
        reset_code=reset_code,
        jwk=msgspec.convert(key.public_jwk, PublicJwk),
        proof=credentials.assertion(gateway.issuer + path),
    )
    request = Request(method="POST", path=path, body=msgspec.json.encode(wish), harmless=True)
    decoded(await gateway.send(request), EnrolledKey)
    return credentials


async def enrol(gateway: Gateway, key: SigningKey, activation_code: str) -> EnrolledTerminal:
    """Bind a till's own key to its terminal; harmless to repeat, for code and key are the same till."""
    jwk = msgspec.convert(key.public_jwk, PublicJwk)
    body = msgspec.json.encode(Enrolment(activation_code=activation_code, jwk=jwk))
    request = Request(method="POST", path="/v1/terminals/enrol", body=body, harmless=True)
    return decoded(await gateway.send(request), EnrolledTerminal)
