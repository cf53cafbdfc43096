"""`python -m tests.prove [NAME]`: one proof, or all of them in order; exits with 1 when one does not hold."""

import asyncio
import logging
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import structlog

from gateway.storage.embedded import EmbeddedPostgres
from gateway.storage.pool import open_pool
from tests import machine
from tests.processes import City, a_city
from tests.prove import (
    any_order,
    browsing,
    bulk,
    deliveries,
    fairness,
    faults,
    forgeries,
    garbage_everywhere,
    interrupted,
    key_rotation,
    kills,
    legibility,
    offer_sums,
    offers,
    outage,
    pages,
    screens,
    showroom_screens,
    waiting,
    webhooks_isolation,
    webhooks_order,
)
from tests.servers import make_template
from tests.town import a_town

# The default times hold here; only what would hide a fault behind a limit is set.
_SETTINGS = {"DAILY_LIMITS": ""}
_FINAL_WITHIN_S = 75.0


@asynccontextmanager
async def _city(
    postgres: EmbeddedPostgres | None = None, *, serving: int = 1, **settings: str
) -> AsyncIterator[City]:
    """A city with a database server of its own, as durable as PostgreSQL is by default."""
    with tempfile.TemporaryDirectory(prefix="gw-prove-") as folder, postgres or EmbeddedPostgres() as server:
        await asyncio.to_thread(make_template, server, "gateway")
        where = server.url("gateway"), server.url("core"), Path(folder)
        async with a_city(*where, {**_SETTINGS, **settings}, serving=serving) as city:
            yield city
            _must(not city.defects(), "\n".join(city.defects()))


async def _interrupted() -> None:
    """A payment killed after accept and one before conclude, at default times."""
    async with _city() as city:
        for deed in (interrupted.after_accept, interrupted.before_conclude):
            ended = await deed(city, within_s=_FINAL_WITHIN_S)
            print(
                f"killed {deed.__name__.replace('_', ' ')}: {ended.state}, charged {ended.charged_minor}, "
                f"final {ended.final_after_s:.1f} s and told {ended.told_after_s:.1f} s after the restart"
            )
            _must(ended.charged_minor == (1_000 if ended.state == "succeeded" else 0), "the wrong charge")


async def _kills() -> None:
    """500 random kills of gateway, worker and core under load."""
    chance = _chance()
    async with _city() as city:
        reckoning, final_after_s, crowd = await kills.run(
            city, kills=int(os.environ.get("KILLS", "500")), tills=12, chance=chance, within_s=_FINAL_WITHIN_S
        )
        killed = ", ".join(f"{one.kills} of {one.name}" for one in city.programs)
        print(f"killed: {killed}")
        print(f"answers: {dict(crowd.answers)}")
        print(f"{reckoning}; all final {final_after_s:.1f} s after the last restart")
        _must(not reckoning.faults, "\n".join(reckoning.faults[:20]))
        _must(reckoning.duplicates == 0, "duplicate debits")


async def _schemathesis() -> None:
    """Garbage for every operation at both doors, as each principal."""
    chance = _chance()
    with EmbeddedPostgres() as postgres:
        await asyncio.to_thread(make_template, postgres, "gateway")
        async with a_town(postgres.url("gateway"), postgres.url("core"), MAX_WAIT_S="1") as town:
            verdicts = await garbage_everywhere.every_operation(town, chance=chance)
            await town.ledger()
    failures = [failure for verdict in verdicts.values() for failure in verdict.failures]
    print(f"{sum(one.cases for one in verdicts.values())} requests, {len(failures)} failures")
    _must(not failures, "\n\n".join(failures[:20]))


async def _faults() -> None:
    """10,000 payments: 20 % replies lost, 5 % 500, 404 or HTML after the debit, 5 % late, 15 % canceled."""
    chance = _chance()
    async with _city() as city:
        orders = int(os.environ.get("ORDERS", "10000"))
        reckoning, crowd = await faults.run(city, orders=orders, tills=64, chance=chance, scale=1.0)
        accepted = sum(errand.cancel_accepted for errand in crowd.errands)
        print(f"answers: {dict(crowd.answers)}")
        print(f"{reckoning}; {accepted} cancels accepted")
        _must(not reckoning.faults, "\n".join(reckoning.faults[:20]))
        _must(reckoning.duplicates == 0, "duplicate debits")


