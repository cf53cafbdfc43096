"""Our signatures against the specification's vectors and against the public verifier."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from webhooks import signing

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/standard_webhooks.json").read_text()
)
BODY = VECTOR["body"].encode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.partition("_")[2])


def test_hmac_signature_is_the_one_of_the_specification() -> None:
    secret = _decoded(VECTOR["hmac"]["secret"])
    headers = signing.headers(VECTOR["id"], VECTOR["timestamp"], BODY, secrets=[secret])
    assert headers["webhook-signature"] == VECTOR["hmac"]["signature"]
    assert headers["webhook-signature"] != VECTOR["hmac"]["bad_signature"]


def test_ed25519_signature_is_the_one_of_the_specification() -> None:
    key = Ed25519PrivateKey.from_private_bytes(_decoded(VECTOR["ed25519"]["secret_key"])[:32])
    headers = signing.headers(VECTOR["id"], VECTOR["timestamp"], BODY, keys=[key.sign])
    assert headers["webhook-signature"] == VECTOR["ed25519"]["signature"]
    assert signing.public_key_text(key.public_key()) == VECTOR["ed25519"]["public_key"]


def test_an_ed25519_signature_of_other_bytes_does_not_verify() -> None:
    public = Ed25519PublicKey.from_public_bytes(_decoded(VECTOR["ed25519"]["public_key"]))
    signature = base64.b64decode(VECTOR["ed25519"]["signature"].partition(",")[2])
    with pytest.raises(InvalidSignature):
        public.verify(signature, f"{VECTOR['id']}.{VECTOR['timestamp']}.{{}}".encode())


def test_both_secrets_of_a_rotation_and_a_key_sign_the_same_request() -> None:
    old, new, key = signing.new_secret(), signing.new_secret(), Ed25519PrivateKey.generate()
    now = int(datetime.now(UTC).timestamp())
    headers = signing.headers("evt_1", now, BODY, secrets=[new, old], keys=[key.sign])
    for secret in (old, new):
        assert Webhook(signing.secret_text(secret)).verify(BODY.decode(), headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.secret_text(signing.new_secret())).verify(BODY.decode(), headers)
    assert [each.partition(",")[0] for each in headers["webhook-signature"].split(" ")] == ["v1", "v1", "v1a"]


def test_a_secret_is_as_long_as_the_specification_asks() -> None:
    text = signing.secret_text(signing.new_secret())
    assert text.startswith("whsec_")
    assert 24 <= len(_decoded(text)) <= 64
