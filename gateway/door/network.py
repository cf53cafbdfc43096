"""Where a stranger comes from: the network that its address stands for, seen past our own proxies alone."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from aiohttp import web

# Whoever has one address of IPv6 has all of these, and one customer of a provider is given no fewer.
_IPV6_BITS: Final = 64
_UNKNOWN: Final = "unknown"


def network_of(request: web.BaseRequest, *, trusted_hops: int) -> str:
    """The sender's IPv4 address or IPv6 network.

    Args:
        request: with the peer of its connection, and what proxies say of the sender.
        trusted_hops: how many proxies of ours a request has passed. Each adds the address it was sent from at the end
            of `X-Forwarded-For`; what stands before those the sender may have made up.
    """
    named = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
    hops = [one.strip() for one in named if one.strip()]
    told = hops[-min(trusted_hops, len(hops))] if trusted_hops and hops else ""
    return _network(told) or _network(request.remote or "") or _UNKNOWN


def _network(text: str) -> str | None:
    """None for what is no address; some proxies add a port, or brackets."""
    host = text.partition("]")[0].lstrip("[") if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        prefix = int(address) >> (128 - _IPV6_BITS) << (128 - _IPV6_BITS)
        return f"{IPv6Address(prefix)}/{_IPV6_BITS}"
    return str(address)
