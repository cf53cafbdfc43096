"""Keeps new payments away from a core that has stopped answering.

A few lines of our own: the libraries for it wrap a call and raise, while here a failure is a value
(`Unknown`), and whether the core is shut out must be asked before a code is redeemed, without making a call.
"""

import time
from collections.abc import Callable


class Breaker:
    """Shuts after so many failures in a row; then lets one trial through every `shut_s` until one succeeds.

    Args:
        failures: how many in a row shut it. Far more than chance makes of a core that loses every third reply.
        shut_s: how long nobody is let through, and how often a trial is.
        clock: monotonic seconds.
    """

    def __init__(self, *, failures: int, shut_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowed = failures
        self._shut_s = shut_s
        self._clock = clock
        self._in_a_row = 0
        self._shut_until = float("-inf")

    @property
    def is_shut(self) -> bool:
        return self._clock() < self._shut_until

    def lets_through(self) -> bool:
        """Whether to make this call; when it is a trial, the others stay out until it has had its time."""
        if self.is_shut:
            return False
        if self._in_a_row >= self._allowed:
            self._shut_until = self._clock() + self._shut_s
        return True

    def succeeded(self) -> None:
        self._in_a_row = 0
        self._shut_until = float("-inf")

    def failed(self) -> None:
        self._in_a_row += 1
        if self._in_a_row >= self._allowed:
            self._shut_until = self._clock() + self._shut_s
