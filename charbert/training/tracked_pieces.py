"""Pieces of one W&B run on this machine: each start of a run writes its own folder, all with the run's id.

``wandb sync`` uploads them in the order of their starts: a piece that was begun with ``resume`` continues the run's
curves, any other replaces the run. It refuses all of them if one is empty, as a kill in the first seconds leaves it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

REPLACED = "replaced"
"""Folder beside the pieces for those that a later one replaces; ``wandb sync FOLDER/offline-run-*`` does not see it."""


def last_step(folder: Path, run_id: str, axis: str) -> int:
    """Return the last step that the pieces of a run hold, -1 if there is none; pieces that hold nothing are set aside.

    A killed process loses what W&B had not written yet, so this may be before the newest checkpoint or after it.

    Args:
        folder: W&B's folder, with a subfolder for each piece.
        run_id: of the run.
        axis: name of the step in a point.
    """
    last = -1
    for piece in sorted(folder.glob(f"*run-*-{run_id}")):
        points = _points(piece)
        if points is None:
            _set_aside(piece)
        else:
            last = max([last, *(int(point[axis]) for point in points if axis in point)])
    return last


def set_aside(folder: Path, run_id: str) -> None:
    """Move the offline pieces of a run to `REPLACED`: what follows has all of the run."""
    for piece in sorted(folder.glob(f"offline-run-*-{run_id}")):
        _set_aside(piece)


def _set_aside(piece: Path) -> None:
    target = piece.parent / REPLACED / piece.name
    target.parent.mkdir(exist_ok=True)
    piece.rename(target)


def _points(piece: Path) -> list[dict[str, float]] | None:
    """Return the points of a piece; None if it holds nothing or cannot be read."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(piece)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not done.stdout:
        return None
    records = map(json.loads, done.stdout.splitlines())
    return [record["history"]["item"] for record in records if record["type"] == "history"]
