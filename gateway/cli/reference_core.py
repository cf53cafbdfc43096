"""`gateway reference-core`: the sandbox's wallet core, another system that happens to ship with this one."""

import asyncio
import signal
from contextlib import ExitStack

import click
import uvloop

from gateway.cli.memory import settle_memory
from gateway.storage.embedded import EmbeddedPostgres
from gateway.wallet.reference.server import make_app, serving


@click.command("reference-core")
@click.option(
    "--database-url",
    help="The core's own database, made if it does not exist; one that ends with it if left out.",
)
@click.option("--gateway-jwks", required=True, help="The gateway's public keys: URL or file of its JWKS.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8090, show_default=True, help="0 takes any free one and prints it.")
def reference_core(database_url: str | None, gateway_jwks: str, host: str, port: int) -> None:
    """Serve the reference wallet core until SIGTERM."""
    with ExitStack() as stack:
        url = database_url or stack.enter_context(EmbeddedPostgres()).url("core")
        uvloop.run(_serve(url, gateway_jwks, host=host, port=port))


async def _serve(database_url: str, gateway_jwks: str, *, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(make_app(database_url, gateway_jwks=gateway_jwks), host=host, port=port) as url:
        settle_memory()
        print(f"reference core at {url}", flush=True)
        await stop.wait()
