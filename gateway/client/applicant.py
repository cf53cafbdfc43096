"""Those who come without a token: a company that applies, and a till with its activation code."""

import uuid
from typing import Self

import msgspec

from gateway.client.keys import SigningKey
from gateway.client.signed_in import Credentials, SignedIn
from gateway.client.transport import Gateway, Request, decoded
from gateway.wire.applications import Applicant as Applied
from gateway.wire.applications import Application, Declared, NewApplication, Precheck
from gateway.wire.clients import EnrolledTerminal, Enrolment, PublicJwk


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
        application: NewApplication,
        *,
        idempotency_key: str | None = None,
    ) -> Self:
        """Open the draft; `application.jwk` is the public half of `key`."""
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

    async def correct(self, sections: Declared) -> Application:
        """Replace the sections that are sent."""
        return await self.put(self._path, Application, sections, method="PATCH")

    async def precheck(self) -> Precheck:
        """Every fault that would keep it from being submitted."""
        return await self.ask(f"{self._path}/precheck", Precheck)

    async def submit(self, *, idempotency_key: str | None = None) -> Application:
        return await self.do(f"{self._path}/submit", Application, idempotency_key=idempotency_key)

    @property
    def _path(self) -> str:
        return f"/v1/applications/{self.application_id}"


async def enrol(gateway: Gateway, key: SigningKey, activation_code: str) -> EnrolledTerminal:
    """Bind a till's own key to its terminal; harmless to repeat, for code and key are the same till."""
    jwk = msgspec.convert(key.public_jwk, PublicJwk)
    body = msgspec.json.encode(Enrolment(activation_code=activation_code, jwk=jwk))
    request = Request(method="POST", path="/v1/terminals/enrol", body=body, harmless=True)
    return decoded(await gateway.send(request), EnrolledTerminal)
