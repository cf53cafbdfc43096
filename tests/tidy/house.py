"""The tree as tidy sees it: files by kind, parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
FLOORS = ("gateway", "qr", "merchants", "webhooks")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: Path

    @property
    def name(self) -> str:
        """As a reader of the repository calls it."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @property
    def functions(self) -> Iterator[Function]:
        return (one for one in self.nodes if isinstance(one, Function))

    @property
    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call with the dotted name of what is called."""
        return ((one, ast.unparse(one.func)) for one in self.nodes if isinstance(one, ast.Call))

    @property
    def imported(self) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
        """Every import with the module's name."""
        for one in self.nodes:
            if isinstance(one, ast.Import):
                yield from ((one, alias.name) for alias in one.names)
            elif isinstance(one, ast.ImportFrom):
                yield one, one.module or ""

    @property
    def texts(self) -> Iterator[ast.Constant]:
        """Every text that is data: no docstring, no part of one."""
        docstrings = {id(one.value) for one in self.nodes if isinstance(one, ast.Expr)}
        for one in self.nodes:
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in docstrings:
                yield one

    def at(self, node: ast.AST) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 1)}"


def _sources(folder: Path) -> list[Source]:
    return [Source(path) for path in sorted(folder.rglob("*.py"))]


PRODUCTION = [source for floor in FLOORS for source in _sources(ROOT / floor)]
TESTS = _sources(ROOT / "tests")
MIGRATIONS = sorted((ROOT / "gateway/storage/migrations").glob("*.sql"))


def must_be_none(found: list[str]) -> None:
    """Name every one of them, each on its line."""
    if found:
        raise AssertionError("\n" + "\n".join(found))
