"""Keys are rotated under way, and no code is refused because of it."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from functools import partial

import asyncpg
import pytest
from click.testing import CliRunner

from gateway.cli.keys import keys
from merchants.keyring import Keyring, Purpose
from merchants.money import Money
from merchants.sealing import Sealing
from qr.errors import CodeForged
from qr.order_code import OrderCodeScheme, Payee
from qr.order_ref import draw_order_ref
from qr.signed_code import Form, learn_key, read_signed, write_signed

SCHEME = OrderCodeScheme(environment="sandbox", gui="cn.example.pay.test")
PAYEE = Payee(merchant_number="100000000000001", mcc="5411", name="CORNER SHOP", city="BEIJING")
SEALING = Sealing(bytes(32))


def shown(replica: Keyring, form: Form) -> str:
    return write_signed(
        SCHEME,
        form,
        payee=PAYEE,
        amount=Money(100, "CNY"),
        order_ref=draw_order_ref(7),
        expires_at=datetime.now(UTC) + timedelta(minutes=5),
        signer=replica.signer(Purpose.QR),
    )


async def read_by(replica: Keyring, code: str) -> str:
    await learn_key(replica, SCHEME, code)
    return read_signed(SCHEME, code, lambda key_id: replica.verify_key(Purpose.QR, key_id)).key_id


async def rotated(replica: Keyring, *, lead_s: float = 0, verifies_for_s: float = 7200) -> str:
    return await replica.rotate(Purpose.QR, lead_s=lead_s, verifies_for_s=verifies_for_s)


@pytest.mark.parametrize("form", list(Form))
async def test_no_code_is_refused_while_keys_are_rotated(pool: asyncpg.Pool, form: Form) -> None:
    """Neither by the replica that rotated nor by one that has not heard of it."""
    one, other = await Keyring.open(pool, SEALING), await Keyring.open(pool, SEALING)
    codes = [shown(one, form)]
    for _ in range(3):
        await rotated(one)
        codes += [shown(one, form), shown(other, form)]
    signed_by = {await read_by(replica, code) for replica in (one, other) for code in codes}
    assert signed_by == {"A1", "A2", "A3", "A4"}


async def test_a_new_key_is_published_before_it_signs(pool: asyncpg.Pool) -> None:
    ring = await Keyring.open(pool, SEALING)
    key_id = await rotated(ring, lead_s=300)
    assert f"qr-{key_id}" in {one["kid"] for one in ring.jwks()["keys"]}
    assert await read_by(ring, shown(ring, Form.EMV)) == "A1"


async def test_a_key_is_gone_once_its_last_code_has_expired(pool: asyncpg.Pool) -> None:
    ring = await Keyring.open(pool, SEALING)
    code = shown(ring, Form.EMV)
    await rotated(ring, verifies_for_s=0)
    with pytest.raises(CodeForged):
        await read_by(ring, code)
    assert "qr-A1" not in {one["kid"] for one in ring.jwks()["keys"]}


async def test_the_command_rotates_and_lists(database_url: str) -> None:
    settings = {
        "GATEWAY_ENV": "sandbox",
        "DATABASE_URL": database_url,
        "MASTER_KEY": base64.b64encode(bytes(32)).decode(),
    }
    run = partial(CliRunner(env=settings).invoke, keys)
    said = await asyncio.to_thread(run, ["rotate", "--purpose", "qr", "--lead-s", "0"])
    assert said.output == "qr-A2 signs in 0 s; the keys before verify for 7500 s more\n"
    listed = await asyncio.to_thread(run, ["list"])
    assert {"qr-A1", "qr-A2", "token-A1"} <= set(listed.output.split())
