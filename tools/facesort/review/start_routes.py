"""What the start screen asks for: folders to choose from, a sorting, and the way to the review."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from facesort.errors import UsageError
from facesort.review import wire
from facesort.review.app_state import AppState
from facesort.review.routes import answered


def start_routes(state: AppState) -> list[Route]:
    """Routes of ``state`` that are there with and without an open album."""

    async def folders(request: Request) -> Response:
        wanted = request.query_params.get("folder", "")
        return wire.json_response(await run_in_threadpool(state.picker.show, wanted))

    async def sort(request: Request) -> Response:
        data = await wire.body_of(request)
        album = state.picker.path(wire.text_of(data, "album"))
        examples = data.get("examples")
        people = state.picker.path(examples) if isinstance(examples, str) else None
        state.sorting.start(album, people, wire.text_of(data, "by"))
        return wire.json_response(state.sorting.state())

    async def progress(_request: Request) -> Response:
        return wire.json_response(state.sorting.state())

    async def stop(_request: Request) -> Response:
        state.sorting.stop()
        return wire.json_response(state.sorting.state())

    async def review(request: Request) -> Response:
        data = await wire.body_of(request)
        chosen = data.get("folder")
        root = state.picker.path(chosen) if isinstance(chosen, str) and chosen else None
        root = root or state.sorting.dst
        if root is None or state.sorting.is_running:
            raise UsageError("nothing is sorted yet")
        await run_in_threadpool(state.review, root)
        return wire.json_response({})

    return [
        Route("/api/folders", answered(folders), methods=["GET"]),
        Route("/api/sort", answered(sort), methods=["POST"]),
        Route("/api/sort", answered(progress), methods=["GET"]),
        Route("/api/sort/stop", answered(stop), methods=["POST"]),
        Route("/api/review", answered(review), methods=["POST"]),
    ]
