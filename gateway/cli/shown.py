"""Answers as people read them, as programs do, or as their id alone."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from merchants.money import Money, format_amount

_AMOUNT = {"amount_minor", "currency"}


class As(Enum):
    """How an answer is shown."""

    TEXT = auto()
    JSON = auto()
    ID = auto()


def show(answer: Struct, how: As) -> None:
    """One answer."""
    facts: dict[str, Any] = msgspec.to_builtins(answer)
    match how:
        case As.JSON:
            click.echo(msgspec.json.encode(answer))
        case As.ID:
            click.echo(_id_of(facts))
        case As.TEXT:
            lines = list(_lines(facts, ""))
            width = max((len(name) for name, _ in lines), default=0)
            click.echo("\n".join(f"{name:{width}}  {value}" for name, value in lines))


def show_all(answers: Sequence[Struct], how: As, columns: Sequence[str]) -> None:
    """A list: a table on a terminal, tab-separated lines to another program, one JSON document a line."""
    rows = [dict(_lines(msgspec.to_builtins(one), "")) for one in answers]
    match how:
        case As.JSON:
            click.echo(b"".join(msgspec.json.encode(one) + b"\n" for one in answers), nl=False)
        case As.ID:
            click.echo("".join(f"{_id_of(msgspec.to_builtins(one))}\n" for one in answers), nl=False)
        case As.TEXT if sys.stdout.isatty():
            _table(rows, columns)
        case As.TEXT:
            click.echo(
                "".join("\t".join(row.get(name, "") for name in columns) + "\n" for row in rows), nl=False
            )


def plain(text: str) -> str:
    """Text of somebody else's, without what would move a terminal's cursor or colour its screen."""
    return "".join(one if one.isprintable() else "�" for one in text)


def plain_lines(text: str) -> str:
    """Likewise of several lines."""
    return "\n".join(plain(line) for line in text.splitlines())


def _table(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> None:
    table = Table(box=None, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(row.get(name, "")) for name in columns))
    Console(highlight=False).print(table)


def _id_of(facts: Mapping[str, Any]) -> str:
    """What the next command will ask for."""
    for name in ("id", "code", "activation_code", "client_id"):
        if isinstance(facts.get(name), str):
            return plain(facts[name])
    inner = next((one for one in facts.values() if isinstance(one, dict) and "id" in one), {})
    return plain(str(inner.get("id", "")))


def _lines(facts: Mapping[str, Any], within: str) -> Iterator[tuple[str, str]]:
    """Names and values, members of members by dotted names; what is empty is left out."""
    for name, value in facts.items():
        match value:
            case None | "" | []:
                continue
            case dict() if set(value) == _AMOUNT:
                money = Money(value["amount_minor"], value["currency"])
                yield within + name, f"{format_amount(money)} {money.currency}"
            case dict():
                yield from _lines(value, f"{within}{name}.")
            case list() if all(isinstance(one, dict) for one in value):
                for number, one in enumerate(value, start=1):
                    yield from _lines(one, f"{within}{name}[{number}].")
            case list():
                yield within + name, plain(", ".join(map(str, value)))
            case _:
                yield within + name, plain(str(value))
