"""Which addresses may be connected to: what a name leads to counts, not the name, and it is asked for once.

A name is looked up, its addresses are judged, and the connection is made to one of those that were judged. A server of
names that gives another answer the next time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket

from avmeter.errors import MediaError, SkipCode

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(text: str) -> bool:
    """Return whether an address belongs to the open internet; addresses inside of others count as well."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = _embedded(address)
    is_wrapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    return all(_is_public(a) for a in (inner if is_wrapped else (address, *inner)))


def connect(host: str, port: int, *, timeout_s: float, allow_private: bool) -> socket.socket:
    """Connect to a host.

    Args:
        host: Name or address.
        port: TCP port.
        timeout_s: For one address.
        allow_private: Whether private, link-local and loopback addresses may be connected to.

    Raises:
        MediaError: `refused_host`: the host has no other addresses.
        OSError: It has no address, or none answers.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    admitted = [info for info in found if allow_private or is_public(str(info[4][0]))]
    if not admitted:
        raise MediaError(
            SkipCode.REFUSED_HOST,
            f"the host {host} has the address {found[0][4][0]}, which is private or of this machine",
            hint="if that is meant: `--allow-private-hosts`, or remote={'allow_private_hosts': True}",
        )
    failure: OSError | None = None
    for family, kind, protocol, _, address in admitted:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(timeout_s)
            connection.connect(address)
            return connection
        except OSError as error:
            connection.close()
            failure = error
    assert failure is not None
    raise failure


def _is_public(address: Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _embedded(address: Address) -> list[Address]:
    """Return the addresses of version 4 that one of version 6 leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [a for a in inner if a is not None]
