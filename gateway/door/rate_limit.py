"""How much one client, one merchant with all its clients, and one network's strangers may ask for.

So that nobody is slow because of another, and nobody guesses codes for long.

Counted in memory, a float for each key (the generic cell rate algorithm: when the bucket will be full again), for it is
asked of every request and must cost none of them a round trip. Each replica gives its share of a limit, which is the
limit divided by the replicas that are at work; `replicas` counts those.
"""

import math
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gateway.door.caller import Caller
from gateway.door.errors import RateLimited

_RATE = re.compile(r"([a-z]+)=([0-9]+)/([0-9]+)")
# What is known of more callers than this is not worth its memory: most have long been quiet.
_REMEMBERED = 20_000


class Rate(NamedTuple):
    """So many a second for ever, and so many at once."""

    per_s: int
    at_once: int


class Limits(dict[str, Rate]):
    """The rate of each policy: of a kind of client, of a merchant and everybody who calls in its name, of strangers."""

    @classmethod
    def read(cls, text: str) -> "Limits":
        """`kind=rate a second/at once`, separated by commas; who is not named has no limit."""
        found = (match.groups() for match in _RATE.finditer(text))
        return cls({name: Rate(int(per_s), int(at_once)) for name, per_s, at_once in found})


@dataclass(frozen=True, slots=True)
class _Share:
    """One replica's part of a policy."""

    name: str
    interval_s: float
    at_once: int
    policy: str

    @classmethod
    def of(cls, name: str, rate: Rate, replicas: int) -> "_Share":
        at_once = max(1, rate.at_once // replicas)
        interval_s = replicas / rate.per_s
        window_s = max(1, math.ceil(at_once * interval_s))
        return cls(name, interval_s, at_once, f'"{name}";q={at_once};w={window_s}')


class Limiter:
    """Counts what callers ask for.

    Args:
        limits: over all replicas together.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._shares: dict[str, _Share] = {}
        self._full_at: dict[str, float] = {}
        self._forget_above = _REMEMBERED
        self.asked = 0
        self.divide(1)

    def divide(self, replicas: int) -> None:
        """Give one part of so many from now on."""
        self._shares = {name: _Share.of(name, rate, replicas) for name, rate in self._limits.items()}

    def take(self, caller: Caller) -> dict[str, str]:
        """Count one request; what to tell the caller of its quotas (draft-ietf-httpapi-ratelimit-headers-10).

        Raises:
            RateLimited: one of its quotas is used up, and nothing was counted.
        """
        return self._take(self._buckets(caller))

    def take_from(self, network: str, policy: str) -> dict[str, str]:
        """Likewise for somebody without a token, of whom no more is known than where it calls from."""
        share = self._shares.get(policy)
        return self._take([] if share is None else [(f"{policy} {network}", share)])

    def _take(self, buckets: Iterable[tuple[str, _Share]]) -> dict[str, str]:
        self.asked += 1
        now = time.monotonic()
        asked = [(key, share, self._next(key, share, now)) for key, share in buckets]
        over = [one for one in asked if one[2] - now > one[1].at_once * one[1].interval_s + 1e-9]
        if over:
            retry_after_s = max(
                full_at - now - share.at_once * share.interval_s for _, share, full_at in over
            )
            told = _told((share, self._full_at.get(key, now) - now) for key, share, _ in asked)
            raise RateLimited([share.name for _, share, _ in over], math.ceil(retry_after_s), told)
        for key, _, full_at in asked:
            self._full_at[key] = full_at
        if len(self._full_at) > self._forget_above:
            self._forget(now)
        return _told((share, full_at - now) for _, share, full_at in asked)

    def _buckets(self, caller: Caller) -> Iterator[tuple[str, _Share]]:
        share = self._shares.get(caller.kind)
        if share is not None:
            yield caller.client_id, share
        share = self._shares.get("merchant")
        # A till's shop, be it one tenant of a mall: who calls for a whole platform is the platform.
        merchant_id = caller.merchant_id or caller.partner_id
        if share is not None and merchant_id is not None:
            yield merchant_id, share

    def _next(self, key: str, share: _Share, now: float) -> float:
        return max(self._full_at.get(key, now), now) + share.interval_s

    def _forget(self, now: float) -> None:
        """Who has been quiet has a full bucket, as somebody new has; the rest are the busiest and are kept."""
        self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        self._forget_above = max(_REMEMBERED, 2 * len(self._full_at))


def _told(buckets: Iterator[tuple[_Share, float]]) -> dict[str, str]:
    policies, quotas = [], []
    for share, full_in_s in buckets:
        left = share.at_once - math.ceil(max(full_in_s, 0.0) / share.interval_s - 1e-9)
        policies.append(share.policy)
        quotas.append(f'"{share.name}";r={max(left, 0)};t={math.ceil(max(full_in_s, 0.0))}')
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(quotas)} if policies else {}
