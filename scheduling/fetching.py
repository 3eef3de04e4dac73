"""Fetching a file from an address that somebody typed, without letting it lead into our own network.

Where it may lead is looked up once and held against the policy; the connection goes to what was found, not to the
name, so that a second look-up cannot lead elsewhere. A redirect is an address like any other: it is checked anew.
Addresses are secrets of whoever typed them, and are neither logged nor put into an exception.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Timer
from urllib.parse import SplitResult, quote, urljoin, urlsplit

MOST_HOPS = 3
LONGEST_ADDRESS = 2_000
HTTPS = 443
REDIRECTS = {301, 302, 303, 307, 308}
# In these an IPv4 address is hidden, in the last 32 bits.
WRAPPED_AT_THE_END = [ip_network("64:ff9b::/96"), ip_network("::ffff:0:0/96"), ip_network("::/96")]
Address = IPv4Address | IPv6Address


class Trouble(StrEnum):
    NOT_AN_ADDRESS = "not_an_address"
    NOT_SECURE = "not_secure"
    WITH_PASSWORD = "with_password"  # noqa: S105  the name of a trouble
    FORBIDDEN = "forbidden"
    UNKNOWN_HOST = "unknown_host"
    NO_ANSWER = "no_answer"
    CERTIFICATE = "certificate"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    TOO_LARGE = "too_large"


class NotFetched(Exception):
    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        super().__init__(trouble)


def look_up(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class Policy:
    """Where the portal goes on somebody's word: by default to public addresses only, and to the port of https."""

    also: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: frozenset[int] = frozenset({HTTPS})
    seconds: float = 15
    resolve: Callable[[str, int], list[str]] = look_up
    trust: Callable[[], ssl.SSLContext] = field(default=ssl.create_default_context)

    def allows(self, address: Address) -> bool:
        return any(address in network for network in self.also if network.version == address.version) or public(address)


PUBLIC = Policy()


def public(address: Address) -> bool:
    """Whether it is out in the internet, and so is what it stands for."""
    meant = unwrapped(address)
    if meant is not address:
        return public(meant)
    inward = (
        address.is_private,
        address.is_loopback,
        address.is_link_local,
        address.is_multicast,
        address.is_reserved,
        address.is_unspecified,
        getattr(address, "is_site_local", False),
    )
    return address.is_global and not any(inward)


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address carries, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if any(address in network for network in WRAPPED_AT_THE_END):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo:
        return address.teredo[1]
    return address.sixtofour or address


def proper_address(typed: str) -> str:
    """The address as it is fetched: webcal is https by another name. Raises NotFetched."""
    try:
        parts = urlsplit(typed.strip())
        port = parts.port
    except ValueError:
        raise NotFetched(Trouble.NOT_AN_ADDRESS) from None
    if parts.scheme.lower() == "http":
        raise NotFetched(Trouble.NOT_SECURE)
    if parts.scheme.lower() not in ("https", "webcal", "webcals") or not parts.hostname or len(typed) > LONGEST_ADDRESS:
        raise NotFetched(Trouble.NOT_AN_ADDRESS)
    if parts.username is not None or parts.password is not None:
        raise NotFetched(Trouble.WITH_PASSWORD)
    host = _ascii(parts.hostname)
    place = f"[{host}]" if ":" in host else host
    written = SplitResult("https", place if port in (None, HTTPS) else f"{place}:{port}", parts.path, parts.query, "")
    return written._replace(path=_plain(parts.path) or "/", query=_plain(parts.query)).geturl()


def fetch(address: str, *, most: int, policy: Policy = PUBLIC) -> bytes:
    """What is there, of `most` bytes at most. Raises NotFetched."""
    until = time.monotonic() + policy.seconds
    for _hop in range(MOST_HOPS + 1):
        address = proper_address(address)
        with _asked(address, policy=policy, until=until) as answer:
            if answer.status in REDIRECTS:
                address = urljoin(address, answer.headers.get("Location", ""))
                continue
            if answer.status != http.client.OK:
                raise NotFetched(Trouble.REFUSED)
            found = answer.read(most + 1)
            if len(found) > most:
                raise NotFetched(Trouble.TOO_LARGE)
            # What was cut off can look as if it had ended.
            if time.monotonic() >= until:
                raise NotFetched(Trouble.NO_ANSWER)
            return found
    raise NotFetched(Trouble.REDIRECTED)


@contextmanager
def _asked(address: str, *, policy: Policy, until: float) -> Iterator[http.client.HTTPResponse]:
    """The answer of one host, closed afterwards and ended when the time is up."""
    parts = urlsplit(address)
    assert parts.hostname  # since it is a proper address
    port = parts.port or HTTPS
    connection = _Connection(parts.hostname, port, to=_place(parts.hostname, port, policy), policy=policy, until=until)
    # A server that sends a byte now and then never runs into a limit on a single one.
    watch = Timer(max(0.0, until - time.monotonic()), connection.cut)
    watch.daemon = True
    watch.start()
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {"Accept": "text/calendar, */*;q=0.1", "Accept-Encoding": "identity", "User-Agent": "Portal"}
        connection.request("GET", path, headers=headers)
        with closing(connection.getresponse()) as answer:
            yield answer
    except ssl.SSLCertVerificationError:
        raise NotFetched(Trouble.CERTIFICATE) from None
    except (OSError, http.client.HTTPException, ValueError):
        raise NotFetched(Trouble.NO_ANSWER) from None
    finally:
        watch.cancel()
        connection.close()


def _place(host: str, port: int, policy: Policy) -> str:
    """The one address that is connected to. A name of which any address is forbidden is forbidden."""
    if port not in policy.ports:
        raise NotFetched(Trouble.FORBIDDEN)
    try:
        found = [ip_address(one.partition("%")[0]) for one in policy.resolve(host, port)]
    except (OSError, ValueError):
        raise NotFetched(Trouble.UNKNOWN_HOST) from None
    if not found:
        raise NotFetched(Trouble.UNKNOWN_HOST)
    if not all(policy.allows(one) for one in found):
        raise NotFetched(Trouble.FORBIDDEN)
    # Where both are there, one machine out of several cannot speak the newer one.
    return str(min(found, key=lambda one: one.version))


class _Connection(http.client.HTTPSConnection):
    """To an address that was looked up already, under the name that it is known by."""

    def __init__(self, host: str, port: int, *, to: str, policy: Policy, until: float) -> None:
        context = policy.trust()
        super().__init__(host, port, context=context)
        self.to, self.trusting, self.until = to, context, until
        # The library forgets its own once an answer has begun.
        self.talk: ssl.SSLSocket | None = None

    def connect(self) -> None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        plain = socket.create_connection((self.to, self.port), timeout=left)
        # First put where `cut` finds it: shaking hands can last, too.
        talk = self.trusting.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = self.talk = talk
        talk.do_handshake()

    def cut(self) -> None:
        if self.talk is not None:
            with suppress(OSError):
                # Under the encryption, which another thread may be in the middle of.
                socket.socket.shutdown(self.talk, socket.SHUT_RDWR)


def _ascii(host: str) -> str:
    try:
        return host.encode("ascii").decode() if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        raise NotFetched(Trouble.NOT_AN_ADDRESS) from None


def _plain(text: str) -> str:
    return quote(text, safe="/%:@!$&'()*+,;=~-._?")
