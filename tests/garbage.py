"""Everything a stranger might throw at the API, made by schemathesis from `openapi.yaml` and judged by it."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from gateway.api.table import OPERATIONS
from gateway.door.listeners import with_own
from gateway.door.openapi import document
from gateway.door.operation import Listener, Operation

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)


@dataclass(slots=True)
class Verdict:
    """What came of it: answers by status, and what broke a promise."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def cases(self) -> int:
        return self.statuses.total()


def throw(
    *,
    url: str,
    token: str | None,
    ids: Mapping[str, str],
    only: Collection[Operation],
    examples: int,
    within_s: int,
    seed: int,
) -> Verdict:
    """Send it and wait for the end; blocks, so give it a thread of its own.

    Args:
        ids: by the name of the path's parameter, something that is there.
        only: operations of this listener; a request goes to no other.
        examples: random requests for each operation, beside those that its schema's limits make.
        within_s: no request is begun later.
    """
    config = SchemathesisConfig.from_dict(
        _settings(url=url, token=token, examples=examples, within_s=within_s, seed=seed)
    )
    schema = schemathesis.openapi.from_dict(_document(only, url, ids), config=config)
    verdict = Verdict()
    for event in from_schema(schema).execute():
        _judge(event, verdict)
    return verdict


def operations_of(listener: Listener, *, scopes: Collection[str] | None) -> list[Operation]:
    """What one door serves: all of it, or what a token with these scopes opens and what needs no token."""
    everything = [one for one in with_own(OPERATIONS, {}) if listener in one.listener]
    return [one for one in everything if scopes is None or one.scope is None or one.scope in scopes]


def _document(operations: Collection[Operation], url: str, ids: Mapping[str, str]) -> dict[str, Any]:
    """What `openapi.yaml` says of them, with ids of things that are there as examples in their paths."""
    openapi = document(operations, servers=dict.fromkeys(Listener, url))
    for item in openapi["paths"].values():
        for said in (one for method, one in item.items() if method != "servers"):
            for parameter in said.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["example"] = ids[parameter["name"]]
    return openapi


def _settings(
    *,
    url: str,
    token: str | None,
    examples: int,
    within_s: int,
    seed: int,
) -> dict[str, Any]:
    return {
        "base-url": url,
        "seed": seed,
        "max-time": within_s,
        # One: Python 3.11 breaks when two threads compile at once, as hypothesis does ("AST constructor …").
        "workers": 1,
        "continue-on-failure": True,
        "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
        "phases": {"stateful": {"enabled": False}},
        "generation": {"max-examples": examples, "no-shrink": True, "database": "none"},
        "suppress-health-check": ["all"],
        **({"headers": {"Authorization": f"Bearer {token}"}} if token else {}),
    }


def _judge(event: events.EngineEvent, verdict: Verdict) -> None:
    match event:
        case events.ScenarioFinished(recorder=recorder, label=label):
            verdict.statuses.update(
                one.response.status_code for one in recorder.interactions.values() if one.response is not None
            )
            for case_id, checks in recorder.checks.items():
                for check in checks:
                    if check.status == Status.FAILURE:
                        said = recorder.interactions[case_id]
                        verdict.failures.append("\n".join(_told(label, check, said)))
        case events.NonFatalError() | events.FatalError():
            verdict.failures.append(f"schemathesis itself: {event}")
        case _:
            pass


def _told(label: Any, check: Any, said: Any) -> Iterator[str]:
    """What a reader needs to see it again."""
    yield f"{label}: {check.name}: {check.failure_info.failure if check.failure_info else ''}"
    yield f"  {said.request.method} {said.request.uri}"
    yield f"  {(said.request.body or b'')[:500]!r}"
    if said.response is not None:
        yield f"  {said.response.status_code} {said.response.content[:500]!r}"
