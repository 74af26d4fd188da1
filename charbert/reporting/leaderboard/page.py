"""The leaderboard as one HTML file: sortable, with filters, without other files or scripts from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

_DATA = "/*DATA*/null"
"""Where the template gets the data."""


def render_leaderboard(board: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        board: as `charbert.reporting.leaderboard.board.build_board` returns it.
    """
    template = (files(__package__) / "page.html").read_text(encoding="utf-8")
    data = json.dumps(board, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")  # no early </script>
    assert _DATA in template
    return template.replace(_DATA, data)
