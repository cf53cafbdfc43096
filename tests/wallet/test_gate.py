"""The core moves money only on a request that the gateway signed, exactly as it arrived, once."""

import base64
import time
from typing import Any
from uuid import uuid4

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.wallet.answers import message_of
from gateway.wallet.core import NotFound, Transfer
from gateway.wallet.reference.gate import digest
from gateway.wallet.token import authorization
from merchants.keyring import Purpose, Signer
from tests.cores import Cast, SandboxCore, a_signer, jwks_of, sandbox_core


async def post(sandbox: SandboxCore, body: bytes, authorization: str | None) -> tuple[int, str]:
    headers = {"Content-Type": "application/json"} | (
        {"Authorization": authorization} if authorization is not None else {}
    )
    async with sandbox.http.post(f"{sandbox.url}/transfers", data=body, headers=headers) as answer:
        return answer.status, (await answer.json()).get("code", "")


def signed(signer: Signer, body: bytes, **changes: Any) -> str:
    """A token as rest.py makes it, or with other claims or headers."""
    issued_at = int(time.time()) + changes.pop("issued_in_s", 0)
    header = {"kid": signer.kid, "typ": "core-request+jwt"} | changes.pop("header", {})
    claims = {
        "iss": "merchant-gateway",
        "aud": "wallet-core",
        "iat": issued_at,
        "exp": issued_at + changes.pop("lives_s", 30),
        "jti": uuid4().hex,
        "htm": "POST",
        "htu": "/transfers",
        "content_digest": digest(body),
    }
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return "Bearer " + jwt.encode(claims, signer.private_key, algorithm="EdDSA", headers=header)


@pytest.fixture
async def debit(sandbox: SandboxCore, cast: Cast) -> Transfer:
    await sandbox.wallet(cast.payer_id)
    return cast.debit()


async def test_a_token_that_covers_the_request_is_accepted_once(
    sandbox: SandboxCore, debit: Transfer
) -> None:
    body = message_of(debit)
    token = authorization(
        sandbox.signer, method="POST", path="/transfers", body=body, issued_at=int(time.time())
    )

    assert await post(sandbox, body, token) == (200, "")
    assert await post(sandbox, body, token) == (401, "not_authenticated")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "somebody-else"},
        {"issued_in_s": -100},
        {"issued_in_s": 100},
        {"lives_s": 300},
        {"exp": None},
        {"iat": None},
        {"jti": None},
        {"htm": "GET"},
        {"htm": None},
        {"htu": "/transfers/"},
        {"htu": "/transfers?"},
        {"content_digest": digest(b"another body")},
        {"content_digest": None},
        {"header": {"typ": "JWT"}},
        {"header": {"kid": "core-Z9"}},
        {"header": {"jku": "https://stranger.example/jwks.json"}},
    ],
    ids=str,
)
async def test_a_token_that_does_not_cover_the_request_has_no_effect(
    sandbox: SandboxCore, debit: Transfer, changes: dict[str, Any]
) -> None:
    body = message_of(debit)

    assert await post(sandbox, body, signed(sandbox.signer, body, **dict(changes))) == (
        401,
        "not_authenticated",
    )
    assert await sandbox.core.query(debit.id) == NotFound()


async def test_a_strangers_signature_has_no_effect(sandbox: SandboxCore, debit: Transfer) -> None:
    body = message_of(debit)
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    good = signed(sandbox.signer, body)
    tokens = [
        None,
        "",
        "Bearer",
        "Bearer x.y.z",
        "Basic " + good.partition(" ")[2],
        signed(a_signer(), body),
        f"Bearer {unsigned}.{good.split('.')[1]}.",
        good[:-6] + "AAAAAA",
        good + "=",
    ]

    for token in tokens:
        assert await post(sandbox, body, token) == (401, "not_authenticated"), token
    assert await sandbox.core.query(debit.id) == NotFound()


async def test_a_changed_body_has_no_effect(sandbox: SandboxCore, debit: Transfer) -> None:
    body = message_of(debit)
    token = signed(sandbox.signer, body)

    assert await post(sandbox, body.replace(b"10800", b"10801"), token) == (401, "not_authenticated")
    assert await sandbox.core.query(debit.id) == NotFound()


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "theft"},
        {"unit": "cny"},
        {"legs": []},
        {"legs": [{"role": "payer", "source": "payer:1", "target": "merchant:1", "amount_minor": 0}]},
        {"legs": [{"role": "payer", "source": "payer:1", "target": "merchant:1", "amount_minor": 1.5}]},
        {"legs": [{"role": "payer", "source": "payer:1", "target": "merchant:1", "amount_minor": 2**63}]},
        {"legs": [{"role": "payer", "source": "payer:\u0000", "target": "merchant:1", "amount_minor": 1}]},
        {"parent": "x.1"},
        {"kind": "refund"},
        {"statement": "\u0000"},
        {"surprise": True},
        {"id": "x/1"},
    ],
    ids=str,
)
async def test_a_malformed_transfer_is_said_to_be(
    sandbox: SandboxCore, debit: Transfer, changes: dict[str, Any]
) -> None:
    body = msgspec.json.encode(msgspec.json.decode(message_of(debit)) | changes)

    assert await post(sandbox, body, signed(sandbox.signer, body)) == (400, "malformed")


async def test_what_is_no_json_is_malformed_and_what_is_too_long_too(sandbox: SandboxCore) -> None:
    for body in (b"", b"{", b"\xff", b"[" * 50_000):
        assert await post(sandbox, body, signed(sandbox.signer, body)) == (400, "malformed")
    too_long = b" " * 70_000
    assert await post(sandbox, too_long, signed(sandbox.signer, too_long)) == (413, "malformed")


async def test_keys_are_read_again_when_the_gateway_has_a_new_one(
    core_database_url: str, tmp_path: Any
) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(msgspec.json.encode(jwks_of()))
    later = Signer(purpose=Purpose.CORE, key_id="A2", private_key=Ed25519PrivateKey.generate())
    async with sandbox_core(core_database_url, jwks=str(file), signer=later) as sandbox:
        file.write_bytes(msgspec.json.encode(jwks_of(later)))
        assert await sandbox.core.query("x.1") == NotFound()
