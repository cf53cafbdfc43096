"""What an applicant declares: company, people, accounts, scenes; and how it is shown, masked."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import fields, replace

from merchants.sealing import Sealing


class Form(StrEnum):
    """What the licence was issued to."""

    COMPANY = "company"
    SOLE_TRADER = "sole_trader"


class Document(StrEnum):
    """What a person's identity is proved by."""

    RESIDENT_ID = "resident_id"
    PASSPORT = "passport"
    RESIDENCE_PERMIT = "residence_permit"


class Licence(Struct, frozen=True, kw_only=True):
    """The business licence; since 2015 its number is the unified social credit code.

    Attributes:
        valid_until: None for a licence without end (长期).
    """

    name: str
    credit_code: str
    form: Form
    address: str
    valid_from: date
    valid_until: date | None = None


class Person(Struct, frozen=True, kw_only=True):
    """A legal representative or ultimate owner; a document without end has no `valid_until`."""

    name: str
    document: Document
    document_number: str
    valid_until: date | None = None


class Contact(Struct, frozen=True, kw_only=True):
    """Whom the bank calls."""

    name: str
    phone: str
    email: str


class Settlement(Struct, frozen=True, kw_only=True):
    """Where takings are paid out to; `branch_number` has twelve digits (联行号)."""

    account_name: str
    bank_name: str
    branch_number: str
    account_number: str


class StoreScene(Struct, frozen=True, kw_only=True):
    """A place where customers pay; `area_code` is the county's by GB/T 2260."""

    name: str
    area_code: str
    address: str


class OnlineScene(Struct, frozen=True, kw_only=True):
    """Where customers pay without a place: a site or an app."""

    domain: str | None = None
    app_name: str | None = None


class Particulars(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything declared so far; a draft may lack any of it.

    Attributes:
        short_name: what customers see when they pay.
        city: as printed in EMV codes.
    """

    licence: Licence | None = None
    legal_representative: Person | None = None
    owners: tuple[Person, ...] = ()
    contact: Contact | None = None
    short_name: str | None = None
    city: str | None = None
    mcc: str | None = None
    settlement: Settlement | None = None
    stores: tuple[StoreScene, ...] = ()
    online: OnlineScene | None = None

    @property
    def credit_code(self) -> str | None:
        return None if self.licence is None else self.licence.credit_code

    def changed(self, changes: Mapping[str, Any]) -> "Particulars":
        """With the named sections replaced whole; a section is never merged into what stood there before."""
        assert changes.keys() <= {field.name for field in fields(Particulars)}, "only sections there are"
        return replace(self, **changes)

    def sealed(self, sealing: Sealing, *, owner: str) -> bytes:
        """Closed for an application, a merchant or a change request."""
        return sealing.seal(msgspec.json.encode(self), owner=owner)

    def masked(self) -> "Particulars":
        """As anybody is shown it: enough to recognise one's own entry, too little to use it."""
        return replace(
            self,
            legal_representative=_masked_person(self.legal_representative)
            if self.legal_representative
            else None,
            owners=tuple(_masked_person(owner) for owner in self.owners),
            contact=_masked_contact(self.contact) if self.contact else None,
            settlement=_masked_settlement(self.settlement) if self.settlement else None,
        )


def revealed(sealing: Sealing, sealed: bytes, *, owner: str) -> Particulars:
    """Open what `Particulars.sealed` closed.

    Raises:
        SealBroken: altered, or of another owner.
    """
    return msgspec.json.decode(sealing.reveal(sealed, owner=owner), type=Particulars)


def _masked_person(person: Person) -> Person:
    return replace(person, name=_first(person.name), document_number=_ends(person.document_number))


def _masked_contact(contact: Contact) -> Contact:
    mailbox, _, host = contact.email.rpartition("@")
    return replace(
        contact, name=_first(contact.name), phone=_ends(contact.phone), email=f"{mailbox[:1]}***@{host}"
    )


def _masked_settlement(settlement: Settlement) -> Settlement:
    return replace(settlement, account_number=last_four(settlement.account_number))


def _first(name: str) -> str:
    return name[:1] + "**"


def _ends(number: str) -> str:
    """The outer characters, at most a third of all."""
    shown = min(3, len(number) // 6)
    return f"{number[:shown]}****{number[len(number) - shown :]}"


def last_four(number: str) -> str:
    """Of an account number, as a receipt or statement prints it."""
    return "****" + number[-4:] if len(number) > 8 else "****"  # noqa: PLR2004 - never half of a short one
