"""The `gateway` command: one file for each group of its commands.

Commands import what they need when they are called, so that `gateway migrate` alone loads SQLAlchemy and
`gateway serve` alone loads the whole house.
"""

import importlib

import click

_COMMANDS = {
    "serve": ("gateway.cli.serve", "serve"),
    "serve-worker": ("gateway.cli.worker", "serve_worker"),
    "work": ("gateway.cli.work", "work_command"),
    "migrate": ("gateway.cli.migrate", "migrate_command"),
    "openapi": ("gateway.cli.openapi", "openapi"),
    "schema": ("gateway.cli.schema", "schema"),
    "reseal": ("gateway.cli.master_key", "reseal_command"),
    "keys": ("gateway.cli.keys", "keys"),
    "reconcile": ("gateway.cli.reconcile", "reconcile_command"),
    "partner": ("gateway.cli.partner", "partner"),
    "till": ("gateway.cli.till", "till"),
    "operator": ("gateway.cli.operator", "operator"),
    "wallet": ("gateway.cli.wallet", "wallet"),
    "sandbox": ("gateway.cli.sandbox", "sandbox"),
    "listen": ("gateway.cli.listen", "listen"),
    "demo": ("gateway.cli.demo", "demo"),
    "reference-core": ("gateway.cli.reference_core", "reference_core"),
    "wallet-core": ("gateway.cli.wallet_core", "wallet_core"),
}


class Commands(click.Group):
    """Loads a command's file when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command there is."""
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Commands)
def main() -> None:
    """The merchant and partner gateway of a bank's digital wallet."""
