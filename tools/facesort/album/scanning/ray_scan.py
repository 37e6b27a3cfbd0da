"""Looks at photos on the machines of a Ray cluster. What is seen, planned and filed is the same.

Paths or URLs go out, not pixels: a Ray Data set of photos in small blocks, and actors that each
hold a loaded model and look as `scan_photos` does. For each block an actor leaves a Parquet file in
a folder that all machines share, and only its name comes back; so neither Ray's memory nor ours
grows with the album. The file goes once it is read. A worker that dies costs the block it was at:
Ray starts another, which looks at that block again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import re
import shutil
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import facesort
from facesort import errors
from facesort.album.from_json import scan_from_json
from facesort.album.person.ensemble import EnsembleModel
from facesort.album.person.face_encoder import FaceEncoder
from facesort.album.records import Scan
from facesort.album.scanning.scanner import Photos, Scanner, ScanResult, scan_photos
from facesort.album.user_labels import UserLabels
from facesort.errors import AlbumError, UsageError, first_line
from facesort.files import replacing
from facesort.photos import Found, Place, Remote
from facesort.photos.remote import check_reachable, found_at

if TYPE_CHECKING:
    from facesort.models.detect import Detector

INSTALL = 'python -m pip install "ray[data]>=2.49,<3"'
MOST_PHOTOS = 64  # of a block: seconds of work, and what a worker's death costs
BLOCKS_PER_WORKER = 4  # of a small album, so that all workers have something to do
BY_URL_AT_A_TIME = 3  # photos a worker has in hand: one is looked at while others are sent
MOST_TRIES = 5  # of a block: Ray itself would retry without end a photo that kills every worker
LOCAL = "local"  # a Ray of our own, on this machine
LOCAL_STORE_BYTES = 100 << 20  # of a cluster that we start: it only holds names
ANSWER_S = 10.0
SHARED = "expected a folder that all machines of the cluster have under this very path"


def check_installed() -> None:
    """Raise `UsageError`, telling what to install, unless Ray Data is there."""
    if not all(map(importlib.util.find_spec, ("ray", "pyarrow"))):
        raise UsageError(f"--engine ray: Ray is not installed; it is optional: {INSTALL}")


@dataclass(frozen=True)
class Loaders:
    """How a worker gets its models; functions that can travel to another machine."""

    detector: Callable[[], Detector]
    encoder: Callable[[], FaceEncoder]
    voter: Callable[[], Detector] | None


@dataclass(frozen=True)
class Cluster:
    """The cluster at $RAY_ADDRESS ("auto": the one of this machine), or one that we start here.

    ``folder`` takes the Parquet files and is emptied; ``workers`` is the most there may be at a
    time, None: as many as the cluster has cores.
    """

    src: Place
    folder: Path
    load: Loaders
    workers: int | None = None

    def scan_photos(self, photos: Photos, scanner: Scanner, _workers: int) -> Iterator[ScanResult]:
        """As `scan.scan_photos`, in the order in which blocks are done; the cache is not asked.

        Raises `AlbumError` where the cluster cannot do it: folders not shared, no model, no room.
        """
        rows = [{"photo": _as_text(*photo)} for photo in photos]
        if not rows:
            return
        task = Task(
            self.src.absolute(),
            self.folder.absolute(),
            self.load,
            scanner.class_names,
            scanner.labels,
            scanner.with_crops,
            encodes=scanner.encoder is not None,
            votes=scanner.voter is not None,
        )
        with _emptied(self.folder), _connected() as ray:
            for name in self._names_of_blocks(ray, rows, task):
                yield from _taken(self.folder / name)

    def _names_of_blocks(self, ray: Any, rows: list[dict[str, str]], task: Task) -> Iterator[str]:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        most = min(self.workers or cores, cores)
        per_block = max(1, min(MOST_PHOTOS, len(rows) // (BLOCKS_PER_WORKER * most)))
        data = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // per_block))
        blocks = data.map_batches(
            Worker,
            fn_constructor_args=(task,),
            batch_size=None,
            compute=ray.data.ActorPoolStrategy(size=most),
            num_cpus=1,
        )
        try:
            for row in blocks.iter_rows():
                yield row["block"]
        except ray.exceptions.RayError as error:
            raise AlbumError(f"--engine ray: {_cause(error)}") from error


@dataclass(frozen=True)
class Task:
    """What a worker is given, once."""

    src: Place
    folder: Path
    load: Loaders
    class_names: tuple[str, ...]
    labels: UserLabels
    with_crops: bool
    encodes: bool
    votes: bool


class Worker:
    """Holds the models; takes a block of photos, gives the name of the Parquet file about them."""

    def __init__(self, task: Task) -> None:
        for folder in (task.src, task.folder):
            if isinstance(folder, Remote):
                check_reachable(folder)
            elif not folder.is_dir():
                raise AlbumError(f"{folder}: not there on machine {os.uname().nodename}; {SHARED}")
        self._task = task
        detector, own = task.load.detector(), task.load.voter
        self._looker = Scanner(
            detector,
            task.class_names,
            task.labels,
            task.with_crops,
            task.load.encoder() if task.encodes else None,
            EnsembleModel(own() if own else detector) if task.votes else None,
        )

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        texts = [str(text) for text in batch["photo"]]
        name = hashlib.blake2b("\n".join(texts).encode(), digest_size=16).hexdigest()
        self._count_try(name, texts[0])
        photos = [_from_text(text, self._task.src) for text in texts]
        at_a_time = BY_URL_AT_A_TIME if isinstance(self._task.src, Remote) else 1
        result = scan_photos(photos, self._looker, at_a_time)
        _write(result, self._task.folder / f"{name}.parquet")
        return {"block": [f"{name}.parquet"]}

    def _count_try(self, name: str, first_photo: str) -> None:
        with open(self._task.folder / f"{name}.tries", "ab") as file:
            file.write(b".")
            tries = file.tell()
        if tries > MOST_TRIES:
            first = json.loads(first_photo)[0]
            raise AlbumError(
                f"{MOST_TRIES} workers died at the block of photos that begins with {first!r}; "
                f"memory, or a photo that kills its reader: try it with --engine local"
            )


def _write(result: Iterable[ScanResult], path: Path) -> None:
    """In one step, so that a block is there whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"scan": json.dumps(asdict(one.scan)), "crops": one.crops} for one in result]
    schema = pa.schema([("scan", pa.string()), ("crops", pa.list_(pa.binary()))])
    with replacing(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema), temporary)


