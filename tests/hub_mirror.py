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
        self.do_GET()

    def do_GET(self) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if parts[0] == "api" and len(parts) >= 4:
            self._describe("/".join(parts[2:4]), self.root.joinpath(*parts[1:4]), parts[4:])
            return
        kind = parts.pop(0) if parts[0] == "datasets" else "models"
        file = self.root.joinpath(kind, *parts[:2], *parts[4:])  # of ORG/NAME/resolve/COMMIT/FILE
        if file.is_file():
            content = file.read_bytes()
            self._send(HTTPStatus.OK, content, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"'})
        else:
            self._send(HTTPStatus.NOT_FOUND, b"", {"X-Error-Code": "EntryNotFound"})

    def log_message(self, *_: Any) -> None:
        pass

    def _describe(self, repository: str, folder: Path, rest: list[str]) -> None:
        """Answer for a repository, or with ``rest`` of tree, COMMIT and perhaps a folder for what lies there."""
        if not folder.is_dir():
            self._send(HTTPStatus.NOT_FOUND, b"", {"X-Error-Code": "RepoNotFound"})
            return
        facts: Any = {"id": repository, "sha": COMMIT}
        if rest[:1] == ["tree"]:
            facts = _tree(folder, folder.joinpath(*rest[2:]))
        self._send(HTTPStatus.OK, json.dumps(facts).encode(), {"Content-Type": "application/json"})

    def _send(self, status: HTTPStatus, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "X-Repo-Commit": COMMIT, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _tree(root: Path, folder: Path) -> list[dict[str, Any]]:
    return [
        {
            "type": "directory" if path.is_dir() else "file",
            "path": path.relative_to(root).as_posix(),
            "size": 0 if path.is_dir() else path.stat().st_size,
            "oid": COMMIT,
        }
        for path in sorted(folder.glob("*"))
    ]
