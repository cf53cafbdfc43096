"""Keeps a partner's URL from reaching anything but the public internet.

Whoever may name a URL may otherwise make us knock inside the bank. Names are resolved once, every answer must be
public unicast, and the connection goes to the checked address. Python's `is_global` is wrong for NAT64, 6to4,
Teredo and others that carry an IPv4 address inside, so the table below is explicit.
Source: IANA IPv4 and IPv6 Special-Purpose Address Registries.
"""

import contextlib
import ipaddress
import re
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from webhooks.errors import UrlRefused
from webhooks.look_ups import LookUps

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""Looks a host name up: all its addresses; raises OSError where there are none."""

URL_CHARACTERS_MAX: Final = 2048

# Everything in IPv4 that is not public unicast.
_CLOSED_V4: Final = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; clouds answer with credentials here
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved and broadcast
    )
)
# IPv6 the other way round: only global unicast is open (which shuts ::/8 with its mapped, compatible and NAT64
# forms, fc00::/7, fe80::/10, fec0::/10, ff00::/8 and 5f00::/16), less what is special inside.
_OPEN_V6: Final = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID, AMT
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_LOOPBACK: Final = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))

_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z)({_LABEL}\.)*{_LABEL}")
_AUTHORITY: Final = re.compile(r"\A[^/]*//([^/?#]*).*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """What is let through beside the rule.

    Attributes:
        ports: where an endpoint may listen.
        plain_http: allow `http`, in the sandbox.
        loopback: allow this machine itself, at any port: for a sandbox on a developer's desk, and said aloud at
            start-up.
    """

    ports: frozenset[int] = frozenset({443, 80})
    plain_http: bool = False
    loopback: bool = False


class AddressRefusedError(OSError):
    """The host has an address that is not public; nothing was sent."""


def is_public(address: Address) -> bool:
    """Say whether this is public unicast, by the table above."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    return address in _OPEN_V6 and not any(address in network for network in _CLOSED_V6)


def check_url(text: str, policy: AddressPolicy) -> URL:
    """Refuse a URL that could never be delivered to; looks at the text alone and resolves nothing.

    Read by yarl, which the sender's client uses too: two parsers that disagree about the host are a hole.

    Raises:
        UrlRefused: with the rule it breaks.
    """
    if len(text) > URL_CHARACTERS_MAX or not text.isascii() or re.search(r"[\x00-\x20\x7f\\]", text):
        raise UrlRefused("it must be plain ASCII without spaces or backslashes, at most 2048 characters")
    try:
        url = URL(text)
        host, port = url.raw_host, url.port
    except ValueError:
        raise UrlRefused("it cannot be read as a URL") from None
    if url.scheme != "https" and not (url.scheme == "http" and policy.plain_http):
        raise UrlRefused("it must begin with https://")
    authority = _AUTHORITY.sub(r"\1", text)
    if "@" in authority or "#" in text or not host or not port or ("[" in authority) != (":" in host):
        raise UrlRefused("it needs a host, and takes neither user, password nor fragment")
    _check_host(host, port, policy)
    return url


def _check_host(host: str, port: int, policy: AddressPolicy) -> None:
    address = _literal(host)
    if address is None:
        if policy.loopback or port in policy.ports:
            return  # what the name stands for is checked when it is resolved
    elif _may_reach(address, port, policy):
        return
    elif not is_public(address):
        raise UrlRefused("its address is not on the public internet")
    raise UrlRefused(f"port {port} is not open for webhooks")


def _literal(host: str) -> Address | None:
    """Read an address written out; None for a name.

    Raises:
        UrlRefused: a number in a form that only some programs take for an address (127.1, 0x7f000001, 0177.0.0.1).
    """
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host if "%" not in host else "no zones, they name our own interfaces")
    if not _NAME.fullmatch(host) or _looks_numeric(host):
        raise UrlRefused("its host is neither a name nor an address in the usual notation")
    return None


def _looks_numeric(host: str) -> bool:
    """A name whose last label is a number is read as IPv4 by some (WHATWG URL, "ends in a number checker")."""
    last = host.rpartition(".")[2]
    return last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last) is not None


def _may_reach(address: Address, port: int, policy: AddressPolicy) -> bool:
    if policy.loopback and any(address in network for network in _LOOPBACK):
        return True
    return port in policy.ports and is_public(address)


class GuardedResolver(AbstractResolver):
    """The only way from a host name to a connection: hands the client addresses that were checked, or none.

    `looking_up` counts what is under way now, by host.
    """

    def __init__(self, policy: AddressPolicy, resolve: Resolve | None = None) -> None:
        self._policy = policy
        self._look_ups = look_ups = LookUps()
        self._resolve = resolve or look_ups.find
        self.looking_up: Counter[str] = Counter()

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002  # all answers count, of any family
    ) -> list[ResolveResult]:
        """Resolve once and refuse the whole host if any answer may not be reached.

        Raises:
            AddressRefusedError: an answer is not public unicast, or not at a port that is open.
            OSError: the name does not resolve.
        """
        self.looking_up[host] += 1
        try:
            found = await self._resolve(host)
        finally:
            self.looking_up -= Counter({host: 1})
        addresses = [ipaddress.ip_address(text) for text in found]
        if not addresses:
            raise OSError(f"{host} has no address")
        if not all(_may_reach(address, port, self._policy) for address in addresses):
            raise AddressRefusedError(host)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if isinstance(address, ipaddress.IPv4Address) else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        self._look_ups.close()
