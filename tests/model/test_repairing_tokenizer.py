"""A tokenizer that corrects what the token channel reads."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer, BertConfig

from charbert.errors import CheckpointError, SettingsError
from charbert.model import CharBertModel, CharBertTokenizer
from charbert.noise.attack import Attack
from charbert.seeding import numpy_generator
from charbert.text.char_vocab import CharVocab
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules
from charbert.text.repair.repaired import REPAIR_FILE

GIVEN = "The lighthuose keper conuted sships"
REPAIRED = "The lighthouse keeper counted ships"
COUNTS = {"lighthouse": 5, "keeper": 9, "counted": 7, "ships": 20, "the": 90}


@pytest.fixture(scope="module")
def char_vocab(sentences: tuple[str, ...]) -> CharVocab:
    return CharVocab.build([*sentences, GIVEN], size=80)


@pytest.fixture
def plain(uncased_tokenizer, char_vocab: CharVocab) -> CharBertTokenizer:
    return CharBertTokenizer(uncased_tokenizer, char_vocab)


@pytest.fixture
def repairing(uncased_tokenizer, char_vocab: CharVocab) -> CharBertTokenizer:
    corrector = DictionaryCorrector(COUNTS, DictionaryRules(estimates_noise=True))
    return CharBertTokenizer(uncased_tokenizer, char_vocab, repair=corrector)


def spelled(tokenizer: CharBertTokenizer, encoding: Any) -> list[str]:
    assert tokenizer.char_vocab is not None
    characters = tokenizer.char_vocab.characters
    row = [characters[index] for index in encoding["char_input_ids"]]
    spans = zip(encoding["start_ids"], encoding["end_ids"], strict=True)
    return ["".join(row[start : end + 1]) for start, end in spans][1:-1]


def test_the_token_channel_reads_repaired_words_and_the_char_channel_those_given(
    repairing: CharBertTokenizer, plain: CharBertTokenizer
) -> None:
    encoding = repairing(GIVEN)
    assert encoding["input_ids"] == plain(REPAIRED)["input_ids"]
    assert "".join(spelled(repairing, encoding)) == GIVEN.replace(" ", "")


def test_word_shapes_are_those_of_the_repaired_words(repairing: CharBertTokenizer, uncased_tokenizer) -> None:
    tokenizer = CharBertTokenizer(uncased_tokenizer, repair=repairing.repair, word_shapes=True)
    alone = CharBertTokenizer(uncased_tokenizer, word_shapes=True)
    assert dict(tokenizer("keper COUNTED sships The")) == dict(alone("keeper COUNTED ships The"))


def test_words_and_texts_are_repaired_alike(repairing: CharBertTokenizer) -> None:
    text, words = repairing(GIVEN), repairing(GIVEN.split(), is_split_into_words=True)
    assert {name: text[name] for name in text} == {name: words[name] for name in words}


def test_every_call_of_the_library_reads_repaired_words(repairing: CharBertTokenizer, plain: CharBertTokenizer) -> None:
    assert repairing.encode(GIVEN) == repairing(GIVEN)["input_ids"] == plain(REPAIRED)["input_ids"]
    assert repairing.encode(GIVEN, add_special_tokens=False) == plain.encode(REPAIRED, add_special_tokens=False)
    assert repairing.tokenize(GIVEN) == plain.tokenize(REPAIRED)
    assert repairing.tokenize(GIVEN, REPAIRED, add_special_tokens=True) == plain(REPAIRED, REPAIRED).tokens()


def test_special_subwords_written_in_a_text_are_not_corrected(uncased_tokenizer, char_vocab: CharVocab) -> None:
    tokenizer = CharBertTokenizer(uncased_tokenizer, char_vocab)
    tokenizer.add_tokens(["[SPAM]"])
    tokenizer.repair = DictionaryCorrector({"mark": 5, "spar": 5, "keeper": 9}, DictionaryRules(estimates_noise=True))
    for given in ("a [MASK] [spam] keper", ["a", "[MASK]", "[spam]", "keper"]):
        ids = tokenizer(given, is_split_into_words=isinstance(given, list))["input_ids"]
        assert ids == tokenizer("a [MASK] [SPAM] keeper")["input_ids"]
        assert {tokenizer.mask_token_id, tokenizer.convert_tokens_to_ids("[SPAM]")} <= set(ids)


def test_text_without_typos_is_encoded_as_without_repair(
    repairing: CharBertTokenizer, plain: CharBertTokenizer, sentences: tuple[str, ...]
) -> None:
    texts = [REPAIRED, *sentences[:20]]
    assert [dict(repairing(text)) for text in texts] == [dict(plain(text)) for text in texts]


def test_states_of_typos_that_are_restored_are_those_of_the_words_without_a_char_channel(
    repairing: CharBertTokenizer, uncased_tokenizer
) -> None:
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = CharBertModel.from_trunk(BertConfig(vocab_size=len(uncased_tokenizer), **size), char_encoder="none").eval()
    tokenizer = CharBertTokenizer(uncased_tokenizer, repair=repairing.repair)
    clean = model(**uncased_tokenizer(REPAIRED, return_tensors="pt")).token_states
    assert torch.equal(model(**tokenizer(GIVEN, return_tensors="pt")).token_states, clean)


def test_offsets_are_places_of_the_given_text(repairing: CharBertTokenizer) -> None:
    encoding = repairing([GIVEN], ["A  kepeer"], return_offsets_mapping=True, padding="max_length", max_length=60)
    texts = [GIVEN if sequence == 0 else "A  kepeer" for sequence in encoding.sequence_ids(0)]
    pieces = [text[start:end] for text, (start, end) in zip(texts, encoding["offset_mapping"][0], strict=True)]
    assert "".join(pieces) == GIVEN.replace(" ", "") + "Akepeer"


def test_windows_of_a_long_text_have_offsets_of_the_given_text(repairing: CharBertTokenizer) -> None:
    texts = ["A short one", " ".join([GIVEN] * 5)]
    options = {"return_offsets_mapping": True, "return_overflowing_tokens": True, "truncation": True}
    encoding = repairing(texts, max_length=12, stride=3, **options)
    assert len(encoding["input_ids"]) > 5
    for row, sample in enumerate(encoding["overflow_to_sample_mapping"]):
        starts = [start for start, end in encoding["offset_mapping"][row] if end]
        assert starts == sorted(starts)
        pieces = [texts[sample][start:end] for start, end in encoding["offset_mapping"][row] if end]
        chars = encoding["char_input_ids"][row]
        spans = zip(encoding["start_ids"][row], encoding["end_ids"][row], strict=True)
        own = ["".join(repairing.char_vocab.characters[c] for c in chars[s : e + 1]) for s, e in spans][1:-1]
        assert own == pieces


@pytest.mark.parametrize("pair", [None, "A  kepeer"])
def test_of_repair_for_both_channels_the_char_channel_reads_repaired_words_too(
    repairing: CharBertTokenizer, plain: CharBertTokenizer, pair: str | None
) -> None:
    repairing.correct_by(repairing.repair, "both")
    repaired = None if pair is None else "A  keeper"
    assert dict(repairing(GIVEN, pair)) == dict(plain(REPAIRED, repaired))
    words = repairing(GIVEN.split(), pair and pair.split(), is_split_into_words=True)
    assert dict(words) == dict(plain(REPAIRED.split(), repaired and repaired.split(), is_split_into_words=True))
    offsets = repairing(GIVEN, pair, return_offsets_mapping=True)["offset_mapping"]
    repairing.correct_by(repairing.repair, "token")
    assert offsets == repairing(GIVEN, pair, return_offsets_mapping=True)["offset_mapping"]


def test_of_repair_of_the_first_texts_the_second_ones_stay(
    repairing: CharBertTokenizer, plain: CharBertTokenizer, tmp_path: Path
) -> None:
    repairing.correct_by(repairing.repair, "first")
    repairing.save_pretrained(tmp_path)
    for tokenizer in (repairing, AutoTokenizer.from_pretrained(tmp_path)):
        assert dict(tokenizer(GIVEN, GIVEN)) == dict(plain(REPAIRED, GIVEN))
        assert dict(tokenizer([GIVEN, "a"])) == dict(plain([REPAIRED, "a"]))
        lists = (GIVEN.split(), REPAIRED.split())
        assert dict(tokenizer([lists[0], []], [[], lists[0]], is_split_into_words=True)) == dict(
            plain([lists[1], []], [[], lists[0]], is_split_into_words=True)
        )
        encoding = tokenizer(GIVEN, GIVEN, return_offsets_mapping=True)
        offsets = [GIVEN[start:end] for start, end in encoding["offset_mapping"]]
        assert "".join(offsets) == 2 * GIVEN.replace(" ", "")


def test_another_kind_of_repair_is_refused(repairing: CharBertTokenizer) -> None:
    with pytest.raises(SettingsError, match=r"repairs must be one of \['token', 'both', 'first'\], got 'chars'"):
        repairing.correct_by(None, "chars")


def test_a_saved_tokenizer_repairs_the_same(repairing: CharBertTokenizer, tmp_path: Path) -> None:
    repairing.save_pretrained(tmp_path)
    attacked = Attack().corrupt(REPAIRED.split(), numpy_generator(0, "attack")).words
    for loaded in (CharBertTokenizer.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)):
        assert dict(loaded(attacked, is_split_into_words=True)) == dict(repairing(attacked, is_split_into_words=True))


def test_new_subwords_keep_characters_and_repair(
    repairing: CharBertTokenizer, sentences: tuple[str, ...], tmp_path: Path
) -> None:
    repairing.correct_by(repairing.repair, "both")
    trained = repairing.train_new_from_iterator([list(sentences)], vocab_size=90, show_progress=False)
    assert type(trained) is CharBertTokenizer
    assert len(trained) == 90 != len(repairing)
    assert trained.char_vocab == repairing.char_vocab
    assert trained.tokenize("sships") == trained.tokenize("ships")
    trained.save_pretrained(tmp_path)
    assert dict(AutoTokenizer.from_pretrained(tmp_path)(GIVEN)) == dict(trained(GIVEN))


def test_repair_set_later_is_saved_and_repair_removed_is_not(
    repairing: CharBertTokenizer, plain: CharBertTokenizer, tmp_path: Path
) -> None:
    plain.repair = repairing.repair
    plain.save_pretrained(tmp_path)
    assert CharBertTokenizer.from_pretrained(tmp_path)(GIVEN)["input_ids"] == repairing(GIVEN)["input_ids"]
    plain.repair = None
    plain.save_pretrained(tmp_path)
    assert CharBertTokenizer.from_pretrained(tmp_path).repair is None


def test_a_folder_without_its_dictionary_is_refused(repairing: CharBertTokenizer, tmp_path: Path) -> None:
    repairing.save_pretrained(tmp_path)
    (tmp_path / REPAIR_FILE).unlink()
    with pytest.raises(CheckpointError, match=rf"expected the file {REPAIR_FILE}.* found none"):
        CharBertTokenizer.from_pretrained(tmp_path)


def test_a_dictionary_in_front_of_the_model_is_not_taken_for_the_tokenizers(
    plain: CharBertTokenizer, repairing: CharBertTokenizer, tmp_path: Path
) -> None:
    plain.save_pretrained(tmp_path / "plain")
    repairing.save_pretrained(tmp_path / "repairing")
    shutil.copy(tmp_path / "repairing" / REPAIR_FILE, tmp_path / "plain")
    assert CharBertTokenizer.from_pretrained(tmp_path / "plain").repair is None