async def _database() -> None:
    """PostgreSQL killed and started again 20 times under load, of this version and of 16."""
    for version in (18, 16):
        postgres = EmbeddedPostgres(version=version)
        async with _city(postgres) as city:
            crowd = await kills.crowd_of(city, _chance())
            reckoning, refused, recovered_s = await outage.run(
                city, postgres, crowd, outages=10, tills=12, within_s=_FINAL_WITHIN_S
            )
            print(f"PostgreSQL {version}, killed 10 times; meanwhile: {dict(refused)}")
            print(f"answers: {dict(crowd.answers)}")
            print(f"{reckoning}; payments flowed again {recovered_s:.1f} s after its start at most")
            _must(not reckoning.faults, "\n".join(reckoning.faults[:20]))
            _must(set(refused) <= outage.HONEST, f"other answers than honest 503s: {dict(refused)}")


async def _webhooks() -> None:
    """200 random kills of delivering worker and publishing gateway, PostgreSQL among them, with faulty receivers."""
    postgres, kills_ = EmbeddedPostgres(), int(os.environ.get("KILLS", "200"))
    async with _city(postgres, WEBHOOK_LEASE_S="2") as city:
        delivered = await deliveries.run(
            city,
            postgres,
            kills=kills_,
            outages=max(1, kills_ // 40),
            shops=10,
            chance=_chance(),
            within_s=120.0,
        )
        print(delivered)
        for number, held in enumerate(delivered.in_flight[:5]):
            print(f"  the worker's kill {number + 1} met {held} in flight")
        _must(not delivered.faults, "\n".join(delivered.faults[:20]))


async def _codes() -> None:
    """100,000 bent or re-signed codes, of which none is accepted, and 1,000,000 random texts for every reader."""
    chance = _chance()
    for deed, count in ((forgeries.forged, 100_000), (forgeries.garbage, 1_000_000)):
        tally = deed(int(os.environ.get("TEXTS", count)), chance)
        print(f"{deed.__name__}: {tally}", flush=True)
        _must(not tally.faults, "\n".join(tally.faults[:20]))


async def _legibility() -> None:
    """Pictures spoilt and read by zxing-cpp, ours and those of `qrcode.make`; and how many modules each takes."""
    for kind, size in legibility.sizes().items():
        print(f"{kind}: {size}")
    found = legibility.rates(int(os.environ.get("PICTURES", "30")), _chance())
    print(f"{'':40}{'distortion':18}{'ours':>8}{'qrcode.make':>14}")
    for rate in found:
        print(
            f"{rate.payload:40}{rate.distortion:18}"
            f"{rate.ours / rate.pictures:>8.0%}{rate.common / rate.pictures:>14.0%}"
        )
    ours, common = sum(rate.ours for rate in found), sum(rate.common for rate in found)
    # Luck is the same for both, but a dead dot does not meet the same module: a fiftieth is chance.
    _must(ours * 50 >= common * 49, f"{ours} of ours were read and {common} of the library's")


async def _bulk() -> None:
    """10,000 sub-merchants by CSV with 3 % faults; the worker killed while it reads and while it admits."""
    rows = int(os.environ.get("ROWS", "10000"))
    sheet = bulk.a_sheet(rows, faulty_share=0.03, chance=_chance())
    async with _city() as city:
        came = await bulk.run(city, sheet, kill_at=(0.3, 0.6))
    print(came)
    _must(not came.faults, "\n".join(came.faults[:20]))


async def _state_machine() -> None:
    """Shops, payers and cores do to each other what they like, in any order; nobody's money is lost or made."""
    examples, steps = int(os.environ.get("EXAMPLES", "100")), 30
    with EmbeddedPostgres() as postgres:
        await asyncio.to_thread(make_template, postgres, "gateway")
        where = postgres.url("gateway"), postgres.url("core")
        with machine.a_stage(lambda: a_town(*where, WALLET_CORE_TIMEOUT_S="5")) as stage:
            await asyncio.to_thread(machine.run, stage, examples=examples, steps=steps, derandomize=False)
    print(
        f"{examples} scenes of {steps} steps: books whole after each, no difference from the core after the last"
    )


async def _waiting() -> None:
    """5,000 tills that wait on two replicas with pools of ordinary size, each told of its payment's end."""
    waits = int(os.environ.get("WAITS", "5000"))
    # Both ends of every wait are descriptors, and this process has all of the tills'.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    async with _city(serving=2) as city:
        crowd = await waiting.run(city, waits=waits, callers=50)
        print(crowd)
        _must(crowd.told == waits, f"{waits - crowd.told} were not told: {dict(crowd.faults)}")
        _must(crowd.connections_more == 0, "waiting held connections to the database")


async def _checkout_pages() -> None:
    """1,000 checkout pages on two replicas, some in a browser, and 50 payments/s: each shows its end within 1 s."""
    count = int(os.environ.get("PAGES", "1000"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    async with _city(serving=2) as city, browsing.pages_of(city.town, most=3) as beside:
        replicas = list(psutil.Process(city.gateway.pid).children())
        told = await pages.run(city.town, pages=count, a_second=50, replicas=replicas, beside=beside)
    print(told)
    _must(not told.wrong, "\n".join(told.wrong[:20]))
    _must(told.lags_s[-1] <= 1.0, f"a page was told {told.lags_s[-1]:.2f} s late")


async def _webhooks_order() -> None:
    """20,000 events in strict order, a tenth of the attempts failing: nothing overtakes, nobody is held up."""
    with EmbeddedPostgres() as server:
        await asyncio.to_thread(make_template, server, "gateway")
        pool = await open_pool(server.url("gateway"), size=4)
        try:
            came = await webhooks_order.run(
                pool, events=int(os.environ.get("EVENTS", "20000")), chance=_chance()
            )
        finally:
            await pool.close()
    print(came)
    _must(came.inversions == 0, "an event overtook another of its object")
    _must(came.of_stuck == 1, "an event was sent before the one before it had ended")


async def _fairness() -> None:
    """One merchant asks 50 times its share: what the others' answers take, beside it and alone; five times over."""
    async with _city(RATE_LIMITS=fairness.LIMITS) as city:
        seconds = float(os.environ.get("SECONDS", "10"))
        rounds = await fairness.run(city.town, shops=12, seconds=seconds, rounds=5)
    for one in rounds:
        print(one)
    ratio = statistics.median(one.ratio for one in rounds)
    print(f"median of the five: {ratio:.2f}x")
    _must(all(one.errors == 0 for one in rounds), "others got errors")
    _must(all(one.refused > one.noise // 2 for one in rounds), "the noise was let in")
    _must(ratio <= fairness.MOST, f"others wait {ratio:.2f} times as long")


async def _key_rotation() -> None:
    """A partner's key and our own change every second for a minute, under load: no call fails."""
    async with _city() as city:
        ours = city.town.replica.parts.keyring
        rotations = int(os.environ.get("ROTATIONS", "60"))
        rotated = await key_rotation.run(city.town, ours, rotations=rotations, every_s=1.0, callers=8)
    print(rotated)
    _must(rotated.rotations == rotations and rotated.calls > 0, "nothing was rotated, or nobody called")


async def _webhooks_isolation() -> None:
    """40 of 200 endpoints hang, then a million deliveries wait for them: the other 160 hardly notice."""
    with tempfile.TemporaryDirectory(prefix="gw-prove-") as folder, EmbeddedPostgres() as server:
        await asyncio.to_thread(make_template, server, "gateway")
        found = await webhooks_isolation.run(
            server.url("gateway"),
            Path(folder),
            endpoints=200,
            rounds=int(os.environ.get("ROUNDS", "5")),
            seconds=10.0,
            waiting=int(os.environ.get("WAITING", "1000000")),
        )
    print(found)
    _must(found.lost == 0, "an event did not arrive")
    _must(found.ratio <= webhooks_isolation.RATIO_MOST, "those that hang slow the others down")
    _must(found.grown_mb <= webhooks_isolation.GROWN_MB_MOST, "the worker holds what waits in memory")


async def _offers() -> None:
    """200 payments at once on the last of a budget, a day, a person's cap and a first purchase, also under kills.

    Then a load run with refunds, of which the events at the consumer, the offers' figures and the ledger agree.
    """
    payments, orders = int(os.environ.get("PAYMENTS", "200")), int(os.environ.get("ORDERS", "1000"))
    for serving in (2, 1):
        # Of several that share a port, the one that is left would take the place of the one that was killed.
        async with _city(serving=serving) as city:
            kills_ = () if serving > 1 else (city.worker, city.gateway) * 2
            for scarcity in offers.scarcities():
                storm = await offers.run(
                    city, scarcity, payments=payments, kills=kills_, within_s=_FINAL_WITHIN_S
                )
                print(storm, flush=True)
                _must(not storm.faults, "\n".join(storm.faults[:20]))
    async with _city() as city:
        sums = await offer_sums.run(city, payments=orders, chance=_chance(), within_s=_FINAL_WITHIN_S)
        print(sums)
        _must(not sums.faults, "\n".join(sums.faults[:20]))


async def _offers_any_order() -> None:
    """Random offers, carts, hours and payers; payments, refunds and coupons in any order; all refunded in the end."""
    examples, steps = int(os.environ.get("EXAMPLES", "300")), 15
    with EmbeddedPostgres() as postgres:
        await asyncio.to_thread(make_template, postgres, "gateway")
        where = postgres.url("gateway"), postgres.url("core")
        with machine.a_stage(lambda: a_town(*where)) as stage:
            await asyncio.to_thread(any_order.run, stage, examples=examples, steps=steps, derandomize=False)
    print(f"{examples} scenes of up to {steps} steps: every sum held, and all was as it was but points spent")


async def _screens() -> None:
    """Every page of consoles and showroom in both languages, both themes, on telephone and desktop, judged by axe."""
    with EmbeddedPostgres() as postgres:
        await asyncio.to_thread(make_template, postgres, "gateway")
        async with a_town(postgres.url("gateway"), postgres.url("core")) as town:
            looked = await screens.look(town)
    print(f"{looked.pictures} pictures, {len(looked.faults)} faults", flush=True)
    print(f"{await showroom_screens.look()} visits to the showroom")
    _must(not looked.faults, "\n".join(looked.faults[:20]))


_PROOFS: dict[str, Callable[[], Coroutine[None, None, None]]] = {
    "interrupted": _interrupted,
    "kills": _kills,
    "schemathesis": _schemathesis,
    "faults": _faults,
    "database": _database,
    "webhooks": _webhooks,
    "webhooks_order": _webhooks_order,
    "webhooks_isolation": _webhooks_isolation,
    "codes": _codes,
    "legibility": _legibility,
    "state_machine": _state_machine,
    "fairness": _fairness,
    "key_rotation": _key_rotation,
    "bulk": _bulk,
    "offers": _offers,
    "offers_any_order": _offers_any_order,
    "waiting": _waiting,
    "checkout_pages": _checkout_pages,
    "screens": _screens,
}


class ProofFailed(Exception):
    """What was to be proved does not hold."""


def _must(holds: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence: must (this), or (that) is wrong
    if not holds:
        raise ProofFailed(why)


def _chance() -> random.Random:
    seed = int(os.environ.get("SEED", str(random.SystemRandom().randrange(10**6))))
    print(f"SEED={seed}")
    return random.Random(seed)


def main(names: list[str]) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    # Pools say aloud what follows from killing their server.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    unknown = set(names) - _PROOFS.keys()
    if unknown:
        print(f"no such proof: {', '.join(sorted(unknown))}; there are {', '.join(_PROOFS)}")
        return 2
    failed = 0
    for name in names or _PROOFS:
        print(f"\n{name}: {(_PROOFS[name].__doc__ or '').strip()}", flush=True)
        began = time.monotonic()
        try:
            asyncio.run(_PROOFS[name]())
        except ProofFailed as error:
            failed += 1
            print(f"DOES NOT HOLD: {error}")
        print(f"{name} took {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
