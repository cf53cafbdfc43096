"""Finds what serves a path: a dictionary for fixed paths, a walk over segments for those with parameters."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

from gateway.door.errors import MethodNotAllowed, NotFound

TargetT = TypeVar("TargetT")

# Ids, order numbers and codes fit; nothing that needs escaping, no NUL, no slash does.
LONGEST_PARAMETER = 64
PARAMETER_PATTERN = f"^[A-Za-z0-9_.:-]{{1,{LONGEST_PARAMETER}}}$"
_PARAMETER = re.compile("[A-Za-z0-9_.:-]+")
_NONE: Mapping[str, str] = {}


@dataclass(slots=True)
class _Node(Generic[TargetT]):
    """A segment of paths; fixed names win over a parameter."""

    fixed: dict[str, "_Node[TargetT]"] = field(default_factory=dict)
    parameter: "_Node[TargetT] | None" = None
    longest: int = LONGEST_PARAMETER
    # By method: the target, and the names of its parameters from left to right.
    targets: dict[str, tuple[TargetT, tuple[str, ...]]] = field(default_factory=dict)


class Router(Generic[TargetT]):
    """Targets by method and path; `{name}` stands for one segment."""

    def __init__(self) -> None:
        self._root: _Node[TargetT] = _Node()
        self._exact: dict[tuple[str, str], TargetT] = {}

    def add(self, method: str, path: str, target: TargetT, *, longest: int = LONGEST_PARAMETER) -> None:
        node, names = self._root, []
        for segment in _segments(path):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.longest = max(node.longest, longest)
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.fixed.setdefault(segment, _Node())
        assert method not in node.targets, f"{method} {path} is declared twice"
        node.targets[method] = (target, tuple(names))
        if not names:
            self._exact[method, path] = target

    def find(self, method: str, raw_path: str) -> tuple[TargetT, Mapping[str, str]]:
        """The target and the path's parameters.

        Raises:
            NotFound: nothing has this path.
            MethodNotAllowed: other methods have it.
        """
        exact = self._exact.get((method, raw_path))
        if exact is not None:
            return exact, _NONE
        allowed: set[str] = set()
        for node, values in _walk(self._root, [unquote(one) for one in _segments(raw_path)], 0, ()):
            found = node.targets.get(method)
            if found is not None:
                return found[0], dict(zip(found[1], values, strict=True))
            allowed.update(node.targets)
        raise MethodNotAllowed(sorted(allowed)) if allowed else NotFound


def _segments(path: str) -> list[str]:
    return path.removeprefix("/").split("/")


def _walk(
    node: _Node[TargetT], segments: list[str], at: int, values: tuple[str, ...]
) -> Iterator[tuple[_Node[TargetT], tuple[str, ...]]]:
    """Every node the segments lead to, the most literal first."""
    if at == len(segments):
        yield node, values
        return
    segment = segments[at]
    if segment in node.fixed:
        yield from _walk(node.fixed[segment], segments, at + 1, values)
    if node.parameter is not None and len(segment) <= node.longest and _PARAMETER.fullmatch(segment):
        yield from _walk(node.parameter, segments, at + 1, (*values, segment))
