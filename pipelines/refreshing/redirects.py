"""Where a redirect may lead: to the host that was asked, or to one the source names for its archives;
never inside our own network."""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

PORTS = {"http": 80, "https": 443}
NO_ADDRESS = re.compile(r"[\s\\\x00-\x20\x7f]")
"""What parsers of addresses disagree about, and no honest one holds."""


class Astray(ValueError):
    """A redirect that is not followed: says why, and quotes nothing of it."""


def target(here: str, location: str, asked: str, hosts: tuple[str, ...]) -> str:
    """The address a redirect from `here` leads to. `asked` is what was asked for first: where it is a mirror on this
    machine, only that mirror is asked again. Raises Astray."""
    if NO_ADDRESS.search(location):
        raise Astray("to what is no address")
    try:
        address = urljoin(here, location)
        there, first = urlsplit(address), urlsplit(asked)
        port = _port(there)
    except ValueError:
        raise Astray("to what is no address") from None
    if there.scheme not in PORTS:
        raise Astray("to an address that is none of http")
    if there.username is not None or there.password is not None:
        raise Astray("to an address with a user's name")
    if urlsplit(here).scheme == "https" and there.scheme == "http":
        raise Astray("from https to http")
    if (there.hostname, port) == (first.hostname, _port(first)) and there.scheme == first.scheme:
        return address
    if there.hostname not in (first.hostname, *hosts) or port != PORTS[there.scheme]:
        raise Astray("to another place than the host that was asked")
    if _is_inside(there.hostname or ""):
        raise Astray("to an address inside this network")
    return address


def split(address: str) -> SplitResult:
    """The parts of an address; of what is none, nothing."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _port(parts: SplitResult) -> int | None:
    """Raises ValueError where it is none."""
    return parts.port or PORTS.get(parts.scheme)


def _is_inside(host: str) -> bool:
    """Whether a name, or an address, leads to this machine or its own network.
    A name that leads nowhere is the request's to fail on."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(not ip_address(str(address[0]).partition("%")[0]).is_global for *_, address in found)
