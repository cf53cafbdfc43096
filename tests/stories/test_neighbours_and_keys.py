"""The short forms of `make prove ONLY=key_rotation` and `ONLY=fairness`."""

from gateway.storage.pool import open_pool
from merchants.keyring import Keyring
from tests.onboarded import SEALING
from tests.prove import fairness, key_rotation
from tests.town import Town, a_town


async def test_keys_change_under_load_and_no_call_fails(town: Town, database_url: str) -> None:
    pool = await open_pool(database_url, size=2)
    ours = await Keyring.open(pool, SEALING)
    rotated = await key_rotation.run(town, ours, rotations=5, every_s=0.0, callers=4)
    assert rotated.rotations == 5
    assert rotated.calls > 0
    await pool.close()


async def test_a_merchant_at_fifty_times_its_share_costs_others_no_error(
    database_url: str, core_database_url: str
) -> None:
    async with a_town(database_url, core_database_url, works=False, RATE_LIMITS=fairness.LIMITS) as town:
        [one] = await fairness.run(town, shops=4, seconds=0.5, rounds=1)
    assert one.errors == 0
    assert one.refused > one.noise // 2
