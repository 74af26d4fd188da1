"""The attacked copy of a test set as files, for models that are trained and scored elsewhere (Sec. 4.5)."""

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from rapidfuzz.distance import OSA

from charbert.benchmarks.streams import attacked_words_per_second
from charbert.config.schema import Settings
from charbert.errors import DataError, SettingsError
from charbert.files import check_writable, replaced_folder
from charbert.noise.edits import EditRecord
from charbert.pipelines.build.data import data_file, prepare_data, task_files
from charbert.pipelines.build.eval_sets import attacked_copy
from charbert.pipelines.build.noise import build_attack
from charbert.records import file_checksum, shorten_path
from charbert.serialization import read_json, shareable
from charbert.tasks.catalog import build_task
from charbert.tasks.task import Task
from charbert.text.words import words_of

log = logging.getLogger(__name__)

EDITS, SUMMARY, CHECKSUMS = "edits.jsonl", "summary.json", "SHA256SUMS"


def run(settings: Settings) -> Path:
    """Write the attacked copy of the task's test set and return its folder; the same settings give the same bytes.

    The folder holds the copy under the name of its source (of CSV, JSON lines and Parquet with the suffix of the
    task's own files), ``edits.jsonl`` (one edit a line: ``example``,
    ``word``, ``operation``, ``position``, ``before``, ``after``; indices from 0, of the word among those of its
    example that an attack sees), ``summary.json`` and ``SHA256SUMS`` (``sha256sum -c`` reads it). It can be given
    as ``data.sets.TASK.attacked.NAME``. It is written completely or not at all.

    Raises:
        DataError: if the test set is missing or malformed, or its copy is read back with other words or labels.
        RecordError: if the folder cannot be written, before any work.
        SettingsError: if the folder holds a copy that was made with other settings of the attack, before any work.
    """
    name = f"{settings.task.name}-{settings.attack.name}-s{settings.attack.seed}"
    folder = Path(settings.paths.results) / "attack_sets" / name
    check_writable(folder.parent)
    chosen = shareable(asdict(settings.attack), "attack")
    _check_same_attack(folder, chosen)
    prepare_data(settings)
    task = build_task(settings.task)
    source = data_file(settings, task_files(settings).test, "the test set")
    examples = task.read(source)
    attacked, edits = attacked_copy(settings, settings.attack, task, examples)
    summary = {
        "task": settings.task.name,
        "data": settings.data.name,
        "generated": settings.data.generated,
        "source": shorten_path(source, settings.data.root),
        "source_sha256": file_checksum(source),
        "attack": chosen,
        **summarize(task, examples, edits),
    }
    with replaced_folder(folder) as draft:
        copy = draft / task.copy_name(source)
        task.write(copy, attacked)
        _check_copy(task, examples, attacked, copy)
        (draft / EDITS).write_bytes(_edit_lines(edits).encode())
        (draft / SUMMARY).write_bytes((json.dumps(summary, indent=1) + "\n").encode())
        files = sorted(path for path in draft.iterdir())
        sums = "".join(f"{file_checksum(path)}  {path.name}\n" for path in files)
        (draft / CHECKSUMS).write_bytes(sums.encode())
    log.info(
        "%s: %.2f %% of the words modified; of those that the attack reads %.2f %%, with %.2f edits in 100 characters; "
        "%.0f words per second of processor time",
        folder,
        100 * summary["modified_share"],
        100 * summary["modified_share_of_attackable"],
        100 * summary["character_edits_share"],
        attacked_words_per_second(build_attack(settings.attack, settings.paths.data), task.sentences(examples), 1),
    )
    return folder


def _check_same_attack(folder: Path, chosen: Mapping[str, Any]) -> None:
    """Refuse to replace a copy of another attack, as in a sweep over its strength; one of other data is replaced."""
    path = folder / SUMMARY
    if not path.is_file():
        return
    made = read_json(path, "the summary of an attacked set", f"delete {folder} and run again").get("attack", {})
    others = [name for name in chosen if name in made and made[name] != chosen[name]]
    if others:
        changed = ", ".join(f"attack.{name}={made[name]}, now {chosen[name]}" for name in others)
        raise SettingsError(
            f"{folder} holds a copy made with other settings: {changed}; give this one a name of its own by "
            f"attack.name=NAME (in a sweep, as attack.name='p${{attack.{others[0]}}}'), or delete the folder"
        )


def summarize(task: Task[Any, Any], examples: Sequence[Any], edits: Sequence[Sequence[EditRecord]]) -> dict[str, Any]:
    """Return counts of words and edits, and the share of modified words, in [0, 1].

    ``words`` counts all words, those of texts that are not attacked once, even if several examples share the text (the
    contexts of SQuAD); ``attackable_words`` counts the words that the attack reads. ``operations`` counts edits; the
    shares are of all edits. ``character_edits_share`` is the edit distance from the words to the attacked ones, swaps
    counted once, for each character of the words that the attack reads; it can exceed 1.
    """
    sentences = task.sentences(examples)
    attackable, characters = sum(map(len, sentences)), sum(len(word) for words in sentences for word in words)
    words = attackable + sum(len(words_of(text)) for text in task.unattacked_texts(examples))
    by_operation = Counter(edit.operation.name for row in edits for edit in row)
    total = by_operation.total()
    changes = [list(own) for row in edits for _, own in groupby(row, key=lambda edit: edit.word_index)]  # of each word
    distance = sum(OSA.distance(own[0].before, own[-1].after) for own in changes)
    return {
        "examples": len(examples),
        "words": words,
        "attackable_words": attackable,
        "modified_words": len(changes),
        "modified_share": len(changes) / max(1, words),
        "modified_share_of_attackable": len(changes) / max(1, attackable),
        "character_edits_share": distance / max(1, characters),
        "operations": {name: {"edits": n, "share": n / total} for name, n in sorted(by_operation.items())},
    }


def _edit_lines(edits: Sequence[Sequence[EditRecord]]) -> str:
    lines = [
        {
            "example": number,
            "word": edit.word_index,
            "operation": edit.operation.name,
            "position": edit.position,
            "before": edit.before,
            "after": edit.after,
        }
        for number, row in enumerate(edits)
        for edit in row
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _check_copy(task: Task[Any, Any], clean: Sequence[Any], attacked: Sequence[Any], copy: Path) -> None:
    """Refuse a copy that, read as the attacked sets of ``data.sets`` are, has other words or labels."""
    read_back = task.read(copy, attacked=True)
    task.check_aligned(clean, read_back, Path(copy.name))
    pairs = zip(task.sentences(attacked), task.sentences(read_back), strict=True)
    for number, (sentence, copied_sentence) in enumerate(pairs):
        if sentence != copied_sentence:
            raise DataError(
                f"{copy.name}: expected text {number} to be read back as {' '.join(sentence)!r}, "
                f"got {' '.join(copied_sentence)!r}; "
                "the layout of the file cannot hold it"
            )
