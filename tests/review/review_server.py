"""The real server as a process, and a client that is let in."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@dataclass
class Server:
    """`review.py`, or another ``script``, as a process; ``client`` is let in."""

    argv: list[str]
    script: str = "review.py"
    process: subprocess.Popen[str] | None = None
    url: str = ""
    token: str = ""
    client: httpx.Client = field(default_factory=httpx.Client)

    def start(self) -> Server:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(TOOLS / self.script), "--no-browser", *self.argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        assert self.process.stdout
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/#token=(\S+)", line):
                self.url, self.token = found[1], found[2]
                break
        assert self.url, "".join(lines)
        self.client.close()
        self.client = httpx.Client(base_url=self.url, timeout=60)
        headers = {"origin": self.url, "x-facesort": "1"}
        for _ in range(200):
            try:
                answer = self.client.post(
                    "/api/session", json={"token": self.token}, headers=headers
                )
                assert answer.status_code == 200
                break
            except httpx.TransportError:
                time.sleep(0.05)
        return self

    def last_words(self) -> str:
        """What it printed since its start; it is ended for that."""
        assert self.process and self.process.stdout
        self.process.kill()
        return self.process.stdout.read()

    @property
    def address(self) -> str:
        return f"{self.url}/#token={self.token}"

    def post(self, path: str, data: object = None) -> httpx.Response:
        headers = {"origin": self.url, "x-facesort": "1"}
        return self.client.post(path, json={} if data is None else data, headers=headers)

    def get(self, path: str, **params: object) -> object:
        answer = self.client.get(path, params=params)  # type: ignore[arg-type]
        answer.raise_for_status()
        return answer.json()

    def faces(self, folder: str) -> list[str]:
        return self.get("/api/faces", folder=folder)["ids"]  # type: ignore[index, no-any-return]

    def version(self) -> int:
        return int(self.get("/api/summary")["version"])  # type: ignore[index]

    def act(self, **data: object) -> httpx.Response:
        return self.post("/api/act", data)

    def kill(self) -> None:
        assert self.process and self.process.stdout
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
        if self.process and self.process.stdout:
            self.process.stdout.close()
        self.client.close()
