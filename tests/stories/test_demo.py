"""The demo, run as a newcomer runs it: it holds, its lines work, and nothing is left of it afterwards."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
# On a busy machine; the story alone takes ten seconds.
PATIENCE_S = 90.0


@dataclass(slots=True)
class Demo:
    """A running demo and what it has printed so far."""

    process: Process
    lines: list[str] = field(default_factory=list)

    async def until(self, text: str) -> None:
        """Read on until it prints a line with this text."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while text not in (self.lines[-1] if self.lines else ""):
                line = await self.process.stdout.readline()
                assert line, "\n".join(["the demo ended too soon", *self.lines])
                self.lines.append(line.decode().rstrip("\n"))

    async def end(self, number: int) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the demo keeps everything; PostgreSQL's own account has to get there, so it is open to all."""
    made = Path(tempfile.mkdtemp(prefix="demo-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@asynccontextmanager
async def a_demo(folder: Path, **environ: str) -> AsyncIterator[Demo]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway", "demo"),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(folder), **environ},
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        yield Demo(process)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


def left_behind(folder: Path, family: list[psutil.Process]) -> list[str]:
    """Files, children that run on, and servers whose data lies in the folder."""
    servers = [
        one for one in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(one.info["cmdline"] or [])
    ]
    running = [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    return [*(one.name for one in folder.iterdir()), *(str(one) for one in (*servers, *running))]


async def said(line: str) -> str:
    """What a line says in a shell, as whoever copies it would see."""
    shell = await asyncio.create_subprocess_exec("/bin/sh", "-c", line, stdout=PIPE)
    answer, _ = await shell.communicate()
    assert shell.returncode == 0, line
    return answer.decode()


def line_of_the_readme(path: str) -> str:
    """The commands in the README's block that calls this path, with continuation lines and all."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [block] = [one for one in readme.split("```")[1::2] if "curl" in one and path in one]
    return block.strip()


async def test_the_story_holds_then_its_lines_work_and_ctrl_c_leaves_nothing_behind(folder: Path) -> None:
    async with a_demo(folder) as demo:
        await demo.until("The story held")
        told = "\n".join(demo.lines)
        for sentence in (
            "✓ 128.00 becomes 108.00",
            "verified payment.succeeded",
            "verified discount.redeemed",
            "verified discount.clawed_back",
            "the sum of all entries in the core's ledger is 0.00 CNY",
        ):
            assert sentence in told
        await demo.until("operators: ")
        listed, quoted, ordered = [
            json.loads(await said(line)) for line in demo.lines if line.startswith("curl")
        ]
        assert {one["state"] for one in listed["items"]} <= {"succeeded", "reversed"}
        assert quoted["payable"] == {"amount_minor": 21_600, "currency": "CNY"}
        assert ordered["next_action"]["type"] == "show_qr"
        [till] = [line for line in demo.lines if line.startswith(". ")]
        pays, breaks = line_of_the_readme('$URL/v1/payments"'), line_of_the_readme("$CORE/sandbox/wallets/")
        paid = json.loads(await said(f"{till}\n{pays}"))
        assert (paid["state"], paid["paid"]) == ("succeeded", {"amount_minor": 10_800, "currency": "CNY"})
        wallet = json.loads(await said(f"{till}\n{breaks}"))
        assert wallet["behaviour"] == "reply_lost"
        family = psutil.Process(demo.process.pid).children(recursive=True)
        assert len(family) >= 4
        assert await demo.end(signal.SIGINT) == 0
    assert left_behind(folder, family) == []


async def test_a_demo_that_is_interrupted_leaves_nothing_behind(folder: Path) -> None:
    async with a_demo(folder) as demo:
        await demo.until("wallet core listens")
        family = psutil.Process(demo.process.pid).children(recursive=True)
        assert family
        assert await demo.end(signal.SIGTERM) == 130
    assert left_behind(folder, family) == []


async def test_a_demo_that_cannot_go_on_says_why_and_ends_with_1(folder: Path) -> None:
    async with a_demo(folder) as demo:
        await demo.until("database is migrated")
        for child in psutil.Process(demo.process.pid).children():
            child.kill()
        await demo.until("the story does not hold")
        await demo.process.communicate()
    assert demo.process.returncode == 1
    assert left_behind(folder, []) == []
