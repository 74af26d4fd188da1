from __future__ import annotations

import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.data.pretraining.corpus import read_blocks, read_paragraphs
from charbert.errors import DataError, SettingsError

TEXT = "One two three four.\nFive  six\tseven.\n\n\nEight nine.\nTen eleven twelve thirteen.\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_blocks_hold_consecutive_words_and_lose_none(corpus: Path, tmp_path: Path) -> None:
    blocks = read_blocks([corpus], cache_dir=tmp_path, words_per_block=5)
    assert list(blocks) == ["One two three four. Five", "six seven. Eight nine. Ten", "eleven twelve thirteen."]
    assert blocks.texts([2, 0]) == ["eleven twelve thirteen.", "One two three four. Five"]
    counts = blocks.counts
    assert (counts.articles, counts.paragraphs, counts.words, counts.blocks) == (2, 4, 13, 3)


def test_a_word_too_long_for_wordpiece_is_split_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("x" * 250)
    blocks = read_blocks([path], cache_dir=tmp_path)
    assert (list(map(len, blocks.texts([0])[0].split())), blocks.counts.cut_words) == ([100, 100, 50], 1)


def test_only_the_first_words_are_read(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_bytes(b"one two three\nfour five six\n" + b"\xff not read\n" * 1000)
    blocks = read_blocks([path], cache_dir=tmp_path, max_words=4)
    assert (list(blocks), blocks.counts.words) == (["one two three four"], 4)


def test_xz_files_and_several_files_are_read(corpus: Path, tmp_path: Path) -> None:
    packed = tmp_path / "corpus.txt.xz"
    packed.write_bytes(lzma.compress(TEXT.encode()))
    assert list(read_paragraphs([packed])) == list(read_paragraphs([corpus]))
    both = read_blocks([corpus, packed], cache_dir=tmp_path, words_per_block=100)
    assert (both.counts.articles, both.counts.words) == (4, 26)


def test_blocks_are_made_once_for_a_file_and_settings(corpus: Path, tmp_path: Path) -> None:
    def cached() -> set[Path]:
        return {path for path in (tmp_path / "cache").iterdir() if path.name != "locks"}

    first = read_blocks([corpus], cache_dir=tmp_path / "cache")
    made = cached()
    again = read_blocks([corpus], cache_dir=tmp_path / "cache")
    assert (list(again), again.counts, cached()) == (list(first), first.counts, made)
    read_blocks([corpus], cache_dir=tmp_path / "cache", words_per_block=7)
    assert len(cached()) == 2
    state = corpus.stat()
    corpus.write_text(TEXT.replace("One", "Uno"))
    os.utime(corpus, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert next(iter(read_blocks([corpus], cache_dir=tmp_path / "cache"))).startswith("Uno")
    assert all(folder.name.startswith("blocks-") for folder in cached())


def test_a_corpus_that_fails_leaves_no_cache(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_bytes("good\nau\u00dfen\n".encode() + b"br\xfccke\n")
    with pytest.raises(DataError, match=r"corpus\.txt:3: expected UTF-8 text, got byte 0xfc at byte 3"):
        read_blocks([path], cache_dir=tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["locks"]


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_bytes("\ufeffone\r\ntwo\r\n".encode())
    assert list(read_paragraphs([path])) == ["one", "two", None]


def test_missing_empty_and_damaged_files_are_named(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.txt: expected a text file.*no such file"):
        read_blocks([tmp_path / "none.txt"], cache_dir=tmp_path)
    (tmp_path / "empty.txt").write_text("\n\n")
    with pytest.raises(DataError, match=r"empty\.txt: expected text, got no word"):
        read_blocks([tmp_path / "empty.txt"], cache_dir=tmp_path)
    for name, content in (("cut.xz", lzma.compress(TEXT.encode() * 99)[:-20]), ("plain.xz", TEXT.encode())):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=rf"{name}: expected a complete xz file"):
            read_blocks([tmp_path / name], cache_dir=tmp_path)


def test_settings_out_of_range_are_named(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"corpus\.words_per_block must be at least 1"):
        read_blocks([corpus], cache_dir=tmp_path, words_per_block=0)
    with pytest.raises(SettingsError, match=r"corpus\.max_words must be at least 1"):
        read_blocks([corpus], cache_dir=tmp_path, max_words=0)


@pytest.mark.parametrize("name", ["blocks.arrow", "counts.json", "checksums.json"])
def test_damaged_blocks_are_reported_and_packed_again(
    corpus: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None], name: str
) -> None:
    texts = list(read_blocks([corpus], words_per_block=5, cache_dir=tmp_path / "cache"))
    (folder,) = (tmp_path / "cache").glob("blocks-*")
    damage(folder / name)
    assert list(read_blocks([corpus], words_per_block=5, cache_dir=tmp_path / "cache")) == texts
    assert f"{folder} is damaged ({name}" in caplog.text
    assert list(read_blocks([corpus], words_per_block=5, cache_dir=tmp_path / "cache")) == texts
    assert caplog.text.count("is packed again") == 1


def test_the_unfinished_folder_of_a_killed_process_is_deleted(corpus: Path, tmp_path: Path) -> None:
    read_blocks([corpus], words_per_block=5, cache_dir=tmp_path)
    (folder,) = tmp_path.glob("blocks-*")
    folder.rename(tmp_path / f".{folder.name}-killed")
    read_blocks([corpus], words_per_block=5, cache_dir=tmp_path)
    assert folder.is_dir() and not (tmp_path / f".{folder.name}-killed").exists()
