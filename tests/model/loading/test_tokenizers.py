from pathlib import Path

import pytest
from transformers import BertConfig, ModernBertConfig, PreTrainedTokenizerFast

from charbert.errors import CheckpointError
from charbert.model import CharBertConfig
from charbert.model.loading.tokenizers import load_tokenizer
from charbert.model.tokenization import CharBertTokenizer
from charbert.text.char_vocab import CharVocab


@pytest.fixture
def folder(tmp_path: Path, uncased_tokenizer: PreTrainedTokenizerFast) -> Path:
    """A tokenizer beside the configuration of a BERT."""
    CharBertTokenizer(uncased_tokenizer, CharVocab.build(["ships"], size=8)).save_pretrained(tmp_path)
    BertConfig(vocab_size=len(uncased_tokenizer)).save_pretrained(tmp_path)
    return tmp_path


def test_a_tokenizer_is_read_with_or_without_a_model_beside_it(folder: Path) -> None:
    size = len(load_tokenizer(folder))
    (folder / "config.json").unlink()
    assert len(load_tokenizer(folder)) == size > 30


def test_a_tokenizer_without_its_file_is_refused_and_not_made_of_special_tokens(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    with pytest.raises(CheckpointError, match=r"with a vocabulary, got one of 5 special tokens"):
        load_tokenizer(folder)
    with pytest.raises(CheckpointError, match=r"expected the file tokenizer\.json"):
        CharBertTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000, '{"version": "1.0"}', "half"])
def test_a_damaged_tokenizer_is_refused_in_one_line_or_read(folder: Path, name: str, content: str) -> None:
    whole = (folder / name).read_text()
    (folder / name).write_text(whole[: len(whole) // 2] if content == "half" else content)
    try:
        tokenizer = CharBertTokenizer.from_pretrained(folder)
    except CheckpointError as error:
        assert str(error).startswith(f"{folder}: expected a tokenizer") and "\n" not in str(error)
    else:
        assert name == "tokenizer_config.json" and len(tokenizer) > 30


def test_a_tokenizer_with_more_entries_than_embeddings_is_refused(folder: Path) -> None:
    rows = len(load_tokenizer(folder))
    BertConfig(vocab_size=rows + 7).save_pretrained(folder)  # trunks round the number up
    load_tokenizer(folder)
    BertConfig(vocab_size=rows - 1).save_pretrained(folder)
    for load in (load_tokenizer, CharBertTokenizer.from_pretrained):
        with pytest.raises(CheckpointError, match=rf"at most {rows - 1} entries \(the vocab_size of its model\), got"):
            load(folder)


def test_a_tokenizer_truncates_to_what_the_model_beside_it_reads(folder: Path) -> None:
    text = "ships " * 600
    assert len(CharBertTokenizer.from_pretrained(folder)(text, truncation=True)["input_ids"]) == 512
    BertConfig(vocab_size=999, max_position_embeddings=16).save_pretrained(folder)
    for load in (load_tokenizer, CharBertTokenizer.from_pretrained):
        assert len(load(folder)(text, truncation=True)["input_ids"]) == 16
        assert load(folder, model_max_length=9).model_max_length == 9
    ModernBertConfig(vocab_size=999, max_position_embeddings=16).save_pretrained(folder)  # relative, without a limit
    assert CharBertTokenizer.from_pretrained(folder).model_max_length == 512


def test_the_model_beside_a_tokenizer_is_that_of_its_subfolder(folder: Path) -> None:
    tokenizer = CharBertTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["[SHIP]"])
    tokenizer.save_pretrained(folder / "later")
    BertConfig(vocab_size=len(tokenizer)).save_pretrained(folder / "later")
    for load in (load_tokenizer, CharBertTokenizer.from_pretrained):
        assert len(load(folder, subfolder="later")) == len(tokenizer) > len(load(folder))
    BertConfig(vocab_size=9).save_pretrained(folder / "later")
    with pytest.raises(CheckpointError, match=r"later: expected a tokenizer of at most 9 entries"):
        load_tokenizer(folder, subfolder="later")


def test_the_characters_of_another_model_are_refused(
    tmp_path: Path, uncased_tokenizer: PreTrainedTokenizerFast
) -> None:
    """Each character would get the embedding of another one."""
    own, other = CharVocab.build(["ships"], size=9), CharVocab.build(["north"], size=9)
    trunk = BertConfig(vocab_size=len(uncased_tokenizer))
    CharBertConfig(trunk_config=trunk, char_vocab=own.to_dict()).save_pretrained(tmp_path)
    CharBertTokenizer(uncased_tokenizer, own).save_pretrained(tmp_path)
    assert CharBertTokenizer.from_pretrained(tmp_path).char_vocab == own
    other.save(tmp_path / "char_vocab.json")
    with pytest.raises(CheckpointError, match="expected the characters of char_vocab in config"):
        CharBertTokenizer.from_pretrained(tmp_path)
