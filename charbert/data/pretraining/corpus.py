"""Plain text of any size to blocks of words for pretraining, memory-mapped.

A corpus has one paragraph a line and a blank line between articles, as plain text or compressed with xz.
Released code: glues the last word of a line to the first of the next one and drops the rest of each
thousand lines.
"""

from __future__ import annotations

import hashlib
import json
import logging
import lzma
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import datasets
import pyarrow
from datasets.arrow_writer import ArrowWriter

from charbert.data.pretraining.blocks import BlockCounts, BlockSettings, FastTokenizer, PlainTokenizer, pack_paragraphs
from charbert.errors import DataError, SettingsError
from charbert.files import locked
from charbert.integrity import find_damage, record_checksums

FORMAT_VERSION = 1
"""Part of the cache's key; a new packing rule needs a new one."""

log = logging.getLogger(__name__)

_TEXTS, _COUNTS = "blocks.arrow", "counts.json"


class Blocks:
    """Texts for pretraining, one a block, on disk; reading one reads no other.

    Single texts are looked up in a memory map, whose pages the system takes back when it needs them. All of them, in
    order, are read as a stream, so that a pass over the corpus leaves nothing in memory.

    Args:
        path: the Arrow file, with the column ``text``.
        counts: what was read to make them.
    """

    def __init__(self, path: Path | str, counts: BlockCounts) -> None:
        self.path = str(path)
        self.counts = counts

    @cached_property
    def dataset(self) -> datasets.Dataset:
        """The texts in a memory map; opening it touches every thousandth of them."""
        return datasets.Dataset.from_file(self.path)

    def __len__(self) -> int:
        return self.counts.blocks

    def __iter__(self) -> Iterator[str]:
        """Yield the texts in order, about a thousand at a time in memory."""
        yield from self.part(0, 1)

    def part(self, index: int, count: int) -> Iterator[str]:
        """Yield the texts of one of several parts of about the same size; no text is in two of them."""
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
    words_per_block: int | None = 80,
    max_subwords: int | None = None,
    tokenizer: FastTokenizer | None = None,
    cross_articles: bool = True,
    max_words: int | None = None,
) -> Blocks:
    """Return the blocks of a corpus; they are made once and then opened from ``cache_dir``.

    The cache knows the files by path, size and time of change, and the settings. It is written whole or not
    at all, by one process when several ask at the same time, and made again where it was damaged since.

    Args:
        paths: one or several files, read in this order; ``.xz`` ones are unpacked on the way.
        cache_dir: folder of the cache.
        words_per_block: most words of a block, in words between white space.
        max_subwords: most subwords of a block, special ones not counted; a longer word is cut where a
            subword begins. Noise adds to them: with the paper's 15 %, about a fifth; leave that much of the
            model's length free, or the ends of blocks are cut.
        tokenizer: counts the subwords; needed with ``max_subwords``.
        cross_articles: whether blocks may run from one article into the next.
        max_words: take only the first words of the corpus and do not read on.

    Raises:
        DataError: if a file is missing, damaged, not UTF-8, or there is no word in any.
        SettingsError: if a number is below 1, or subwords cannot be counted.
    """
    settings = BlockSettings(words_per_block, max_subwords, cross_articles, max_words)
    if max_subwords is not None and tokenizer is None:
        raise SettingsError("corpus.max_subwords needs a tokenizer to count with, got none")
    if tokenizer is not None:
        tokenizer = PlainTokenizer.copy_of(tokenizer)
    files = [Path(path) for path in paths]
    folder = Path(cache_dir) / f"blocks-{_cache_key(files, settings, tokenizer)}"
    if not folder.is_dir() or find_damage(folder) is not None:
        with locked(folder.parent / "locks" / f"{folder.name}.lock", "packing the corpus"):
            if folder.is_dir() and (damage := find_damage(folder)) is not None:
                log.warning("%s is damaged (%s) and is packed again", folder, damage)
                shutil.rmtree(folder)
            if not folder.is_dir():
                _write_blocks(folder, files, settings, tokenizer)
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
        except UnicodeDecodeError as error:
            raise DataError.at(
                path,
                number + 1,
                expected="UTF-8 text",
                found=f"byte 0x{error.object[error.start]:02x} at byte {error.start + 1} of the line",
                hint="convert the file, for example with iconv",
            ) from None
        except (lzma.LZMAError, EOFError) as error:
            raise DataError.at(
                path,
                None,
                expected="a whole xz file",
                found=f"damaged data after line {number} ({error})",
                hint="get the file again",
            ) from None
        yield None


def _cache_key(files: Sequence[Path], settings: BlockSettings, tokenizer: FastTokenizer | None) -> str:
    identity = []
    for file in files:
        if not file.is_file():
            raise DataError.at(
                file,
                None,
                expected="a text file, one paragraph a line",
                found="a folder" if file.is_dir() else "no such file",
                hint="check the corpus setting",
            )
        state = file.stat()
        identity.append([str(file.resolve()), state.st_size, state.st_mtime_ns])
    counted = settings.max_subwords is not None and tokenizer is not None
    vocabulary = tokenizer.backend_tokenizer.to_str() if counted and tokenizer is not None else ""
    record = [FORMAT_VERSION, identity, asdict(settings), vocabulary]
    return hashlib.blake2b(json.dumps(record).encode("utf-8"), digest_size=12).hexdigest()


def _write_blocks(
    folder: Path, files: Sequence[Path], settings: BlockSettings, tokenizer: FastTokenizer | None
) -> None:
    """Write the blocks to a folder of another name, then rename it; nobody else does so at the same time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left_over in folder.parent.glob(f".{folder.name}-*"):  # by a process that was killed
        shutil.rmtree(left_over, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        counts = BlockCounts()
        features = datasets.Features({"text": datasets.Value("string")})
        with ArrowWriter(path=str(draft / _TEXTS), features=features) as writer:
            for text in pack_paragraphs(read_paragraphs(files), settings, tokenizer, counts):
                writer.write({"text": text})
            if not counts.words:
                raise DataError.at(
                    ", ".join(map(str, files)),
                    None,
                    expected="text",
                    found="no word",
                    hint="is the file empty?",
                )
            writer.finalize()
        (draft / _COUNTS).write_text(json.dumps(asdict(counts)) + "\n", encoding="utf-8")
        record_checksums(draft)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    log.info("packed %s into %s", ", ".join(file.name for file in files), asdict(counts))
