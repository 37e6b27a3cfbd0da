"""Who may talk to the server: this machine's own browser, with the token, from our own page.

A request passes if its Host is a loopback name with our port (DNS rebinding fails here), its
Origin, where there is one, is ours, and, for everything that shows or changes something, it carries
the session's cookie. What changes something must also come from a script of our page: with our
Origin, a header that no form can send, and JSON. The token stands in the fragment of the first URL,
which no browser sends anywhere; the page exchanges it for the cookie, which no script can read.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SAFE_METHODS = ("GET", "HEAD")
OUR_HEADER = "x-facesort"
MOST_BODY_BYTES = 8 << 20  # 54,000 ids are less than a million

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True)
class Keys:
    """The secrets of one run of the server on ``port``."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def cookie_name(self) -> str:
        return f"facesort_{self.port}"  # cookies are shared by all ports of a host

    def is_token(self, text: object) -> bool:
        return isinstance(text, str) and hmac.compare_digest(text.encode(), self.token.encode())

    def cookie(self) -> str:
        return f"{self.cookie_name}={self.session}; Path=/; HttpOnly; SameSite=Strict"

    def has_session(self, cookies: Mapping[str, str]) -> bool:
        mine = cookies.get(self.cookie_name, "")
        return hmac.compare_digest(mine.encode(), self.session.encode())

    def is_our_host(self, host: str) -> bool:
        return host in {f"{name}:{self.port}" for name in LOOPBACK}

    def is_our_origin(self, origin: str, host: str) -> bool:
        return origin == f"http://{host}"


class Gate:
    """ASGI middleware that lets through what `Keys` allow, and adds the headers of a closed page.

    ``open_paths`` need no session: the empty page, its scripts, and the exchange of the token.
    """

    def __init__(self, app: ASGIApp, keys: Keys, open_paths: frozenset[str]) -> None:
        self._app, self._keys, self._open = app, keys, open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        refusal = self._refusal(Request(scope))
        app = refusal if refusal is not None else self._app
        await app(scope, receive, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        keys, host = self._keys, request.headers.get("host", "")
        origin = request.headers.get("origin")
        if not keys.is_our_host(host):
            return _no(403, "this server answers to 127.0.0.1 only")
        if origin is not None and not keys.is_our_origin(origin, host):
            return _no(403, "another site has no business here")
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _no(403, "another site has no business here")
        if request.method not in SAFE_METHODS:
            is_json = request.headers.get("content-type", "").split(";")[0] == "application/json"
            if origin is None or request.headers.get(OUR_HEADER) != "1" or not is_json:
                return _no(403, "only this page may change something")
            length = request.headers.get("content-length", "")
            if not length.isdecimal() or int(length) > MOST_BODY_BYTES:
                return _no(413, "too much at once")
        if request.url.path not in self._open and not keys.has_session(_cookies(request)):
            return _no(401, "open the address that the program has printed")
        return None


def _cookies(request: Request) -> dict[str, str]:
    try:
        parsed = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in parsed.items()}


def _no(status: int, why: str) -> Response:
    return PlainTextResponse(why, status)


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            have = {name for name, _ in message["headers"]}
            more = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in have]
            if b"cache-control" not in have:
                more.append((b"cache-control", b"no-store"))
            message["headers"] = [*message["headers"], *more]
        await send(message)

    return wrapped