def _taken(path: Path) -> Iterator[ScanResult]:
    """What is in a block, which then goes."""
    import pyarrow.parquet as pq

    try:
        rows = pq.ParquetFile(path).read().to_pylist()
    except FileNotFoundError as error:
        raise AlbumError(f"{path}: written by a worker, and not there; {SHARED}") from error
    for row in rows:
        yield ScanResult(scan_from_json(json.loads(row["scan"])), row["crops"])
    path.unlink()


def _as_text(found: Found, earlier: Scan | None) -> str:
    """ASCII, whatever bytes the name has."""
    known = None if earlier is None else asdict(earlier)
    return json.dumps([found.relative, found.size_bytes, found.mtime_ns, known])


def _from_text(text: str, src: Place) -> tuple[Found, Scan | None]:
    relative, size_bytes, mtime_ns, known = json.loads(text)
    earlier = None if known is None else scan_from_json(known)
    return found_at(src / relative, relative, size_bytes, mtime_ns), earlier


def _cause(error: Exception) -> str:
    """Ray tells the whole way that an error took, and adds its own: the last of ours is what went
    wrong, or else of all."""
    causes = re.findall(r"^(?:[\w.]+\.)?(\w+Error): (.+)", str(error), re.MULTILINE)
    ours: list[str] = [words for name, words in causes if hasattr(errors, name)]
    return (ours or [f"{name}: {words}" for name, words in causes] or [first_line(error)])[-1]


@contextmanager
def _emptied(folder: Path) -> Iterator[None]:
    """``folder``, for the blocks; what a killed run left there is not worth reading: whatever it
    had read is in the journal."""
    shutil.rmtree(folder, ignore_errors=True)
    made = not folder.parent.exists()
    folder.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if made:
            with suppress(OSError):
                folder.parent.rmdir()


@contextmanager
def _connected() -> Iterator[Any]:
    """Ray, silent: no statistics sent home, no dashboard, no bars of its own."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray
    import ray.data
    import ray.exceptions

    address = os.environ.get("RAY_ADDRESS") or LOCAL
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    _start(ray, address)
    for number, handler in handlers.items():  # Ray has put its own in their place
        signal.signal(number, handler)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        yield ray
    finally:
        ray.shutdown()


def _start(ray: Any, address: str) -> None:
    """`ray.init`; a Ray of our own gets a second try, for it gives itself 30 s, in which a busy
    computer may not be done. Raises `AlbumError`."""
    paths = [str(Path(facesort.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    options: dict[str, Any] = {
        "include_dashboard": False,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "runtime_env": {"env_vars": {"PYTHONPATH": os.pathsep.join(paths)}},
    }
    advice = "no cluster at RAY_ADDRESS={} ({}); start one (ray start --head), or unset RAY_ADDRESS"
    advice, tries = f"{advice} to use this machine alone", 1
    if address == LOCAL:
        options["object_store_memory"] = LOCAL_STORE_BYTES
        advice, tries = "Ray did not start ({}: {}); try again when the computer is less busy", 2
    while tries:
        tries -= 1
        try:
            _check_answers(address)
            ray.init(address=address, **options)
            return
        except Exception as error:  # Ray has no narrower one for a start that fails
            if not tries:
                reason = advice.format(address, first_line(error))
                raise AlbumError(f"--engine ray: {reason}") from error
            ray.shutdown()


def _check_answers(address: str) -> None:
    """Raise `OSError` where nothing answers at ``address``: Ray itself asks for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=ANSWER_S).close()
