"""Reads plain text of any size as memory-mapped blocks of words for pretraining.

A corpus has one paragraph per line and a blank line between articles, as plain text or compressed with xz.
Released code: joins the last word of a line to the first of the next one and drops the rest of each thousand lines.
"""

from __future__ import annotations

import hashlib
import json
import logging
import lzma
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import datasets
import pyarrow
from datasets.arrow_writer import ArrowWriter

from charbert.data.pretraining.blocks import BlockCounts, pack_paragraphs
from charbert.errors import DataError, SettingsError
from charbert.files import locked
from charbert.integrity import find_damage, record_checksums

FORMAT_VERSION = 1
"""Part of the cache key; increase it when the packing rule changes."""

log = logging.getLogger(__name__)

_TEXTS, _COUNTS = "blocks.arrow", "counts.json"


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
        return datasets.Dataset.from_file(self.path)

    def __len__(self) -> int:
        return self.counts.blocks

    def __iter__(self) -> Iterator[str]:
        """Yield the texts in order; about a thousand are in memory at a time."""
        yield from self.part(0, 1)

    def part(self, index: int, count: int) -> Iterator[str]:
        """Yield the texts of part ``index`` of ``count`` disjoint parts of about the same size."""
        with pyarrow.OSFile(self.path) as file, pyarrow.ipc.open_stream(file) as stream:
            for number, batch in enumerate(stream):
                if number % count == index:
                    yield from batch.column("text").to_pylist()

    def texts(self, indices: Sequence[int]) -> list[str]:
        """Return the texts of several blocks."""
        return list(self.dataset[list(indices)]["text"])


def read_blocks(
    paths: Sequence[Path | str],
    *,
    cache_dir: Path | str,
    words_per_block: int = 80,
    max_words: int | None = None,
) -> Blocks:
    """Return the blocks of a corpus; they are made once and then opened from ``cache_dir``.

    The key of the cache is made of the files' paths, sizes and modification times, and of the settings. The cache is
    written completely or not at all, by one process at a time, and written again if it is damaged.

    Args:
        paths: one or several files, read in this order; ``.xz`` files are decompressed while reading.
        cache_dir: folder of the cache.
        words_per_block: words of a block, between white space.
        max_words: read only this many words from the start of the corpus; None: all.

    Raises:
        DataError: if a file is missing, damaged, not UTF-8, or no file contains a word.
        SettingsError: if a number is below 1.
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
                _write_blocks(folder, files, words_per_block, max_words)
    counts = BlockCounts(**json.loads((folder / _COUNTS).read_text(encoding="utf-8")))
    return Blocks(folder / _TEXTS, counts)


def read_paragraphs(paths: Sequence[Path | str]) -> Iterator[str | None]:
    """Yield each paragraph of the files, and None at each blank line and at the end of each file.

    Raises:
        DataError: with file and line, if a file is missing, damaged or not UTF-8.
    """
    for path in map(Path, paths):
        number = 0
        try:
            with lzma.open(path, "rb") if path.suffix == ".xz" else open(path, "rb") as stream:
                for line in stream:
                    yield line.decode("utf-8" if number else "utf-8-sig").strip() or None
                    number += 1
        except (FileNotFoundError, IsADirectoryError):
            found = "a folder" if path.is_dir() else "no such file"
            raise DataError.at(path, None, expected="a text file", found=found, hint="check the path") from None
        except UnicodeDecodeError as error:
            found = f"byte 0x{error.object[error.start]:02x} at byte {error.start + 1} of the line"
            hint = "convert the file, for example with iconv"
            raise DataError.at(path, number + 1, expected="UTF-8 text", found=found, hint=hint) from None
        except (lzma.LZMAError, EOFError) as error:
            found = f"damaged data after line {number} ({error})"
            raise DataError.at(
                path, None, expected="a complete xz file", found=found, hint="download the file again"
            ) from None
        yield None


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


def _write_blocks(folder: Path, files: Sequence[Path], words_per_block: int, max_words: int | None) -> None:
    """Write the blocks to a temporary folder, then rename it; the caller holds the lock."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left_over in folder.parent.glob(f".{folder.name}-*"):  # by a process that was killed
        shutil.rmtree(left_over, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        counts = BlockCounts()
        features = datasets.Features({"text": datasets.Value("string")})
        with ArrowWriter(path=str(draft / _TEXTS), features=features) as writer:
            for text in pack_paragraphs(read_paragraphs(files), words_per_block, max_words, counts):
                writer.write({"text": text})
            if not counts.words:
                names = ", ".join(map(str, files))
                raise DataError.at(names, None, expected="text", found="no word", hint="is the file empty?")
            writer.finalize()
        (draft / _COUNTS).write_text(json.dumps(asdict(counts)) + "\n", encoding="utf-8")
        record_checksums(draft)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    names = ", ".join(file.name for file in files)
    log.info("packed %s: %d words in %d blocks", names, counts.words, counts.blocks)
