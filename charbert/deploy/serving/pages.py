"""The files of the demo page, in the folder ``page``."""

from __future__ import annotations

from importlib.resources import files

PAGES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/favicon.ico": ("icon.svg", "image/svg+xml"),
}
"""File and media type of each address."""


def read_page(path: str) -> tuple[bytes, str]:
    """Return the content and the media type of an address of `PAGES`."""
    name, kind = PAGES[path]
    return files("charbert.deploy.serving").joinpath("page", name).read_bytes(), kind
