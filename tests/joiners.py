"""Companies on their way in, by the client's own calls, and the bank's two people who let them in."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.client import Applicant, Gateway, SigningKey
from gateway.wire.applications import Declared, NewApplication
from gateway.wire.clients import PublicJwk
from tests.bank import A_SCAN, TERMS
from tests.onboarded import a_company
from tests.town import Answered, Person, Town


@dataclass(slots=True, kw_only=True)
class Joiner:
    """An applicant and the account its takings shall go to."""

    applicant: Applicant
    account: str

    @property
    def path(self) -> str:
        return f"/v1/applications/{self.applicant.application_id}"


@dataclass(slots=True, kw_only=True)
class Office:
    """The bank's two people, and the door that strangers come to."""

    town: Town
    gateway: Gateway
    reviewer: Person
    approver: Person

    async def joiner(self, *, account: str | None = None, **changes: Any) -> Joiner:
        """A complete draft with its papers, not submitted yet."""
        number = account or f"7559{uuid.uuid4().int % 10**12:012d}"
        company = msgspec.to_builtins(a_company(**changes))
        company["settlement"]["account_number"] = number
        key = SigningKey.generate()
        wish = msgspec.convert({"kind": "supermarket", "jwk": key.public_jwk, **company}, NewApplication)
        applicant = await Applicant.apply(self.gateway, key, wish)
        for kind in ("business_licence", "representative_id"):
            await applicant.upload(kind, A_SCAN, "image/png")
        return Joiner(applicant=applicant, account=number)

    async def approved(self, joiner: Joiner) -> Answered:
        """Submitted, taken by one, approved by the other."""
        await joiner.applicant.submit()
        return await self.approve(joiner)

    async def approve(self, joiner: Joiner) -> Answered:
        case = f"/admin{joiner.path}"
        taken = await self.reviewer.post(f"{case}/take", None)
        assert taken.status == 200, taken.body
        return await self.approver.post(f"{case}/approve", {"terms": TERMS})

    async def credits_to(self, joiner: Joiner) -> list[int]:
        """What the other bank's statement shows."""
        async with self.town.http.get(
            f"{self.town.core}/sandbox/external-accounts/{joiner.account}"
        ) as answer:
            return [one["amount_minor"] for one in (await answer.json())["credits"]]

    async def settled(self, joiner: Joiner) -> str:
        """The verification's state once both credits are through, or it has ended."""
        state = "sending"
        while state == "sending":
            state = (await joiner.applicant.verification()).state
        return state


@asynccontextmanager
async def an_office(town: Town) -> AsyncIterator[Office]:
    async with Gateway(town.public, issuer=town.settings.public_url) as gateway:
        yield Office(
            town=town,
            gateway=gateway,
            reviewer=await town.person(kind="operator", operators=True, roles=frozenset({"reviewer"})),
            approver=await town.person(
                kind="operator", operators=True, roles=frozenset({"approver", "reviewer", "risk"})
            ),
        )


def corrected(**sections: Any) -> Declared:
    return msgspec.convert(sections, Declared)


def public(key: SigningKey) -> PublicJwk:
    return msgspec.convert(key.public_jwk, PublicJwk)
