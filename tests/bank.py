"""A bank with two operators, and strangers who come to its doors with keys of their own."""

import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec
from aiohttp import ClientSession
from PIL import Image

from gateway.app import build
from gateway.door.listeners import Address, listening
from gateway.door.operation import Listener
from gateway.settings import Settings
from merchants.access.clients import BOOTSTRAP_OPERATOR_ID
from merchants.onboarding.particulars import Particulars
from tests.onboarded import a_company
from tests.signing_in import OwnKey
from tests.told import broken_promises, published

ISSUER = "https://gateway.bank.example"
TERMS = {"fee_basis_points": 38}


def a_picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, kind, **options)
    return out.getvalue()


A_SCAN = a_picture()
A_PDF = a_picture("PDF", size=(420, 594))


@dataclass(frozen=True, slots=True)
class Said:
    status: int
    body: Any
    replayed: bool

    @property
    def code(self) -> str:
        code: str = self.body["code"]
        return code


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody at one of the two doors, signed in or not."""

    http: ClientSession
    base: str
    public: str
    client_id: str = ""
    key: OwnKey = field(default_factory=OwnKey)
    token: str | None = None

    async def sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self.key.assertion(self.client_id, ISSUER),
        }
        async with self.http.post(f"{self.base}/oauth/token", data=form) as answer:
            said = await answer.json()
            assert answer.status == 200, said
            self.token = said["access_token"]

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Said:
        headers = {"Idempotency-Key": key or uuid4().hex, "Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else msgspec.json.encode(body)
        if data is None:
            del headers["Content-Type"]
        async with self.http.request(method, self.base + path, data=data, headers=headers) as answer:
            return Said(
                answer.status,
                await answer.json(content_type=None),
                "Idempotency-Replayed" in answer.headers,
            )

    async def upload(self, path: str, file: bytes, media_type: str = "image/png") -> Said:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": media_type}
        async with self.http.put(self.base + path, data=file, headers=headers) as answer:
            return Said(answer.status, await answer.json(content_type=None), replayed=False)

    async def show_papers(self, application_id: str) -> None:
        """The two that every company has to show."""
        for kind in ("business_licence", "representative_id"):
            uploaded = await self.upload(f"/v1/applications/{application_id}/documents/{kind}", A_SCAN)
            assert uploaded.status == 200, uploaded.body

    async def get(self, path: str) -> Said:
        return await self.call("GET", path)

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Said:
        return await self.call("POST", path, body, key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """A gateway that listens, its bank's two operators, and whoever else comes by."""

    http: ClientSession
    public: str
    operators: str
    reviewer: Person
    approver: Person

    def stranger(self) -> Person:
        return Person(http=self.http, base=self.public, public=self.public)

    async def applicant(self, kind: str = "supermarket", **changes: Any) -> tuple[Person, str]:
        """Somebody who has opened a complete draft, and the draft's id."""
        person = self.stranger()
        said = await person.post(
            "/v1/applications",
            {"kind": kind, "jwk": person.key.public_jwk, **declared(a_company(**changes))},
        )
        assert said.status == 201, said.body
        person.client_id = said.body["client_id"]
        await person.sign_in()
        application_id = said.body["application"]["id"]
        await person.show_papers(application_id)
        return person, application_id

    async def approve(self, application_id: str) -> Said:
        path = f"/admin/v1/applications/{application_id}"
        assert (await self.reviewer.post(f"{path}/take")).status == 200
        return await self.approver.post(f"{path}/approve", {"terms": TERMS})

    async def partner(self, kind: str = "supermarket") -> tuple[Person, str]:
        """An approved partner, signed in as one, and its merchant's id."""
        person, application_id = await self.applicant(kind)
        assert (await person.post(f"/v1/applications/{application_id}/submit")).status == 200
        said = await self.approve(application_id)
        assert said.status == 200, said.body
        await person.sign_in()
        return person, said.body["application"]["merchant_id"]


def declared(particulars: Particulars) -> dict[str, Any]:
    sections: dict[str, Any] = msgspec.to_builtins(particulars)
    return sections


@asynccontextmanager
async def open_bank(database_url: str) -> AsyncIterator[Bank]:
    first = OwnKey()
    settings = Settings(
        gateway_env="sandbox",
        database_url=database_url,
        public_url=ISSUER,
        master_key=base64.b64encode(bytes(32)).decode(),
        bootstrap_operator_jwk=msgspec.json.encode(first.public_jwk).decode(),
        onboarding_steps="",
    )
    free = {one: Address("127.0.0.1", 0) for one in (Listener.PUBLIC, Listener.OPERATORS)}
    async with (
        build(settings) as replica,
        listening(replica.door, free, stop_within_s=5.0) as bound,
        aiohttp.ClientSession() as http,
    ):
        public, operators = (f"http://127.0.0.1:{bound[one].port}" for one in free)
        boss = Person(http=http, base=operators, public=public, key=first)
        boss.client_id = BOOTSTRAP_OPERATOR_ID
        await boss.sign_in()
        reviewer, approver = [await _hired(boss, operators, role) for role in ("reviewer", "approver")]
        yield Bank(http=http, public=public, operators=operators, reviewer=reviewer, approver=approver)
        assert broken_promises(await published(replica.parts.pool)) == []


async def _hired(boss: Person, operators: str, role: str) -> Person:
    person = Person(http=boss.http, base=operators, public=boss.public)
    roles = [role, "reviewer", "risk"] if role == "approver" else [role]
    said = await boss.post(
        "/admin/v1/operator-proposals", {"name": role, "roles": roles, "jwk": person.key.public_jwk}
    )
    assert said.status == 201, said.body
    assert said.body["status"] == "confirmed", "nobody but the first could confirm until now"
    person.client_id = said.body["client_id"]
    await person.sign_in()
    return person
