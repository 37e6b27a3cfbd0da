"""What the page asks for, one function a question. Ids come in, never paths."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from facesort.album.corrections import api
from facesort.album.corrections.api import ActResult, SortedAlbum
from facesort.errors import AlbumError, FacesortError, PhotoError, UsageError
from facesort.review import wire
from facesort.review.app_state import AppState
from facesort.review.session import ReviewSession

KEEP = "private, max-age=31536000, immutable"  # an id's image never changes
SHORT = "private, max-age=600"
EVENT_S = 0.1
STILL_THERE_S = 15.0

Handler = Callable[[Request], Awaitable[Response]]
Do = Callable[[SortedAlbum], ActResult]


def answered(handler: Handler) -> Handler:
    """What goes wrong, as a status and one line."""

    @wraps(handler)
    async def wrapped(request: Request) -> Response:
        try:
            return await handler(request)
        except UsageError as error:
            return wire.json_response({"error": str(error)}, 400)
        except AlbumError as error:  # another run is at work
            return wire.json_response({"error": str(error)}, 409)
        except KeyError:
            return wire.json_response({"error": "no longer here"}, 404)
        except PhotoError as error:
            return wire.json_response({"error": str(error)}, 404)
        except (FacesortError, OSError) as error:
            return wire.json_response({"error": str(error)}, 500)

    return wrapped


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


class Routes:
    """The questions about the album that is open in ``state``."""

    def __init__(self, state: AppState) -> None:
        self._state = state

    @property
    def session(self) -> ReviewSession:
        return self._state.session

    def routes(self) -> list[Route]:
        def get(path: str, handler: Handler) -> Route:
            return Route(path, answered(handler), methods=["GET"])

        def post(path: str, handler: Handler) -> Route:
            return Route(path, answered(handler), methods=["POST"])

        return [
            get("/api/summary", self.summary),
            get("/api/faces", self.faces),
            get("/api/suggestions", self.suggestions),
            get("/api/history", self.history),
            get("/api/photos", self.photos),
            get("/api/photo/{id}", self.photo),
            get("/api/face/{id}", self.face),
            get("/api/events", self.events),
            get("/face/{id}.jpg", self.face_jpeg),
            get("/example.jpg", self.example_jpeg),
            get("/photo/{id}.jpg", self.photo_jpeg),
            post("/api/act", self.act),
            post("/api/undo", self.undo),
            post("/api/redo", self.redo),
            post("/api/hand-over", self.hand_over),
            post("/api/forget", self.forget),
        ]

    async def summary(self, request: Request) -> Response:
        """The frame of the page; with ``first``, and so many faces, null where no album is open."""
        first = _number(request, "first")
        if first:
            if not self._state.is_open:
                return wire.json_response(None)
            return wire.json_response(await run_in_threadpool(wire.opening, self.session, first))
        return wire.json_response(await run_in_threadpool(wire.summary, self.session))

    async def faces(self, request: Request) -> Response:
        folder = request.query_params.get("folder", "")
        start, count = _number(request, "start") or 0, _number(request, "count")
        columns = await run_in_threadpool(wire.columns, self.session, folder, start, count)
        return wire.json_response(columns)

    async def suggestions(self, _request: Request) -> Response:
        return wire.json_response(await run_in_threadpool(wire.suggested, self.session))

    async def history(self, _request: Request) -> Response:
        return wire.json_response(await run_in_threadpool(wire.past, self.session))

    async def photos(self, request: Request) -> Response:
        person, photos = request.query_params.get("of", ""), self.session.photos
        ids = await run_in_threadpool(
            lambda: photos.present().get(person, []) if person else photos.without_faces()
        )
        return wire.json_response({"ids": ids})

    async def photo(self, request: Request) -> Response:
        view = await run_in_threadpool(self.session.photos.view, request.path_params["id"])
        return wire.json_response(wire.photo_view(view))

    async def face(self, request: Request) -> Response:
        """The photo of a face."""
        photo = self.session.album.view(request.path_params["id"]).photo
        view = await run_in_threadpool(self.session.photos.view, api.photo_id(photo))
        return wire.json_response(wire.photo_view(view))

    async def face_jpeg(self, request: Request) -> Response:
        jpeg = await run_in_threadpool(api.crop_jpeg, self.session.album, request.path_params["id"])
        return Response(jpeg, media_type="image/jpeg", headers={"cache-control": KEEP})

    async def example_jpeg(self, request: Request) -> Response:
        person = request.query_params.get("of", "")
        jpeg = await run_in_threadpool(api.example_jpeg, self.session.album, person)
        return Response(jpeg, media_type="image/jpeg", headers={"cache-control": SHORT})

    async def photo_jpeg(self, request: Request) -> Response:
        photo = await run_in_threadpool(self.session.photos.photo, request.path_params["id"])
        frame = _number(request, "frame")
        is_small = request.query_params.get("small") == "1"
        jpeg, (width, height) = await run_in_threadpool(
            api.photo_jpeg,
            self.session.album,
            photo,
            frame,
            *([api.THUMB_PX] if is_small else []),
        )
        size = {"x-photo-width": str(width), "x-photo-height": str(height)}
        return Response(jpeg, media_type="image/jpeg", headers={"cache-control": SHORT, **size})

    async def act(self, request: Request) -> Response:
        data = await wire.body_of(request)
        return await self._done(lambda album: self._act(data)(album))

    def _act(self, data: dict[str, object]) -> Do:
        session, do = self.session, wire.text_of(data, "do")
        if do in ("assign", "confirm"):
            ids = wire.ids_of(data)
            folder = wire.text_of(data, "folder") if do == "assign" else None
            return lambda album: session.assign(wire.corrections_of(session, ids, folder))
        if do == "answer":
            right, never = wire.groups_of(data, "groups"), wire.groups_of(data, "never")
            return lambda album: api.record_corrections(
                album, wire.corrections_to(session, right), wire.corrections_to(session, never)
            )
        if do == "dismiss":
            ids, from_folder = wire.ids_of(data), wire.text_of(data, "folder")
            return lambda album: api.dismiss(
                album,
                [(view.photo, view.face) for view in wire.views_of(session, ids)],
                from_folder,
            )
        if do == "apart":
            one, other = wire.pair_of(data)
            return lambda album: api.keep_apart(album, one, other)
        if do == "merge":
            old, new = wire.text_of(data, "old"), wire.text_of(data, "new")
            return lambda album: api.merge(album, old, new)
        if do == "presence":
            photos = [session.photos.photo(one) for one in wire.ids_of(data, "photos")]
            person, is_there = wire.text_of(data, "folder"), data.get("isThere") is not False
            return lambda album: api.set_presence(album, photos, person, is_there)
        if do == "add":
            photo = session.photos.photo(wire.text_of(data, "photo"))
            box, folder = wire.box_of(data), wire.text_of(data, "folder")
            frame = data.get("frame")
            at = frame if isinstance(frame, int) and frame >= 0 else None
            return lambda album: api.add_face(album, photo, box, folder, at)
        if do == "box":
            (view,) = wire.views_of(session, [wire.text_of(data, "face")])
            box = wire.box_of(data)
            return lambda album: api.move_box(album, view.photo, view.face, box)
        raise UsageError(f"{do}: nothing that can be done")

    async def undo(self, _request: Request) -> Response:
        return await self._done(api.revert)

    async def redo(self, _request: Request) -> Response:
        return await self._done(api.redo)

    async def hand_over(self, request: Request) -> Response:
        data = await wire.body_of(request)
        people, consent = wire.names_of(data, "people"), wire.names_of(data, "consent")
        others, as_zip = wire.text_of(data, "others"), data.get("zip") is True
        done = await run_in_threadpool(
            api.hand_over, self.session.album, people, others, consent, as_zip
        )
        return wire.json_response(
            {
                "photos": done.photos,
                "people": done.people,
                "hidden": done.hidden,
                "leftOut": done.left_out,
                "folder": str(done.folder),
            }
        )

    async def forget(self, request: Request) -> Response:
        data = await wire.body_of(request)
        if data.get("sure") is not True:
            raise UsageError("sure: expected true")
        album = self.session.album
        await run_in_threadpool(self._state.leave)  # may wait for the album
        gone = await run_in_threadpool(api.forget, album, self._state.cache)
        return wire.json_response({"n": gone}, headers={"clear-site-data": '"cache"'})

    async def _done(self, do: Do) -> Response:
        done = await run_in_threadpool(self.session.act, do)
        return wire.result(self.session, done)

    async def events(self, request: Request) -> Response:
        """Server-sent events: versions, when they change."""

        async def stream() -> AsyncIterator[str]:
            last: object = None
            sent_s = time.monotonic()
            session = self.session
            while not (session.is_closing or await request.is_disconnected()):
                now = (session.album.version, session.scored_version, session.problem)
                if now != last or time.monotonic() - sent_s > STILL_THERE_S:
                    last, sent_s = now, time.monotonic()
                    yield f"data: {wire.event(session)}\n\n"
                await asyncio.sleep(EVENT_S)

        return StreamingResponse(stream(), media_type="text/event-stream")
