"""The bank's velocity rules, as its setting writes them, and one that fired."""

import re
from dataclasses import dataclass
from typing import Final, Literal, Self, cast

Action = Literal["decline", "step_up"]
Kind = Literal["payer", "terminal", "merchant"]

_RULE: Final = re.compile(
    r"([a-z0-9-]{1,32})=(payer|terminal|merchant):(count|amount)>([0-9]{1,15})/([0-9]{1,7}):(decline|step_up)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """More than `limit` payments, or minor units, in `window_s` seconds, this payment included."""

    name: str
    kind: Kind
    measure: Literal["count", "amount"]
    limit: int
    window_s: int
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A rule that fired: on whom, and what was measured."""

    rule: Rule
    subject: str
    measured: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of this gateway."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """From the setting: `burst=payer:count>10/60:decline`, separated by commas."""
        parts = (_RULE.fullmatch(one) for one in text.split(",") if one)
        return cls(rules=tuple(_rule(part) for part in parts if part))


def _rule(part: re.Match[str]) -> Rule:
    name, kind, measure, limit, window_s, action = part.groups()
    return Rule(
        name=name,
        kind=cast("Kind", kind),
        measure="count" if measure == "count" else "amount",
        limit=int(limit),
        window_s=int(window_s),
        action=cast("Action", action),
    )
