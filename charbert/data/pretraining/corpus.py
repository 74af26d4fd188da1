"""Reads plain text of any size as memory-mapped blocks of words for pretraining.

A corpus has one paragraph per line and a blank line between articles, as plain text or compressed with xz.
Released code: joins the last word of a line to the first of the next one and drops the rest of each thousand lines.
"""

from __future__ import annotations

import hashlib
import json
import logging
import lzma
import secrets
import shutil
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import cached_property
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow

from charbert.data.pretraining.blocks import BlockCounts, Lines, Words, pack_words, read_words
from charbert.data.pretraining.workers import map_in_order, progress_shown
from charbert.errors import DataError, SettingsError
from charbert.files import locked
from charbert.integrity import find_damage, record_checksums

if TYPE_CHECKING:
    import datasets

FORMAT_VERSION = 1
"""Part of the cache key; increase it when the packing rule changes."""
PIECE_BYTES = 1_000_000
"""Text that a process splits into words at a time."""

log = logging.getLogger(__name__)

_TEXTS, _COUNTS = "blocks.arrow", "counts.json"
_SCHEMA = pyarrow.schema([("text", pyarrow.string())])
_TEXTS_PER_BATCH = 1000


class Blocks:
    """Texts of blocks for pretraining, stored on disk.

    Single texts are read through a memory map. Iteration reads a stream of batches, so a pass over the corpus keeps
    only one batch in memory.

    Args:
        path: the Arrow file, with the column ``text``.
        counts: of the corpus.
    """

    def __init__(self, path: Path | str, counts: BlockCounts) -> None:
        self.path = str(path)
        self.counts = counts

    @cached_property
    def dataset(self) -> datasets.Dataset:
        """The texts in a memory map; opening it reads every thousandth text."""
        import datasets  # packing and counting do without

        return datasets.Dataset.from_file(self.path)

    def __len__(self) -> int:
        return self.counts.blocks

    def __iter__(self) -> Iterator[str]:
        """Yield the texts in order; about a thousand are in memory at a time."""
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[list[str]]:
        """Yield the texts in order, a thousand at a time."""
        with pyarrow.OSFile(self.path) as file, pyarrow.ipc.open_stream(file) as stream:
            for batch in stream:
                yield batch.column("text").to_pylist()

    def texts(self, indices: Sequence[int]) -> list[str]:
        """Return the texts of several blocks."""
        return list(self.dataset[list(indices)]["text"])


def read_blocks(
    paths: Sequence[Path | str],
    *,
    cache_dir: Path | str,
    words_per_block: int = 80,
    max_words: int | None = None,
    num_workers: int | None = 1,
) -> Blocks:
    """Return the blocks of a corpus; they are made once and then opened from ``cache_dir``.

    The key of the cache is made of the files' paths, sizes and modification times, and of the settings. The cache is
    written completely or not at all, by one process at a time, and written again if it is damaged.

    Args:
        paths: one or several files, read in this order; ``.xz`` files are decompressed while reading.
        cache_dir: folder of the cache.
        words_per_block: words of a block, between white space.
        max_words: read only this many words from the start of the corpus; None: all.
        num_workers: processes that split it into words, see `map_in_order`; the blocks are the same for any number.

    Raises:
        DataError: if a file is missing, damaged, not UTF-8, or no file contains a word.
        SettingsError: if a number is below 1.
        TrainingError: if the operating system ended one of the processes.
    """
    sizes = {"words_per_block": words_per_block, "max_words": max_words}
    for name, value in sizes.items():
        if value is not None and value < 1:
            raise SettingsError(f"corpus.{name} must be at least 1, got {value}")
    files = [Path(path) for path in paths]
    folder = Path(cache_dir) / f"blocks-{_cache_key(files, sizes)}"
    if not folder.is_dir() or find_damage(folder) is not None:
        with locked(folder.parent / "locks" / f"{folder.name}.lock", "packing the corpus"):
            if folder.is_dir() and (damage := find_damage(folder)) is not None:
                log.warning("%s is damaged (%s) and is packed again", folder, damage)
                shutil.rmtree(folder)
            if not folder.is_dir():
                _write_blocks(folder, files, words_per_block, max_words, num_workers)
    counts = BlockCounts(**json.loads((folder / _COUNTS).read_text(encoding="utf-8")))
    return Blocks(folder / _TEXTS, counts)


def read_paragraphs(paths: Sequence[Path | str]) -> Iterator[str | None]:
    """Yield each paragraph of the files, and None at each blank line and at the end of each file.

    Raises:
        DataError: with file and line, if a file is missing, damaged or not UTF-8.
    """
    for path in map(Path, paths):
        for lines in read_lines([path]):
            for index, line in enumerate(BytesIO(lines.data)):
                yield _decode_line(lines, index, line).strip() or None
        yield None


