"""A PgBouncer in transaction mode in front of a test's database, where Debian's package is installed."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg

from gateway.demo.processes import free_ports
from gateway.storage.embedded import EmbeddedPostgres

# Debian puts it where only root's PATH looks.
PGBOUNCER: Final = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
_ANSWERS_WITHIN_S: Final = 10.0
# What a session sets at its start and a pooled one cannot is ignored: the server's own settings hold for it.
_INI: Final = """[databases]
{database} = host=127.0.0.1 port={server_port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout,search_path,jit,extra_float_digits
"""


@asynccontextmanager
async def pooled(postgres: EmbeddedPostgres, database: str) -> AsyncIterator[str]:
    """The pooler's URL of this database. As few server connections as show what a shared session would break."""
    assert PGBOUNCER is not None
    [port] = free_ports(1)
    url = f"postgresql://postgres@127.0.0.1:{port}/{database}"
    with tempfile.TemporaryDirectory(prefix="gw-pooled-") as folder:
        ini = Path(folder) / "pgbouncer.ini"
        ini.write_text(_INI.format(database=database, server_port=postgres.port, port=port))
        for one in (ini.parent, ini):
            one.chmod(0o755)
        # It refuses to run as root.
        user = "nobody" if os.geteuid() == 0 else None
        process = await asyncio.create_subprocess_exec(PGBOUNCER, "-q", str(ini), user=user)
        try:
            await _answers(url)
            yield url
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _answers(url: str) -> None:
    async with asyncio.timeout(_ANSWERS_WITHIN_S):
        while True:
            try:
                await (await asyncpg.connect(url, statement_cache_size=0)).close()
            except OSError:
                await asyncio.sleep(0.02)  # it tells nobody when it listens
            else:
                return
