"""What an application asks, section by section: each is a form of its own, saved as soon as it is whole.

Fields are named by the JSON pointers of the API's document, so that every fault of a pre-check finds its field. What is
personal comes back masked and cannot be sent again: such a section is shown as it is known, and replaced whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from gateway.pages.partner import forms
from gateway.pages.texts import mark
from gateway.wire.applications import Application
from gateway.wire.changes import Change, Sections


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to fill in; `choices` by what they are called, where there are any."""

    name: str
    label: str
    hint: str = ""
    type: str = "text"
    choices: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    autocomplete: str = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Some fields that are saved together.

    Attributes:
        rows: how many of it there may be, where it is a list; 0 for a single one.
        masked: shown back masked, so that it is replaced whole.
        flat: its fields stand at the document's top, each for itself.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    rows: int = 0
    masked: bool = False
    flat: bool = False

    def pointers(self) -> tuple[str, ...]:
        """Where faults of this section point: at it or into it."""
        return tuple(f"/{one.name}" for one in self.fields) if self.flat else (f"/{self.name}",)


_DOCUMENTS: Final = (
    ("resident_id", mark("Resident identity card")),
    ("passport", mark("Passport")),
    ("residence_permit", mark("Residence permit")),
)
_PERSON: Final = (
    Field(name="name", label=mark("Name")),
    Field(name="document", label=mark("Identity document"), choices=_DOCUMENTS),
    Field(name="document_number", label=mark("Document number")),
    Field(
        name="valid_until",
        label=mark("Valid until"),
        type="date",
        optional=True,
        hint=mark("Empty if it has no end."),
    ),
)
BUSINESS: Final = Section(
    name="business",
    title=mark("What customers see"),
    flat=True,
    fields=(
        Field(name="short_name", label=mark("Short name"), hint=mark("At most 25 characters.")),
        Field(name="city", label=mark("City"), hint=mark("In Latin letters, as on payment codes: Shenzhen.")),
        Field(
            name="mcc",
            label=mark("Merchant category code"),
            hint=mark("Four digits of ISO 18245: 5411 is a supermarket, 5812 a restaurant."),
        ),
    ),
)
LICENCE: Final = Section(
    name="licence",
    title=mark("Business licence"),
    fields=(
        Field(name="name", label=mark("Company name")),
        Field(
            name="credit_code",
            label=mark("Unified social credit code"),
            hint=mark("18 characters, as on the licence."),
        ),
        Field(
            name="form",
            label=mark("Form"),
            choices=(("company", mark("Company")), ("sole_trader", mark("Sole trader"))),
        ),
        Field(name="address", label=mark("Address")),
        Field(name="valid_from", label=mark("Valid from"), type="date"),
        Field(
            name="valid_until",
            label=mark("Valid until"),
            type="date",
            optional=True,
            hint=mark("Empty if it has no end."),
        ),
    ),
)
REPRESENTATIVE: Final = Section(
    name="legal_representative", title=mark("Legal representative"), fields=_PERSON, masked=True
)
OWNERS: Final = Section(name="owners", title=mark("Ultimate owners"), fields=_PERSON, rows=4, masked=True)
CONTACT: Final = Section(
    name="contact",
    title=mark("Whom the bank calls"),
    masked=True,
    fields=(
        Field(name="name", label=mark("Name"), autocomplete="name"),
        Field(name="phone", label=mark("Telephone"), type="tel", autocomplete="tel"),
        Field(name="email", label=mark("E-mail"), type="email", autocomplete="email"),
    ),
)
SETTLEMENT: Final = Section(
    name="settlement",
    title=mark("Settlement account"),
    masked=True,
    fields=(
        Field(
            name="account_name",
            label=mark("Account name"),
            hint=mark("The company's own, as on the licence."),
        ),
        Field(name="bank_name", label=mark("Bank and branch")),
        Field(name="branch_number", label=mark("Branch number"), hint=mark("Twelve digits.")),
        Field(name="account_number", label=mark("Account number"), hint=mark("Never a card's number.")),
    ),
)
STORES: Final = Section(
    name="stores",
    title=mark("Stores"),
    rows=50,
    fields=(
        Field(name="name", label=mark("Store name")),
        Field(
            name="area_code",
            label=mark("Area code"),
            hint=mark("Six digits of GB/T 2260: 440305 is Nanshan."),
        ),
        Field(name="address", label=mark("Address")),
    ),
)
ONLINE: Final = Section(
    name="online",
    title=mark("Online"),
    fields=(
        Field(name="domain", label=mark("Domain"), optional=True, hint=mark("Such as shop.example.cn.")),
        Field(name="app_name", label=mark("App"), optional=True),
    ),
)
_ALL: Final = (BUSINESS, LICENCE, REPRESENTATIVE, OWNERS, CONTACT, SETTLEMENT, STORES, ONLINE)
BY_NAME: Final[Mapping[str, Section]] = {one.name: one for one in _ALL}
_ONLINE_KINDS: Final = frozenset({"platform", "seller"})


