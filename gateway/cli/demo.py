"""`gateway demo`: the whole story on this machine, with nothing to set up."""

import os
import sys

import click
import uvloop

from gateway.demo.play import play


@click.command("demo")
@click.option("--once", is_flag=True, help="End after the story; so does ONCE=1 in the environment.")
def demo(*, once: bool) -> None:
    """Tell the story, then serve until Ctrl-C.

    Everything in it is a real process. Exits with 1 if anything does not hold.
    """
    sys.exit(uvloop.run(play(once=once or bool(os.environ.get("ONCE")))))
