"""Bodies: read with limits of size and time, parsed strictly, validated fast, and explained when they fail.

The fast way is `msgspec.convert`, which stops at the first fault; only a body that fails is then judged by the
schema, which lists them all. Both have to agree; a test compares them.
"""

import asyncio
from typing import Any, NamedTuple

import msgspec
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from gateway.door import json_text
from gateway.door.errors import (
    BodyTooLarge,
    BodyTooSlow,
    MalformedHttp,
    RequestInvalid,
    UnsupportedContentEncoding,
    UnsupportedContentType,
)
from gateway.door.faults import FaultFinder, finder_of
from gateway.door.operation import FORM, JSON, Media, Operation
from gateway.door.parameters import Parameters
from gateway.wire.problem import Fault

# A till on a bad line sends 64 KiB in this time; who takes longer holds a connection for nothing.
BODY_TIMEOUT_S = 15.0


class Body(NamedTuple):
    """A validated body, and its canonical form: the same for the same content, however it was written."""

    value: Any
    canonical: bytes


NO_BODY = Body(None, b"")


class BodyReader:
    """Reads the bodies of one operation."""

    def __init__(self, operation: Operation) -> None:
        self._consumes: Media = operation.consumes
        self._shape = operation.body
        self._accepted = frozenset(operation.consumes.types)
        self._form = Parameters(self._shape, prefix="/") if operation.consumes is FORM else None
        self._faults: FaultFinder | None = None
        if operation.consumes is JSON and self._shape is not None:
            self._faults = finder_of(self._shape)

    async def read(self, request: web.BaseRequest) -> Body:
        """The body as the operation wants it.

        Raises:
            DoorError: one of those that start with `Body` or `Unsupported`, or `RequestInvalid`.
        """
        if self._shape is None:
            return await self._read_none(request)
        self.accept(request.headers.get("Content-Type", ""))
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise UnsupportedContentEncoding
        return self.judge(await receive(request, self._consumes.max_bytes))

    def judge(self, raw: bytes) -> Body:
        """Bytes that have arrived; raises RequestInvalid."""
        if self._form is not None:
            return Body(self._form.read(raw.decode("latin-1")), raw)
        return self._read_json(raw) if self._faults else Body(raw, raw)

    def _read_json(self, raw: bytes) -> Body:
        assert self._faults is not None, "only JSON is judged by a schema"
        document = json_text.parse(raw)
        try:
            value = msgspec.convert(document, self._shape)
        except msgspec.ValidationError as error:
            raise RequestInvalid(self._faults.find(document) or [_fault_of(error)]) from None
        if self._faults.may_see_more(raw) and not self._faults.accepts(document):
            raise RequestInvalid(self._faults.find(document))
        return Body(value, msgspec.json.encode(document, order="sorted"))

    async def _read_none(self, request: web.BaseRequest) -> Body:
        """An operation without a body forgives an empty object, as many clients send one."""
        if not request.can_read_body:
            return NO_BODY
        raw = await receive(request, self._consumes.max_bytes)
        if raw.strip() not in {b"", b"{}"}:
            fault = Fault(pointer="", code="unknown_field", detail="this operation takes no body")
            raise RequestInvalid([fault])
        return NO_BODY

    def accept(self, given: str) -> None:
        """Raises UnsupportedContentType unless this is what the operation takes."""
        if given not in self._accepted:
            essence, _, parameters = given.lower().partition(";")
            charset = parameters.replace(" ", "").replace('"', "")
            if essence.strip() not in self._accepted or charset not in {"", "charset=utf-8"}:
                raise UnsupportedContentType(self._consumes.types)


async def receive(request: web.BaseRequest, max_bytes: int) -> bytes:
    """All bytes of the body, within its limits of size and time."""
    announced = request.content_length
    if announced is not None and announced > max_bytes:
        raise BodyTooLarge(max_bytes)
    if request.content.is_eof():  # it came in one piece with the headers, as small bodies do
        return await _collect(request, max_bytes)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _collect(request, max_bytes)
    except TimeoutError:
        raise BodyTooSlow from None


async def _collect(request: web.BaseRequest, max_bytes: int) -> bytes:
    collected = bytearray()
    try:
        while chunk := await request.content.readany():
            collected += chunk
            if len(collected) > max_bytes:
                raise BodyTooLarge(max_bytes)
    except (RequestPayloadError, ConnectionError):
        raise MalformedHttp from None
    return bytes(collected)


def _fault_of(error: msgspec.ValidationError) -> Fault:
    """What msgspec says, where the schema cannot say it: `Expected … - at `$.a[0]``."""
    said, _, path = str(error).partition(" - at ")
    steps = path.strip("`").removeprefix("$").replace("[", "/").replace("]", "").replace(".", "/")
    return Fault(pointer=steps, code="invalid", detail=said[:1].lower() + said[1:])
