"""What can go wrong with a call, told apart by what the caller has to do next."""

from collections.abc import Mapping
from typing import Any

from gateway.wire.problem import Fault, Problem


class GatewayError(Exception):
    """A call did not do what was asked."""


class Unreachable(GatewayError):
    """The gateway could not be reached, and nothing happened; try again later."""


class AnswerLost(GatewayError):
    """Whether the call was carried out is not known; repeat it with the same idempotency key, or query.

    Attributes:
        idempotency_key: what the deed was sent under; None for a call that changes nothing.
    """

    def __init__(self, idempotency_key: str | None) -> None:
        super().__init__(idempotency_key)
        self.idempotency_key = idempotency_key

    def __str__(self) -> str:
        return f"whether this was carried out is not known; its idempotency key is {self.idempotency_key}"


class UnexpectedAnswer(GatewayError):
    """Something answered that is not this gateway, or speaks a newer version; check the address."""


class ProblemAnswered(GatewayError):
    """The gateway says what is wrong, and what to do (RFC 9457).

    Attributes:
        code: stable; branch on this.
        errors: every single fault, with a pointer to its place.
        facts: further members, which belong to the code.
    """

    def __init__(self, problem: Problem, facts: Mapping[str, Any]) -> None:
        super().__init__(problem.code)
        self.code = problem.code
        self.status = problem.status
        self.detail = problem.detail
        self.request_id = problem.request_id
        self.errors: tuple[Fault, ...] = tuple(problem.errors)
        self.facts = facts

    def __str__(self) -> str:
        told = [f"{self.status} {self.code}: {self.detail} (request {self.request_id})"]
        told += [f"  {name}: {_listed(fact)}" for name, fact in self.facts.items() if _is_plain(fact)]
        told += [f"  {_at(fault, self.detail)}" for fault in self.errors]
        return "\n".join(told)


def _is_plain(fact: object) -> bool:
    """Whether it can be said in a line: a status, an amount, the roles it takes."""
    return all(isinstance(one, str | int) for one in (fact if isinstance(fact, list) else [fact]))


def _listed(fact: object) -> str:
    return ", ".join(map(str, fact)) if isinstance(fact, list) else str(fact)


def _at(fault: Fault, said: str) -> str:
    """One fault; what was said of the whole already is not said again of its place."""
    return fault.pointer if fault.detail == said else f"{fault.pointer}: {fault.detail}"
