"""The README's way from nothing to a paid till, typed as it stands there into a shell, against real processes."""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

ROOT = Path(__file__).parents[2]
# On a busy machine; half a minute usually, nearly all of it Python starting thirty times.
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a shell said, and how it ended."""

    text: str
    code: int


@dataclass(frozen=True, slots=True)
class Desk:
    """A newcomer's folder, with `gateway` on the path and a sandbox in `bank`."""

    folder: Path

    async def typed(self, lines: str) -> Said:
        shell = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-eu",
            "-c",
            lines,
            cwd=self.folder,
            env=_environ(),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
        )
        async with asyncio.timeout(PATIENCE_S):
            text, _ = await shell.communicate()
        assert shell.returncode is not None
        return Said(text.decode(), shell.returncode)


def _environ() -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "HOME": "/nonexistent",
    }


def of_the_readme(name: str, fence: str = "```") -> str:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return readme.partition(f"<!-- {name}:begin -->\n{fence}\n")[2].partition("\n```\n")[0]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    # Not pytest's folder: PostgreSQL's own account has to get there.
    folder = Path(mkdtemp(prefix="newcomer-", dir="/tmp"))
    sandbox = await asyncio.create_subprocess_exec(
        *("gateway", "sandbox", "start", "bank"),
        cwd=folder,
        env=_environ(),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        await _ready(sandbox)
        yield Desk(folder)
    finally:
        sandbox.send_signal(signal.SIGINT)
        await sandbox.communicate()
    assert sandbox.returncode == 0
    assert list((folder / "bank").iterdir()) == []
    shutil.rmtree(folder)


async def _ready(sandbox: Process) -> None:
    assert sandbox.stdout is not None
    heard = ""
    async with asyncio.timeout(PATIENCE_S):
        while "The sandbox is ready" not in heard:
            line = (await sandbox.stdout.readline()).decode()
            assert line, heard
            heard += line


async def test_a_newcomer_gets_from_nothing_to_a_paid_till_and_order_by_the_readme_alone(desk: Desk) -> None:
    told = await desk.typed(of_the_readme("newcomer"))
    assert told.code == 0, told.text
    assert "has no faults" in told.text
    at_the_till, _, online = told.text.partition("pay_")[2].partition("payer_id")
    for paid, amount in ((at_the_till, "128.00 CNY"), (online, "64.00 CNY")):
        assert "succeeded" in paid, paid
        assert amount in paid, paid
    example = of_the_readme("offer-python", "```python")
    (desk.folder / "agree.py").write_text(example, encoding="utf-8")
    agreed = await desk.typed(f"{sys.executable} agree.py")
    assert (agreed.code, agreed.text.strip()) == (0, "live"), agreed.text