def read_lines(paths: Sequence[Path | str]) -> Iterator[Lines]:
    """Yield the lines of the files, of about `PIECE_BYTES` together.

    Raises:
        DataError: if a file is missing or damaged, after the lines before.
    """
    for path in map(Path, paths):
        held: list[bytes] = []
        first, length = 1, 0
        try:
            with lzma.open(path, "rb") if path.suffix.lower() == ".xz" else open(path, "rb") as stream:
                for line in stream:
                    held.append(line if held or first > 1 else line.removeprefix(BOM_UTF8))
                    length += len(line)
                    if length >= PIECE_BYTES:
                        yield Lines(path, first, b"".join(held))
                        first, held, length = first + len(held), [], 0
        except (FileNotFoundError, IsADirectoryError):
            found = "a folder" if path.is_dir() else "no such file"
            raise DataError.at(path, None, expected="a text file", found=found, hint="check the path") from None
        except (lzma.LZMAError, EOFError) as error:
            found, hint = f"damaged data after line {first + len(held) - 1} ({error})", "download the file again"
            if held:
                yield Lines(path, first, b"".join(held))
            raise DataError.at(path, None, expected="a complete xz file", found=found, hint=hint) from None
        if held:
            yield Lines(path, first, b"".join(held))


def _decode_line(lines: Lines, index: int, line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{line[error.start]:02x} at byte {error.start + 1} of the line"
        hint = "convert the file, for example with iconv"
        raise DataError.at(lines.path, lines.first + index, expected="UTF-8 text", found=found, hint=hint) from None


def _cache_key(files: Sequence[Path], sizes: Mapping[str, int | None]) -> str:
    identity = []
    for file in files:
        if not file.is_file():
            found = "a folder" if file.is_dir() else "no such file"
            expected = "a text file, one paragraph per line"
            raise DataError.at(file, None, expected=expected, found=found, hint="check the corpus setting")
        state = file.stat()
        identity.append([str(file.resolve()), state.st_size, state.st_mtime_ns])
    record = [FORMAT_VERSION, identity, sizes]
    return hashlib.blake2b(json.dumps(record).encode("utf-8"), digest_size=12).hexdigest()


def _write_blocks(
    folder: Path, files: Sequence[Path], words_per_block: int, max_words: int | None, num_workers: int | None
) -> None:
    """Write the blocks to a temporary folder, then rename it; the caller holds the lock."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left_over in folder.parent.glob(f".{folder.name}-*"):  # by a process that was killed
        shutil.rmtree(left_over, ignore_errors=True)
    draft = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
    draft.mkdir()
    names = ", ".join(file.name for file in files)
    is_plain = max_words is None and not any(file.suffix.lower() == ".xz" for file in files)
    total = sum(file.stat().st_size for file in files) if is_plain else None
    try:
        counts = BlockCounts()
        with (
            closing(map_in_order(read_words, read_lines(files), num_workers)) as parts,
            progress_shown(f"packing {names}", total, "B") as add,
            pyarrow.OSFile(str(draft / _TEXTS), "wb") as file,
            pyarrow.ipc.new_stream(file, _SCHEMA) as stream,
        ):
            texts = pack_words(_first_words(parts, max_words, add), words_per_block, counts)
            while batch := list(islice(texts, _TEXTS_PER_BATCH)):
                stream.write_batch(pyarrow.record_batch([batch], schema=_SCHEMA))
        if not counts.words:
            places = ", ".join(map(str, files))
            raise DataError.at(places, None, expected="text", found="no word", hint="is the file empty?")
        (draft / _COUNTS).write_text(json.dumps(asdict(counts)) + "\n", encoding="utf-8")
        record_checksums(draft)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    log.info("packed %s: %d words in %d blocks", names, counts.words, counts.blocks)


def _first_words(
    parts: Iterable[tuple[Lines, Words]], max_words: int | None, add: Callable[[int], None]
) -> Iterator[tuple[Lines, Words]]:
    """Yield the parts until there are ``max_words``.

    Raises:
        DataError: at a line before them that is not UTF-8.
    """
    left = max_words
    for lines, words in parts:
        add(len(lines.data))
        if left is not None and words.read >= left:
            yield lines, read_words(lines, left)
            return
        yield lines, words
        if words.damaged is not None:
            _decode_line(lines, words.damaged, lines.data.split(b"\n")[words.damaged])
        left = None if left is None else left - words.read
