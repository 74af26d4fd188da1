import pytest

from charbert.data.pretraining.wordpiece import read_wordpiece
from charbert.errors import DataError

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ship", "##s", "##owner", "s", "Ship"]


def test_a_published_vocabulary_gives_its_subwords_in_its_order(tmp_path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    tokenizer = read_wordpiece(path)
    assert tokenizer.tokenize("Ship shipowners X") == ["Ship", "ship", "##owner", "##s", "[UNK]"]
    assert tokenizer.convert_tokens_to_ids("##s") == PIECES.index("##s")
    assert read_wordpiece(path, lower_case=True).tokenize("SHIPS") == ["ship", "##s"]


def test_what_is_no_wordpiece_vocabulary_is_refused(tmp_path) -> None:
    path = tmp_path / "vocab.txt"
    with pytest.raises(DataError, match="one subword a line"):
        read_wordpiece(path)
    path.write_text("[PAD]\nship\n")
    with pytest.raises(DataError, match=r"none of \[UNK\]"):
        read_wordpiece(path)
