"""Ranges of addresses: which are the internet. `0.0.0.0/0` is, and so is `0.0.0.0/1` beside `128.0.0.0/1`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

Network = IPv4Network | IPv6Network

NOT_PUBLIC: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # RFC 1918
        "100.64.0.0/10",  # RFC 6598
        "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3",  # this machine, this link, multicast and reserved
        "fc00::/7",  # RFC 4193
        "fe80::/10", "ff00::/8",
    )
)  # fmt: skip
MANY_IPV4 = IPv4Network("0.0.0.0/7").num_addresses
MANY_IPV6 = IPv6Network("::/15").num_addresses
"""So many public addresses are the internet, and no longer a list of parties."""
NAT64 = IPv6Network("64:ff9b::/96")
"""IPv6 addresses whose last 32 bits are an IPv4 address (RFC 6052)."""


def network(text: str) -> Network | None:
    """The range a text names, None when it names none."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def internet(ranges: Iterable[str]) -> bool:
    """Whether these ranges together hold so many public addresses that they are the internet."""
    return _internet(frozenset(ranges))


@lru_cache(maxsize=1024)
def public(text: str) -> bool:
    """Whether a range holds a public address."""
    found = network(text)
    return found is not None and _count(_translated(found)) > 0


@lru_cache(maxsize=1024)
def _internet(ranges: frozenset[str]) -> bool:
    found = [_translated(each) for text in ranges if (each := network(text)) is not None]
    four = collapse_addresses(each for each in found if isinstance(each, IPv4Network))
    six = collapse_addresses(each for each in found if isinstance(each, IPv6Network))
    return sum(map(_count, four)) >= MANY_IPV4 or sum(map(_count, six)) >= MANY_IPV6


def _translated(range: Network) -> Network:
    """The IPv4 range that one of NAT64 leads to; every other range as it is."""
    if isinstance(range, IPv6Network) and range.subnet_of(NAT64):
        return IPv4Network((int(range.network_address) & 0xFFFFFFFF, range.prefixlen - NAT64.prefixlen))
    return range


def _count(range: Network) -> int:
    """How many public addresses are in a range."""
    special = (each.num_addresses for each in NOT_PUBLIC if each.version == range.version and each.overlaps(range))
    return max(0, range.num_addresses - sum(special))
