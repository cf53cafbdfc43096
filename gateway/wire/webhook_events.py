"""Webhooks about webhooks: a test at the partner's wish, and the end of an endpoint that does not answer."""

from typing import Literal

from msgspec import Struct

from gateway.wire.told import Sequence, Told
from gateway.wire.webhooks import EndpointId


class EndpointNews(Struct, frozen=True, kw_only=True):
    """Which endpoint."""

    audience: Literal["merchant", "wallet"]
    sequence: Sequence
    endpoint_id: EndpointId


class Ping(Told, frozen=True, kw_only=True):
    """A test that you asked for; only the endpoint you named gets it."""

    type: Literal["ping"]
    data: EndpointNews


class DisabledEndpoint(EndpointNews, frozen=True, kw_only=True):
    """Why nothing is sent there any more: it answered 410, or every attempt of five days failed."""

    reason: Literal["gone", "failing"]


class EndpointEvent(Told, frozen=True, kw_only=True):
    """An endpoint was disabled; its events are held until you recover it."""

    type: Literal["endpoint.disabled"]
    data: DisabledEndpoint
