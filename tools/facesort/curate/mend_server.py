"""The page that mends, served by the review page's machinery: loopback, token, Host and Origin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from facesort.curate.mend_session import MendSession
from facesort.errors import UsageError
from facesort.review import wire
from facesort.review.routes import answered
from facesort.review.server import STATIC, show

PAGES = (STATIC, Path(__file__).parent / "static")  # ours last: its index.html is the page


def routes(session: MendSession) -> list[Route]:
    """What the page asks for. Ids come in, never paths."""

    async def overview(_request: Request) -> Response:
        data = await run_in_threadpool(lambda: session.overview)
        return wire.json_response(data | _state(session))

    async def picture(request: Request) -> Response:
        is_other = request.query_params.get("other") == "1"
        return _jpeg(await run_in_threadpool(session.picture, request.path_params["id"], is_other))

    async def member(request: Request) -> Response:
        place = request.path_params["group"], request.path_params["number"]
        try:
            return _jpeg(await run_in_threadpool(session.member, *place))
        except IndexError:
            raise KeyError(place) from None

    async def apply(request: Request) -> Response:
        data = await wire.body_of(request)
        ids = wire.names_of(data, "fixes")
        if not ids:
            raise UsageError("fixes: expected at least one")
        mended = await run_in_threadpool(session.apply, ids)
        return wire.json_response(
            {"done": mended.done, "skipped": mended.skipped} | _state(session)
        )

    async def undo(_request: Request) -> Response:
        problems = await run_in_threadpool(session.undo)
        return wire.json_response({"problems": problems} | _state(session))

    return [
        Route("/api/check", answered(overview), methods=["GET"]),
        Route("/picture/{id}.jpg", answered(picture), methods=["GET"]),
        Route("/member/{group:int}/{number:int}.jpg", answered(member), methods=["GET"]),
        Route("/api/apply", answered(apply), methods=["POST"]),
        Route("/api/undo", answered(undo), methods=["POST"]),
    ]


def _state(session: MendSession) -> dict[str, object]:
    return {"applied": session.applied, "acts": session.acts}


def _jpeg(data: bytes) -> Response:
    return Response(data, media_type="image/jpeg", headers={"cache-control": "private, no-cache"})


def serve(session: MendSession, port: int, open_browser: bool, say: Callable[[str], None]) -> None:
    """Until Ctrl-C."""
    show("mending page", routes(session), port, open_browser, say, PAGES)
