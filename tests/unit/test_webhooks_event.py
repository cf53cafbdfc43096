import json
from datetime import UTC, datetime

import pytest

from webhooks.errors import EventTooLarge
from webhooks.event import NewEvent, body, is_filter, marked_as_replay


def _event(**data: object) -> NewEvent:
    return NewEvent(
        id="evt_1",
        type="payment.succeeded",
        tenant="mer_1",
        audience="merchant",
        object_id="pay_1",
        sequence=3,
        occurred_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        data=data,
    )


def test_a_body_carries_type_time_and_the_full_state_with_its_sequence() -> None:
    assert json.loads(body(_event(id="pay_1"))) == {
        "type": "payment.succeeded",
        "timestamp": "2026-01-02T03:04:05Z",
        "data": {"audience": "merchant", "sequence": 3, "id": "pay_1"},
    }


def test_a_replay_is_marked_and_otherwise_the_same() -> None:
    first = body(_event(id="pay_1"))
    assert json.loads(marked_as_replay(first)) == {**json.loads(first), "replay": True}


def test_a_body_over_twenty_kilobytes_is_refused() -> None:
    with pytest.raises(EventTooLarge):
        body(_event(note="x" * 20_000))


@pytest.mark.parametrize("text", ["discount.*", "payment.succeeded", "ping"])
def test_types_and_whole_objects_are_filters(text: str) -> None:
    assert is_filter(text)


@pytest.mark.parametrize(
    "text", ["discounts.*", "*", "payment.*.x", "payment", "ping.*", ".*", "", "payment.success"]
)
def test_what_could_silence_a_partner_is_no_filter(text: str) -> None:
    assert not is_filter(text)
