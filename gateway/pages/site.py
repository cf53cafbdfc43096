"""What pages are made of, put together once by `app.py` and handed to each maker of pages."""

from dataclasses import dataclass

from gateway.door.counter import Counter
from gateway.pages.frame import Frame
from gateway.pages.live import Streams
from gateway.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts of a replica that pages use.

    Attributes:
        counter: where a page does what an operation does, for a visitor it knows.
        streams: keep a page told of what changes.
        open_streams: likewise pages anybody may open, with seats of their own: no crowd of shoppers takes a till's.
    """

    parts: Parts
    counter: Counter
    frame: Frame
    streams: Streams
    open_streams: Streams
