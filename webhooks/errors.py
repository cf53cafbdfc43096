"""What a caller of this floor may have done wrong; each docstring is the sentence its reader gets."""


class WebhooksError(Exception):
    """The request about webhooks cannot be carried out as it stands."""

    pointer: str | None = None


class EndpointNotFound(WebhooksError):
    """You have no webhook endpoint with this id; list your endpoints to see which there are."""


class EndpointDisabled(WebhooksError):
    """This webhook endpoint is disabled and holds its events; recover it first."""


class TooManyEndpoints(WebhooksError):
    """You have as many webhook endpoints as one owner may have; delete or change one."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class TooManyRotations(WebhooksError):
    """This secret was rotated several times within the overlap; wait until an old secret lapses."""


class UrlRefused(WebhooksError):
    """This URL cannot be a webhook endpoint; `reason` says which rule it breaks."""

    pointer = "/url"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EventTypeUnknown(WebhooksError):
    """No event has this type; use one from the documentation, or `<object>.*` for all of an object's."""

    def __init__(self, event_type: str, pointer: str) -> None:
        super().__init__(event_type)
        self.event_type = event_type
        self.pointer = pointer


class DeliveryNotFound(WebhooksError):
    """You have no delivery with this id; list the deliveries of your endpoint to see which there are."""


class DeliveryUnderway(WebhooksError):
    """This delivery is due or being sent right now, so there is nothing to resend; read it again in a moment."""


class DeliveryBeingSent(WebhooksError):
    """This delivery is being sent right now; read it again in a moment, and skip it if it failed."""


class DeliveryFinished(WebhooksError):
    """This delivery has ended, so there is nothing to skip; resend it if you want it again."""


class ListeningClosed(WebhooksError):
    """Events are handed out signed in the sandbox alone; register a webhook endpoint."""


class CursorMalformed(WebhooksError):
    """This cursor is not one of this feed's; use `next` of the page before, or leave it out to start anew."""

    pointer = "#query/cursor"


class CursorTooOld(WebhooksError):
    """Events behind this cursor are no longer kept; compare your records, and leave it out to read what is left."""

    pointer = "#query/cursor"


class EventTooLarge(WebhooksError):
    """The event's body is larger than a webhook may be; send a reference instead of the content."""
