"""The README's code for receivers, run over the bytes of a real delivery."""

import asyncio
import base64
import json
import shutil
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from standardwebhooks import WebhookVerificationError

from tests.receivers import SEALING, TENANT, WEBHOOK_KEY, Arrived, an_event, delivering, receiving, subscribe
from webhooks import endpoints, outbox, signing

HERE = Path(__file__).parent
README = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")
_NODE = shutil.which("node")


def _code(name: str) -> str:
    block = README.partition(f"<!-- {name}:begin -->")[2].partition(f"<!-- {name}:end -->")[0]
    return block.strip().partition("\n")[2].removesuffix("```")


async def _delivered(pool: asyncpg.Pool) -> tuple[list[str], Arrived]:
    """An endpoint's old and new secret, and what arrived while both were good."""
    async with receiving() as receiver, delivering(pool) as worker:
        made = await subscribe(pool, receiver.url, signatures=["v1", "v1a"])
        async with pool.acquire() as conn, conn.transaction():
            new = await endpoints.rotate_secret(
                conn, tenant=TENANT, endpoint_id=made.endpoint.id, seal=SEALING.seal
            )
            await outbox.publish(conn, [an_event()])
        await worker.until_recorded(1)
    return [made.secret, new], receiver.arrived[0]


async def test_the_readmes_python_takes_a_real_delivery_with_either_secret_and_no_forged_one(
    pool: asyncpg.Pool,
) -> None:
    kit: dict[str, Any] = {}
    exec(_code("verify-python"), kit)
    secrets, arrived = await _delivered(pool)
    for secret in secrets:
        assert kit["received"](secret, arrived.body, dict(arrived.headers)) == arrived.json
        with pytest.raises(WebhookVerificationError):
            kit["received"](secret, arrived.body + b" ", dict(arrived.headers))


@pytest.mark.skipif(_NODE is None, reason="node is not installed")
@pytest.mark.skipif(
    not (HERE / "node_modules/standardwebhooks").exists(), reason="run `npm ci --prefix tests/node` first"
)
async def test_the_readmes_node_takes_it_too_and_nodes_own_crypto_verifies_v1a(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    kit = tmp_path / "kit.js"
    kit.write_text(_code("verify-node"), encoding="utf-8")
    secrets, arrived = await _delivered(pool)
    public = signing.public_key_text(WEBHOOK_KEY.public_key()).removeprefix(signing.PUBLIC_KEY_PREFIX)
    for secret in secrets:
        given = {
            "secret": secret,
            "publicKey": public,
            "body": base64.b64encode(arrived.body).decode(),
            "headers": dict(arrived.headers),
        }
        said = await _node(str(HERE / "verify.js"), str(kit), given=given)
        assert said == {"event": arrived.json, "forged": "WebhookVerificationError", "ed25519": True}


async def _node(*arguments: str, given: dict[str, Any]) -> Any:
    assert _NODE is not None
    process = await asyncio.create_subprocess_exec(
        _NODE,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(json.dumps(given).encode())
    assert process.returncode == 0, err.decode()
    return json.loads(out)
