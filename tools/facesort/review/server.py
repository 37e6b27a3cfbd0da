"""Serves the page on this machine: the application, a socket on loopback, and the browser."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from facesort.album.corrections.api import LoadEncoder
from facesort.commands import command_line
from facesort.errors import UsageError
from facesort.review import wire
from facesort.review.app_state import AppState
from facesort.review.routes import Routes, answered
from facesort.review.security import Gate, Keys
from facesort.review.start_routes import start_routes

STATIC = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HOST = "127.0.0.1"


def static_files(*folders: Path) -> dict[str, tuple[bytes, str]]:
    """URL: content and type. They are listed once: no request names a file. Of files of one name,
    the one of the last folder is served."""
    files = {
        f"/static/{path.relative_to(folder).as_posix()}": (path.read_bytes(), KINDS[path.suffix])
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in KINDS
    }
    return files | {"/": files["/static/index.html"]}


def application(routes: list[Route], keys: Keys, pages: tuple[Path, ...] = (STATIC,)) -> ASGIApp:
    """The page, whose files lie in ``pages``, and ``routes`` behind the gate of ``keys``."""
    files = static_files(*pages)

    async def static(request: Request) -> Response:
        data, kind = files[request.url.path]
        return Response(data, media_type=kind, headers={"cache-control": "no-cache"})

    async def session(request: Request) -> Response:
        data = await wire.body_of(request)
        if not keys.is_token(data.get("token")):
            return wire.json_response({"error": "open the address that was printed"}, 401)
        return wire.json_response({}, headers={"set-cookie": keys.cookie()})

    open_paths = frozenset({*files, "/api/session"})
    every: list[BaseRoute] = [Route(path, static) for path in files]
    every += [Route("/api/session", answered(session), methods=["POST"]), *routes]
    return Gate(Starlette(routes=every), keys, open_paths)


def listen(port: int = 0) -> socket.socket:
    """A socket on loopback; ``port`` 0: any that is free. `UsageError` where it is taken."""
    # with its protocol, else asyncio leaves Nagle's algorithm on, and each answer waits 40 ms
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError as error:
        sock.close()
        raise UsageError(f"--port {port}: {error.strerror}; leave it out for a free one") from error
    sock.listen()  # who opens the address as soon as it is printed waits, and is not refused
    return sock


def serve(
    root: Path | None,
    port: int,
    open_browser: bool,
    say: Callable[[str], None],
    cache: Path | None = None,
    load_encoder: LoadEncoder | None = None,
) -> int:
    """Review the album sorted into ``root`` until Ctrl-C; without it, begin at the start screen."""
    state = AppState(root, command_line("sort_photos"), cache, load_encoder)
    for line in state.session.news if state.is_open else ():
        say(line)
    try:
        routes = [*Routes(state).routes(), *start_routes(state)]
        show("review page", routes, port, open_browser, say)
    finally:
        state.close()
    return 0


def show(
    what: str,
    routes: list[Route],
    port: int,
    open_browser: bool,
    say: Callable[[str], None],
    pages: tuple[Path, ...] = (STATIC,),
) -> None:
    """Serve a page of ours to this machine until Ctrl-C, behind keys of its own."""
    with listen(port) as sock:
        keys = Keys(sock.getsockname()[1])
        url = f"http://{HOST}:{keys.port}/#token={keys.token}"
        say(f"{what}: {url}")
        say("it listens to this machine only; Ctrl-C ends it, everything you did is kept")
        if open_browser:
            threading.Timer(0.5, webbrowser.open, [url]).start()
        with suppress(KeyboardInterrupt):  # the server reports its own end
            run_app(application(routes, keys, pages), sock)


def run_app(app: ASGIApp, sock: socket.socket) -> None:
    """Uvicorn on ``sock`` until Ctrl-C."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[sock])
