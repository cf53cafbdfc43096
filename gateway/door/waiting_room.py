"""How many calls may wait at once: a till that waits costs memory and a socket, so both have a bound.

A long-poll that finds no seat is refused before it waits; nobody's payment is refused because others wait. Counted is
whatever was asked with `wait_s`, by caller; the whole process' bound is for reads alone.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway.door.errors import TooManyWaits, WaitingRoomFull


@dataclass(slots=True, kw_only=True)
class WaitingRoom:
    """The calls of one process that wait.

    Attributes:
        seats: reads that may wait at once, of all callers.
        seats_of_one: calls of one client that may wait at once.
    """

    seats: int = 10_000
    seats_of_one: int = 200
    taken: int = 0
    _of_one: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def seat(self, client_id: str, *, reading: bool) -> Iterator[None]:
        """Hold a seat while a call waits.

        Raises:
            TooManyWaits: this caller's are all taken.
            WaitingRoomFull: everybody's are, and the call changes nothing.
        """
        if self._of_one[client_id] >= self.seats_of_one:
            raise TooManyWaits(self.seats_of_one)
        if reading and self.taken >= self.seats:
            raise WaitingRoomFull
        self.taken += reading
        self._of_one[client_id] += 1
        try:
            yield
        finally:
            self.taken -= reading
            self._of_one[client_id] -= 1
            if not self._of_one[client_id]:
                del self._of_one[client_id]
