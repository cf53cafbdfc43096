"""Every operation, asked by everybody: who is answered stands in `tests.access_matrix`, one line for each."""

from gateway.api.table import OPERATIONS
from gateway.door.listeners import with_own
from gateway.door.operation import Operation
from tests.access_matrix import EVERYBODY, MATRIX, answered, faults_of
from tests.neighbours import Neighbourhood, a_neighbourhood
from tests.town import Answered, a_town

EVERYTHING = with_own(OPERATIONS, {})
REFUSED = (401, 403, 404)
# Reading first and ending last, so that what is asked for is still there.
ORDER = ("GET", "PUT", "PATCH", "POST", "DELETE")
ENDS = (
    "revoke",
    "close",
    "retire",
    "skip",
    "withdraw",
    "reject",
    "end_",
    "suspend",
    "cancel",
    "delete",
    "decline",
)


def test_every_operation_has_its_line_in_the_matrix() -> None:
    faults = faults_of(EVERYTHING)
    assert not faults, "\n".join(faults)


async def test_exactly_those_whom_the_matrix_names_are_answered(
    database_url: str, core_database_url: str
) -> None:
    faults: list[str] = []
    async with a_town(database_url, core_database_url, works=False, MAX_WAIT_S="0.1") as town:
        neighbourhood = await a_neighbourhood(town)
        for operation in sorted(EVERYTHING, key=_when):
            if operation.name in MATRIX:
                faults += await _row(neighbourhood, operation)
    assert not faults, f"{len(faults)} cells differ:\n" + "\n".join(faults)


def _when(operation: Operation) -> tuple[bool, int]:
    return operation.name.startswith(ENDS), ORDER.index(operation.method)


async def _row(neighbourhood: Neighbourhood, operation: Operation) -> list[str]:
    """Those who are refused ask first, and must have changed nothing for those who are not."""
    allowed = answered(MATRIX[operation.name])
    faults = []
    for name in sorted(EVERYBODY, key=lambda one: one in allowed):
        if name == "head office" and neighbourhood.same("office", name, operation):
            continue  # nothing of the tenant's is in it
        answer = await neighbourhood.ask(name, operation)
        wrong = (
            _wrongly_refused(neighbourhood, operation, name, answer)
            if name in allowed
            else _wrongly_answered(neighbourhood, operation, name, answer)
        )
        if wrong is not None:
            faults.append(
                f"{operation.name}, asked by the {name}: {wrong}: {answer.status} {answer.body!r:.300}"
            )
    return faults


def _wrongly_refused(
    neighbourhood: Neighbourhood, operation: Operation, name: str, answer: Answered
) -> str | None:
    """Let in is who gets as far as the operation itself: a 409 or 422 is its own, a refusal is the door's."""
    if operation.scope is not None and (answer.status in REFUSED or answer.status >= 500):
        return "the matrix lets them in"
    asker = neighbourhood.askers[name]
    if operation.scope is not None and not asker.owns:
        seen = [one for one in neighbourhood.told - set(asker.ids.values()) if one in str(answer.body)]
        seen += [one for one in _of_others(neighbourhood, operation, name) if one in str(answer.body)]
        if seen:
            return f"they are told of others' {seen}"
    return None


def _of_others(neighbourhood: Neighbourhood, operation: Operation, name: str) -> set[str]:
    """In a list nothing is asked for by its id, so no id of the mall's may be in the answer."""
    asked_for = "{" in operation.path or operation.method != "GET"
    return set() if asked_for else set(neighbourhood.askers[name].ids.values()) & neighbourhood.told


def _wrongly_answered(
    neighbourhood: Neighbourhood, operation: Operation, name: str, answer: Answered
) -> str | None:
    opens = neighbourhood.opens(name, operation)
    expected = 401 if name == "nobody" else 404 if opens else 403
    return None if answer.status == expected else f"{expected} is due"