def sections_of(application: Application) -> tuple[Section, ...]:
    """Those that are asked of a merchant of this kind."""
    without = STORES if application.kind in _ONLINE_KINDS else ONLINE
    return tuple(one for one in _ALL if one is not without)


RECORDED: Final = (BUSINESS, LICENCE, SETTLEMENT, CONTACT, REPRESENTATIVE)
"""Those of a merchant's record that are changed by hand; the rest comes through the API."""
TITLES: Final[Mapping[str, str]] = {
    **{one.name: one.title for one in _ALL},
    **{one.name: one.label for one in BUSINESS.fields},
}
"""What sections are called, those too that stand at the top of the document."""


def wanted(change: Change) -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """What a change request names, masked: label, value, and what the value is called where it was chosen."""
    if change.wanted is None:
        return []
    said = known(change.wanted)
    named = [
        (one, pointer)
        for section in _ALL
        for one in section.fields
        for pointer in said
        if one.name == pointer.rpartition("/")[2] and pointer.split("/")[1] in {section.name, one.name}
        if pointer.split("/")[1] in change.sections
    ]
    return [(one.label, said[pointer], one.choices) for one, pointer in named]


def known(application: Application | Sections) -> dict[str, Any]:
    """What was declared, by pointer; lists by their rows."""
    flat: dict[str, Any] = {}

    def walk(pointer: str, value: Any) -> None:
        match value:
            case dict():
                for name, one in value.items():
                    walk(f"{pointer}/{name}", one)
            case list():
                for index, one in enumerate(value):
                    walk(f"{pointer}/{index}", one)
            case None:
                pass
            case _:
                flat[pointer] = str(value)

    walk("", msgspec.to_builtins(application))
    return flat


def rows_of(section: Section, declared: Mapping[str, Any]) -> range:
    """One more than there are, for the next one; a masked section is written anew from its first."""
    if section.masked:
        return range(section.rows)
    there = sum(f"/{section.name}/{index}/name" in declared for index in range(section.rows))
    return range(min(there + 1, section.rows))


def declared_by(section: Section, form: Mapping[str, str]) -> dict[str, Any]:
    """The sections that a form declares; empty where it leaves what is masked as it is."""
    written = {pointer: value for pointer, value in form.items() if pointer.startswith("/")}
    if section.flat:
        return {one.name: written.get(f"/{one.name}", "").strip() or None for one in section.fields}
    if section.rows:
        rows = [_row(section, written, f"/{section.name}/{index}") for index in range(section.rows)]
        filled = [one for one in rows if one]
        return {} if section.masked and not filled else {section.name: filled}
    whole = _row(section, written, f"/{section.name}")
    return {} if section.masked and not whole else {section.name: whole or None}


def _row(section: Section, written: Mapping[str, str], pointer: str) -> dict[str, Any]:
    """Nothing, where nothing but a choice was made, which always stands on something."""
    mine = {f"/{one.name}": written.get(f"{pointer}/{one.name}", "") for one in section.fields}
    typed = any(mine[f"/{one.name}"].strip() for one in section.fields if not one.choices)
    return forms.nested(mine) if typed else {}
