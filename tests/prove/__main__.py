"""`python -m tests.prove [NAME]`: one proof, or all of them in order; exits with 1 when one does not hold."""

import asyncio
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from gateway.storage.embedded import EmbeddedPostgres
from tests.processes import City, a_city
from tests.prove import garbage_everywhere, interrupted, kills
from tests.servers import make_template
from tests.town import a_town

# The default times hold here; only what would hide a fault behind a limit is set.
_SETTINGS = {"DAILY_LIMITS": ""}
_FINAL_WITHIN_S = 75.0


@asynccontextmanager
async def _city(**settings: str) -> AsyncIterator[City]:
    """A city with a database server of its own, as durable as PostgreSQL is by default."""
    with tempfile.TemporaryDirectory(prefix="gw-prove-") as folder, EmbeddedPostgres() as postgres:
        await asyncio.to_thread(make_template, postgres, "gateway")
        where = postgres.url("gateway"), postgres.url("core"), Path(folder)
        async with a_city(*where, {**_SETTINGS, **settings}) as city:
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


_PROOFS: dict[str, Callable[[], Coroutine[None, None, None]]] = {
    "interrupted": _interrupted,
    "kills": _kills,
    "schemathesis": _schemathesis,
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
