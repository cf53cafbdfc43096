"""Where the `type` of every problem leads: what the code means, for whoever follows the link."""

from collections.abc import Iterable

from msgspec import Struct

from gateway.door.errors import NotFound
from gateway.door.explain import advice_to_operator, every_kind
from gateway.door.operation import Answer, Call, Listener, Operation, operation


class ProblemDocs(Struct, frozen=True, kw_only=True):
    """A problem code, explained."""

    code: str
    title: str
    status: int
    caller: str
    operator: str


def problem_docs(operations: Iterable[Operation]) -> Operation:
    """The operation that explains every code these operations can answer."""
    documents = {
        kind.code: ProblemDocs(
            code=kind.code,
            title=kind.title,
            status=kind.status,
            caller=kind.detail,
            operator=advice_to_operator(kind),
        )
        for kind in every_kind(operations)
    }

    @operation(
        "GET",
        "/problems/{code}",
        summary="What a problem's code means",
        listener=Listener.EITHER,
        answers={200: ProblemDocs},
        answer_example=documents["internal_error"],
    )
    async def explain_problem(call: Call[None]) -> Answer:
        """Where a problem's `type` leads."""
        if call.path["code"] not in documents:
            raise NotFound
        return Answer(200, documents[call.path["code"]])

    return explain_problem
