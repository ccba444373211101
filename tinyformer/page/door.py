"""Who may come in?  Whoever asks from this page, on this machine, for something small, in JSON; nobody else.

A page of another site may send requests to 127.0.0.1 through the browser of whoever looks at it.  A name of that site
can be made to mean 127.0.0.1 (DNS rebinding), so the Host header is compared as a whole with the names that are ours; a
form of that site can post, but neither from our origin nor as JSON.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyformer.json_text import NotJSON, parse_json

LOCAL = ("localhost", "127.0.0.1", "[::1]")
LARGEST_BODY = 64 * 1024                      # bytes of a request
POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
    "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    "require-trusted-types-for 'script'", "trusted-types 'none'"))           # no text becomes markup, whoever tries
HEADERS = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store"}


class Refused(Exception):
    """A request that is answered with an HTTP status and one sentence."""

    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Door:
    """What is let in at this address; `host` is where the server listens."""

    host: str
    port: int

    @property
    def open_to_others(self) -> bool:
        """Whether other machines can come here at all."""
        return self.host not in ("127.0.0.1", "::1", "localhost")

    def check(self, hosts: Sequence[str], origins: Sequence[str]) -> None:
        """Refused unless there is one Host header with a name of ours, and no Origin or the one that this name is."""
        if len(hosts) != 1 or not self.is_ours(hosts[0]):
            raise Refused(403, f"this page answers at http://localhost:{self.port}/ alone")
        if origins and [origin.lower() for origin in origins] != [f"http://{hosts[0].lower()}"]:
            raise Refused(403, "a page of another site has asked, and only this one may")

    def is_ours(self, host: str) -> bool:
        """Is `host`, as in a Host header, a name of this server with its port?"""
        name, colon, port = host.rpartition(":")
        if self.port == 80 and (not colon or host.endswith("]")):
            name, port = host, "80"
        if port != str(self.port):
            return False
        return name.lower() in LOCAL or self.open_to_others and (name.lower() == self.host.lower() or _is_address(name))


def body_of(content_types: Sequence[str], body: bytes) -> Any:
    """The value that the body spells as JSON; Refused for another kind of body, a large one and a broken one."""
    if len(content_types) != 1 or content_types[0].replace(" ", "").lower() not in (
            "application/json", "application/json;charset=utf-8"):
        raise Refused(403, "a request is JSON: Content-Type: application/json")
    if len(body) > LARGEST_BODY:
        raise Refused(413, f"the request has {len(body):,} bytes, and at most {LARGEST_BODY:,} are read; send less")
    try:
        return parse_json(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Refused(400, f"byte {error.start} of the request is not UTF-8") from None
    except NotJSON as error:
        raise Refused(400, f"the request is not JSON ({error})") from None


def _is_address(name: str) -> bool:
    """An address in numbers, which no other site's name can stand for."""
    try:
        return bool(ipaddress.ip_address(name.removeprefix("[").removesuffix("]")))
    except ValueError:
        return False
