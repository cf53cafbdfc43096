"""What a caller of this floor may have done wrong; each docstring is the sentence its reader gets."""

import re
from typing import ClassVar


class WebhooksError(Exception):
    """The webhook request cannot be carried out; see the code for what to change."""

    code: ClassVar[str] = "webhooks_error"
    pointer: str | None = None

    def __init_subclass__(cls) -> None:
        """Derive the stable code from the class's name, so that the two can never disagree."""
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __str__(self) -> str:
        return self.__doc__ or self.code


class EndpointUnknown(WebhooksError):
    """No webhook endpoint of yours has this id; list your endpoints to find the right one."""


class EndpointDisabled(WebhooksError):
    """This webhook endpoint is disabled and holds its events; recover it first."""


class TooManyEndpoints(WebhooksError):
    """You have as many webhook endpoints as one partner may have; delete or reuse one."""


class TooManyRotations(WebhooksError):
    """This endpoint's secret was rotated several times within the overlap; wait until an old one lapses."""


class UrlRefused(WebhooksError):
    """The URL cannot be a webhook endpoint; `reason` says which rule it breaks."""

    pointer = "/url"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The URL cannot be a webhook endpoint: {self.reason}."


class EventTypeUnknown(WebhooksError):
    """No event has this type; use one from the documentation, or `<object>.*` for all of an object's."""

    def __init__(self, event_type: str, position: int) -> None:
        super().__init__(event_type)
        self.event_type = event_type
        self.pointer = f"/event_types/{position}"


class DeliveryUnknown(WebhooksError):
    """No delivery of yours has this id; list the deliveries of your endpoint to find the right one."""


class DeliveryUnderway(WebhooksError):
    """This delivery is waiting for its turn or being sent right now, so there is nothing to resend yet."""


class CursorMalformed(WebhooksError):
    """This cursor is not one of ours; use `next` of the last page, or leave it out to start anew."""

    pointer = "/after"


class EventTooLarge(WebhooksError):
    """The event's body is larger than a webhook may be; send a reference instead of the content."""
