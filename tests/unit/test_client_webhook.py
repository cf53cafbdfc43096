"""The receiver's own check, against the specification's vectors and its public library."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from gateway.client.webhook import (
    Verifier,
    WebhookForged,
    WebhookHeadersMissing,
    WebhookOutOfTime,
    WebhookUnreadable,
)

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/standard_webhooks.json").read_text()
)
SECRET, OTHER_SECRET = VECTOR["hmac"]["secret"], "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
NOW = 1_767_576_600
BODY = b'{"type":"payment.succeeded","timestamp":"2026-01-05T01:30:00Z","data":{"note":"\xe8\xb0\xa2\xe8\xb0\xa2"}}'


def sent(body: bytes = BODY, *, secret: str = SECRET, at: int = NOW) -> dict[str, str]:
    """A request's headers as the public library signs them."""
    signature = Webhook(secret).sign("evt_1", datetime.fromtimestamp(at, UTC), body.decode())
    return {"Webhook-Id": "evt_1", "Webhook-Timestamp": str(at), "Webhook-Signature": signature}


def test_what_the_public_library_signs_is_verified_and_read() -> None:
    event = Verifier(SECRET).verify(sent(), BODY, now=NOW)
    assert (event.id, event.type, event.data, event.replay) == (
        "evt_1",
        "payment.succeeded",
        {"note": "谢谢"},
        False,
    )


@pytest.mark.parametrize(("scheme", "key"), [("hmac", "secret"), ("ed25519", "public_key")])
def test_the_specifications_vectors_pass_the_signature(scheme: str, key: str) -> None:
    """Their body is no event of ours, which is found out only once the signature was good."""
    headers = {
        "webhook-id": VECTOR["id"],
        "webhook-timestamp": str(VECTOR["timestamp"]),
        "webhook-signature": VECTOR[scheme]["signature"],
    }
    verifier = Verifier(VECTOR[scheme][key])
    with pytest.raises(WebhookUnreadable):
        verifier.verify(headers, VECTOR["body"].encode(), now=VECTOR["timestamp"])
    with pytest.raises(WebhookForged):
        verifier.verify(headers, VECTOR["body"].encode() + b" ", now=VECTOR["timestamp"])


def test_during_a_rotation_either_secret_and_either_signature_will_do() -> None:
    both = f"{sent(secret=OTHER_SECRET)['Webhook-Signature']} {sent()['Webhook-Signature']}"
    for secrets in [(SECRET,), (OTHER_SECRET,), (OTHER_SECRET, SECRET)]:
        Verifier(*secrets).verify({**sent(), "Webhook-Signature": both}, BODY, now=NOW)


@pytest.mark.parametrize(
    "signature", ["", "v1,", "v1,not base64", "v2,AAAA", "v1a,AAAA", "v1", " ", "v1,AAAA v1,"]
)
def test_what_is_no_good_signature_is_forged(signature: str) -> None:
    with pytest.raises(WebhookForged):
        Verifier(SECRET).verify({**sent(), "Webhook-Signature": signature}, BODY, now=NOW)


def test_another_body_another_id_and_another_secret_are_forged() -> None:
    verifier = Verifier(SECRET)
    with pytest.raises(WebhookForged):
        verifier.verify(sent(), BODY.replace(b"succeeded", b"declined_"), now=NOW)
    with pytest.raises(WebhookForged):
        verifier.verify({**sent(), "Webhook-Id": "evt_2"}, BODY, now=NOW)
    with pytest.raises(WebhookForged):
        verifier.verify(sent(secret=OTHER_SECRET), BODY, now=NOW)


@pytest.mark.parametrize("late_s", [-301, 301])
def test_an_old_webhook_is_refused_and_so_is_one_from_the_future(late_s: int) -> None:
    with pytest.raises(WebhookOutOfTime):
        Verifier(SECRET).verify(sent(), BODY, now=NOW + late_s)


@pytest.mark.parametrize("late_s", [-300, 0, 300])
def test_clocks_may_differ_by_five_minutes(late_s: int) -> None:
    Verifier(SECRET).verify(sent(), BODY, now=NOW + late_s)


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_webhook_needs_all_its_headers(name: str) -> None:
    with pytest.raises(WebhookHeadersMissing):
        Verifier(SECRET).verify({key: value for key, value in sent().items() if key != name}, BODY, now=NOW)


@pytest.mark.parametrize("timestamp", ["", "soon", "1e9", "٣"])
def test_a_timestamp_is_a_number_of_seconds(timestamp: str) -> None:
    with pytest.raises((WebhookHeadersMissing, WebhookOutOfTime)):
        Verifier(SECRET).verify({**sent(), "Webhook-Timestamp": timestamp}, BODY, now=NOW)


@pytest.mark.parametrize("keys", [(), ("plain",), (SECRET, "whsk_AAAA"), ("whsec_?",)])
def test_a_verifier_wants_keys_it_can_use(keys: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Verifier(*keys)
