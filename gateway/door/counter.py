"""Where pages do what operations do: the same validation, rights, limits, idempotency and refusals, without HTTP.

A page knows its visitor by a session instead of a token; from there on nothing is different, so nobody can do on a page
what the API would refuse.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from gateway.door.caller import Caller
from gateway.door.endpoint import Desk, Endpoint, Wanted
from gateway.door.errors import NotFound
from gateway.door.operation import Answer, Operation
from gateway.door.router import PARAMETER_PATTERN

_PARAMETER = re.compile(PARAMETER_PATTERN)


class Counter:
    """Performs operations for callers that pages vouch for."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._endpoints: dict[str, Endpoint] = {}

    async def do(
        self,
        operation: Operation,
        caller: Caller | None,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        stranger: web.BaseRequest | None = None,
        request_id: str = "page",
    ) -> Answer:
        """What the operation answers.

        Args:
            operation: one of `gateway.api`.
            caller: whose rights it is done with; None where the operation asks nobody who they are.
            stranger: then what they sent, so that they are counted by where they come from.
            request_id: for the problem, should it come to one.
            path: values for the operation's `{names}`.
            query: its query parameters; what is None or empty is left out.
            body: a struct, anything that is JSON, or `bytes` where the operation takes other media.
            headers: those that the operation itself reads, such as `Content-Type` of a paper.
            key: the idempotency key of this intent; put one into a form, so that sending it twice is one deed.

        Raises:
            Whatever the operation declares and the door refuses; `RequestInvalid` names every fault.
        """
        values = path or {}
        if not all(_PARAMETER.fullmatch(one) for one in values.values()):
            raise NotFound  # as the router would, to whom nothing else is a parameter
        content = body if isinstance(body, bytes) else None if body is None else msgspec.json.encode(body)
        wanted = Wanted(
            path=values,
            raw_path=operation.path.format(**values),
            query=urlencode(
                {name: one for name, one in (query or {}).items() if one not in (None, "")}, doseq=True
            ),
            key=key,
            headers=headers or {},
        )
        return await self._endpoint(operation).perform(
            wanted, content, caller, stranger=stranger, request_id=request_id
        )

    def _endpoint(self, operation: Operation) -> Endpoint:
        if operation.name not in self._endpoints:
            self._endpoints[operation.name] = Endpoint(operation, self.desk)
        return self._endpoints[operation.name]
