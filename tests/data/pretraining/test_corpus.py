from __future__ import annotations

import lzma
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.data.pretraining import corpus as corpus_module
from charbert.data.pretraining import workers
from charbert.data.pretraining.blocks import BlockCounts, Lines
from charbert.data.pretraining.corpus import read_blocks, read_paragraphs
from charbert.errors import DataError, SettingsError, TrainingError

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


def packed_by_rule(files: list[str], words_per_block: int, max_words: int | None) -> tuple[list[str], BlockCounts]:
    """Return blocks and counts as their rule says, word by word."""
    counts, words, left = BlockCounts(), [], max_words
    for text in files:
        inside = False
        for line in text.split("\n"):
            own = line.split()[:left]
            if left == 0:
                break
            counts.articles += bool(own) and not inside
            counts.paragraphs += bool(own)
            inside = bool(own)
            left = None if left is None else left - len(own)
            for word in own:
                counts.cut_words += len(word) > 100
                words += [word[at : at + 100] for at in range(0, len(word), 100)]
    blocks = [" ".join(words[at : at + words_per_block]) for at in range(0, len(words), words_per_block)]
    counts.words, counts.blocks = len(words), len(blocks)
    return blocks, counts


LINES = st.lists(
    st.sampled_from(["", " ", "one", "two  three\tfour", "\u00e9t\u00e9\u2003" * 3, "x" * 250, "a b\rc", "five " * 9])
)


@given(st.lists(LINES, min_size=1, max_size=3), st.integers(1, 7), st.none() | st.integers(1, 40), st.integers(1, 60))
def test_blocks_follow_their_rule_however_the_text_is_divided(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[str]], per_block: int, limit: int | None, piece: int
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    texts = ["word", *["\n".join(lines) for lines in files]]
    for number, text in enumerate(texts):
        (folder / str(number)).write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus_module, "PIECE_BYTES", piece)
        blocks = read_blocks(
            sorted(folder.iterdir()), cache_dir=folder / "cache", words_per_block=per_block, max_words=limit
        )
    assert (list(blocks), blocks.counts) == packed_by_rule(texts, per_block, limit)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start processes with the first piece, of which each has a few lines."""
    monkeypatch.setattr(workers, "PIECES_ALONE", 0)
    monkeypatch.setattr(corpus_module, "PIECE_BYTES", 100)


@pytest.mark.usefixtures("at_once")
def test_the_files_are_the_same_for_any_number_of_processes(tmp_path: Path) -> None:
    text = "\ufeff" + "".join(
        f"{'w' * (number % 130)} line {number} \u00e9\n" + "\n" * (number % 7 == 0) for number in range(200)
    )
    path = tmp_path / "corpus.txt"
    path.write_bytes(text.encode() + b"\xff\n" * 99)
    made = []
    for processes in (1, 2, 3):
        cache = tmp_path / str(processes)
        read_blocks([path], cache_dir=cache, words_per_block=7, max_words=700, num_workers=processes)
        (folder,) = cache.glob("blocks-*")
        made.append([(folder / name).read_bytes() for name in ("blocks.arrow", "counts.json", "checksums.json")])
        with pytest.raises(DataError, match=r"corpus\.txt:230: expected UTF-8 text, got byte 0xff at byte 1"):
            read_blocks([path], cache_dir=cache, num_workers=processes)
    assert made[0] == made[1] == made[2]


def kill_this_process(lines: Lines) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("at_once")
def test_a_killed_process_leaves_no_cache(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "read_words", kill_this_process)
    with pytest.raises(TrainingError, match=r"lower corpus\.num_workers"):
        read_blocks([corpus], cache_dir=tmp_path / "cache", num_workers=2)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["locks"]


def test_xz_files_and_several_files_are_read(corpus: Path, tmp_path: Path) -> None:
    packed = tmp_path / "corpus.TXT.XZ"
    packed.write_bytes(lzma.compress(TEXT.encode()))
    assert list(read_paragraphs([packed])) == list(read_paragraphs([corpus]))
    both = read_blocks([corpus, packed], cache_dir=tmp_path, words_per_block=100)
    assert (both.counts.articles, both.counts.words) == (4, 26)


def test_blocks_are_made_once_for_a_file_and_settings(corpus: Path, tmp_path: Path) -> None:
    def cached() -> set[Path]:
        return {path for path in (tmp_path / "cache").iterdir() if path.name != "locks"}

    first = read_blocks([corpus], cache_dir=tmp_path / "cache")
    made = cached()
    assert {folder.stat().st_mode for folder in made} == {(tmp_path / "cache").stat().st_mode}, "for this user alone"
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
