"""A local mirror of the Hugging Face hub: folders served on the loopback interface as the hub serves repositories."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0" * 40  # every repository has one commit


@contextmanager
def hub_mirror(root: Path) -> Iterator[str]:
    """Serve ``root/models/ORG/NAME`` and ``root/datasets/ORG/NAME``; the value of HF_ENDPOINT is what it yields."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"root": root}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of the hub library for one public repository each: its facts, its tree, its files."""

    root: Path
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._answer(json.loads(self.rfile.read(length) or b"{}"))

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, body: dict[str, Any] | None = None) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if parts[0] == "api" and len(parts) >= 4:
            self._describe(*parts[1:4], parts[4:], body)
        else:
            kind = parts.pop(0) if parts[0] == "datasets" else "models"
            if len(parts) > 4 and parts[2] == "resolve":
                self._send_file(self.root.joinpath(kind, *parts[:2], *parts[4:]))
            else:
                self._send_missing("RepoNotFound")

    def _describe(self, kind: str, organization: str, name: str, rest: list[str], body: dict[str, Any] | None) -> None:
        folder = self.root / kind / organization / name
        if not folder.is_dir():
            self._send_missing("RepoNotFound")
            return
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if rest[:1] == ["paths-info"]:
            wanted = set((body or {}).get("paths", ()))
            self._send_json([entry for entry in _tree(folder, folder.rglob("*")) if entry["path"] in wanted])
        elif rest[:1] == ["tree"]:
            inner = folder.joinpath(*rest[2:])
            recursive = "recursive=true" in self.path.lower()
            self._send_json(_tree(folder, inner.rglob("*") if recursive else inner.glob("*")))
        else:
            names = [{"rfilename": path.relative_to(folder).as_posix()} for path in files]
            self._send_json({"id": f"{organization}/{name}", "sha": COMMIT, "private": False, "siblings": names})

    def _send_file(self, path: Path) -> None:
        if not path.is_file():
            self._send_missing("EntryNotFound")
            return
        content = path.read_bytes()
        start, _, end = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        part = content[int(start or 0) : int(end) + 1 if end else None]
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "Accept-Ranges": "bytes"}
        if start or end:
            headers["Content-Range"] = f"bytes {int(start or 0)}-{int(start or 0) + len(part) - 1}/{len(content)}"
        self._send(HTTPStatus.PARTIAL_CONTENT if start or end else HTTPStatus.OK, part, headers)

    def _send_json(self, value: Any) -> None:
        self._send(HTTPStatus.OK, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send_missing(self, code: str) -> None:
        self._send(HTTPStatus.NOT_FOUND, b"", {"X-Error-Code": code})

    def _send(self, status: HTTPStatus, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "X-Repo-Commit": COMMIT, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _tree(folder: Path, paths: Any) -> list[dict[str, Any]]:
    return [
        {
            "type": "directory" if path.is_dir() else "file",
            "path": path.relative_to(folder).as_posix(),
            "size": 0 if path.is_dir() else path.stat().st_size,
            "oid": COMMIT,
        }
        for path in sorted(paths)
    ]
