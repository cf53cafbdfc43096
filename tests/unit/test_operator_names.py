"""Whatever a page of the operators' console is told has a name there, in place of a code or a page that fails."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

from gateway.pages.operator import charts, names
from gateway.wallet.core import DECLINES
from gateway.wire import applications, bulks, changes, documents, merchants, offers, transfers
from gateway.wire.monitoring import Declines, MonitoredMinute, Monitoring

NAMED: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "cases": (applications.ApplicationStatus, names.CASES),
    "kinds": (applications.Kind, names.KINDS),
    "forms": (get_type_hints(applications.Licence)["form"], names.FORMS),
    "proofs": (applications.DocumentType, names.PROOFS),
    "changes": (changes.ChangeStatus, names.CHANGES),
    "sections": (changes.Section, names.SECTIONS),
    "searches": (get_type_hints(changes.SearchWish)["field"], names.SEARCHES),
    "bulks": (bulks.BulkState, names.BULKS),
    "papers": (documents.DocumentKind, names.PAPERS),
    "merchants": (get_type_hints(merchants.Merchant)["status"], names.MERCHANTS),
    "offers": (offers.OfferState, names.OFFERS),
    "funders": (offers.Funder, names.FUNDERS),
    "sides": (offers.Side, names.SIDES),
    "purposes": (get_type_hints(transfers.InDoubt)["purpose"], names.PURPOSES),
    "actions": (get_type_hints(transfers.InDoubt)["next_action"], names.ACTIONS),
    "attempts": (get_type_hints(transfers.CoreAttempt)["deed"], names.ATTEMPTS),
}


def test_every_code_on_a_page_has_a_name() -> None:
    lacks = {page: set(get_args(codes)) - set(named) for page, (codes, named) in NAMED.items()}
    assert {page: codes for page, codes in lacks.items() if codes} == {}
    assert set(DECLINES) <= set(names.DECLINES)


def test_a_decline_is_drawn_under_its_name_with_its_code_aside_and_a_cores_own_reason_as_it_is() -> None:
    told = [Declines(reason="insufficient_funds", payments=2), Declines(reason="core_says_no", payments=1)]
    facts: dict[str, Any] = dict.fromkeys(MonitoredMinute.__struct_fields__, 0)
    now = datetime.now(UTC)
    minute = MonitoredMinute(**facts | {"at": now, "cores": [], "declines": told, "discounts": []})
    facts = dict.fromkeys(Monitoring.__struct_fields__, 0)
    plot = charts.declines(Monitoring(**facts | {"as_of": now, "minutes": [minute], "offers": []}))
    assert [(one.name, one.code) for one in plot.lines] == [
        ("Balance too small", "insufficient_funds"),
        ("core_says_no", ""),
    ]
