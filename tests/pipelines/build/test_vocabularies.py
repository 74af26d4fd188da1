from collections.abc import Callable
from pathlib import Path

from charbert.config.schema import Settings
from charbert.pipelines.build.vocabularies import load_char_vocab, load_word_vocab


def test_vocabularies_are_counted_again_after_the_text_was_exchanged(
    composed: Callable[..., Settings], tmp_path: Path
) -> None:
    text = ("data.corpus.train=text.txt", f"paths.data={tmp_path}", "corpus.num_workers=1")
    settings = composed("recipe=minilm", "model=charbert", *text)
    for word in ("harbour", "lighthouse"):
        (tmp_path / "text.txt").write_text(f"{word} {word}\n")
        assert set(load_char_vocab(settings).characters[4:]) == set(word)
        assert word in load_word_vocab(settings).words
