"""What a forked child becomes: one of the `gateway` commands, with an environment and a log of its own."""

import os
from collections.abc import Mapping, Sequence

# Imported in the fork server, once for all children; the commands would import them anyway.
from gateway import app
from gateway.cli import main, reference_core, replica, serve, work

__all__ = ["app", "reference_core", "replica", "run", "serve", "work"]


def run(arguments: Sequence[str], environ: Mapping[str, str], log: str) -> None:
    """As `gateway <arguments>` does; never returns normally while the command serves."""
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.environ.clear()
    os.environ.update(environ)
    main(list(arguments))
