"""A bulk file's lines are judged by the very schema that a single application is."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gateway.api import showing
from gateway.door.faults import finder_of
from gateway.wire.applications import Declared
from merchants.onboarding.bulk_reading import Rules
from merchants.onboarding.particulars import Particulars


def rules() -> Rules:
    """For the worker; the schema is compiled once."""
    finder = finder_of(Declared)

    def faults(document: Mapping[str, Any]) -> Sequence[tuple[str, str, str]]:
        if finder.accepts(document):
            return []
        return [(one.pointer, one.code, one.detail) for one in finder.find(document)]

    return Rules(read=_read, faults=faults)


def _read(document: Mapping[str, Any]) -> Particulars:
    """The particulars of a document that fits.

    Raises:
        ValueError: it does not, in a way that the schema does not tell.
    """
    try:
        return showing.declared(msgspec.convert(document, Declared))
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
