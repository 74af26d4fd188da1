import json
import pickle
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets.fingerprint import Hasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import (
    AutoProcessor,
    AutoTokenizer,
    BertTokenizerFast,
    DataCollatorForLanguageModeling,
    DataCollatorForTokenClassification,
    DataCollatorWithPadding,
    PreTrainedTokenizerFast,
)
from transformers.utils import PaddingStrategy

from charbert.batch import CHAR_INPUTS, Processor
from charbert.errors import CheckpointError, DataError, SettingsError
from charbert.model.inputs.word_shapes import word_shape
from charbert.model.tokenization import CharBertTokenizer
from charbert.text.char_vocab import CharVocab
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules

SHARED = Path(__file__).parents[2].parent / "shared"
TOKENIZERS = ["wordpiece_tokenizer", "uncased_tokenizer", "bpe_tokenizer"]
# half a surrogate pair is no text: it is tested by itself
TEXT = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("aeKkzŻé #'.\u0301\u0308\u200d😀日本\n ")))

any_unicode = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def char_vocab(sentences: tuple[str, ...]) -> CharVocab:
    return CharVocab.build(sentences, size=64)


@pytest.fixture(params=TOKENIZERS)
def processor(request: pytest.FixtureRequest, char_vocab: CharVocab) -> CharBertTokenizer:
    return CharBertTokenizer(request.getfixturevalue(request.param), char_vocab)


@pytest.fixture
def uncased(uncased_tokenizer, char_vocab: CharVocab) -> CharBertTokenizer:
    return CharBertTokenizer(uncased_tokenizer, char_vocab)


def spelled(processor: CharBertTokenizer, encoding: Any) -> list[str | None]:
    """Return what each subword of a single encoding is spelled as, None for the special id."""
    vocab, ids = processor.char_vocab, list(encoding["char_input_ids"])
    spans = zip(encoding["start_ids"], encoding["end_ids"], strict=True)
    return [
        None
        if ids[start : end + 1] == [vocab.special_id]
        else "".join(vocab.characters[index] for index in ids[start : end + 1])
        for start, end in spans
    ]


def check_rows(processor: CharBertTokenizer, encoding: Any, texts_of: Any) -> None:
    """Compare a batch of lists with a plain loop over the offsets; ``texts_of(row, place)`` is the text."""
    vocab, tokenizer = processor.char_vocab, processor
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    for row, ids in enumerate(encoding["input_ids"]):
        chars, starts, ends = (encoding[name][row] for name in CHAR_INPUTS)
        attended = encoding["attention_mask"][row]
        offsets = encoding.encodings[row].offsets
        real = [place for place, mask in enumerate(attended) if mask]
        used = sum(index != vocab.pad_id for index in chars)
        at = 0
        for place in real:
            start, end = starts[place], ends[place]
            assert start == at <= end < used
            assert chars[end + 1] == vocab.separator_id
            at = end + 2
            begin, stop = offsets[place]
            text = texts_of(row, place)
            if ids[place] in special or text is None or not text[begin:stop].strip():
                assert chars[start : end + 1] == [vocab.special_id]
                continue
            got = chars[start : end + 1]
            want = vocab.encode(text[begin:stop].strip()).tolist()
            assert got[: len(want)] == want
            # a trunk that strips accents leaves the marks after a subword outside its span
            rest = text[begin:].lstrip()[len(want) : len(got)]
            assert len(rest) == len(got) - len(want)
            assert got[len(want) :] == vocab.encode(rest).tolist()
        assert at == used
        assert all(starts[p] == ends[p] == 0 for p, mask in enumerate(attended) if not mask)


@any_unicode
@given(texts=st.lists(TEXT, min_size=1, max_size=4), padding=st.booleans())
def test_every_character_is_the_original_one(processor: CharBertTokenizer, texts: list[str], padding: bool) -> None:
    encoding = processor(texts, padding=padding)
    check_rows(processor, encoding, lambda row, place: texts[row])


@any_unicode
@given(pairs=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=3))
def test_both_texts_of_a_pair_keep_their_characters(processor: CharBertTokenizer, pairs: list) -> None:
    encoding = processor([a for a, _ in pairs], [b for _, b in pairs], padding=True)

    def text_of(row: int, place: int) -> str | None:
        which = encoding.sequence_ids(row)[place]
        return None if which is None else pairs[row][which]

    check_rows(processor, encoding, text_of)
    assert processor(pairs, padding=True).data == encoding.data


@any_unicode
@given(rows=st.lists(st.lists(TEXT, max_size=5), min_size=1, max_size=3))
def test_words_given_one_by_one_keep_their_characters(processor: CharBertTokenizer, rows: list) -> None:
    encoding = processor(rows, is_split_into_words=True, padding=True)

    def word_of(row: int, place: int) -> str | None:
        word = encoding.word_ids(row)[place]
        return None if word is None else rows[row][word]

    check_rows(processor, encoding, word_of)


@any_unicode
@given(texts=st.lists(TEXT, min_size=1, max_size=3))
def test_padding_and_batching_change_no_content(processor: CharBertTokenizer, texts: list[str]) -> None:
    padded = processor(texts, padding="max_length", max_length=600)
    for row, text in enumerate(texts):
        alone = processor(text)
        for name in CHAR_INPUTS:
            length = len(alone[name])
            assert padded[name][row][:length] == alone[name]
            assert set(padded[name][row][length:]) <= {processor.pad_values[name]}


@pytest.mark.parametrize(
    ("text", "read"),
    [("Zürich KRAKÓW cafe\u0301", "zurich krakow cafe"), ("İstanbul ISPARTA I\u0307zmir", "istanbul isparta izmir")],
)
def test_case_and_diacritics_survive_an_uncased_trunk(uncased: CharBertTokenizer, text: str, read: str) -> None:
    assert uncased.decode(uncased(text)["input_ids"], skip_special_tokens=True) == read
    vocab = CharVocab.build([text], size=40)
    encoding = (full := CharBertTokenizer(uncased, vocab))(text)
    assert "".join(word or "" for word in spelled(full, encoding)) == text.replace(" ", "")


@pytest.mark.parametrize(
    "text", ["S\u0327is\u0327li q\u0301x e\u0301", "\u1112\u1161\u11ab \u1100\u1161", "\u09ac\u09c7\u09be \u09ac"]
)
@pytest.mark.parametrize("form", [normalizers.NFC, normalizers.NFKC])
def test_marks_that_a_trunk_composes_with_their_letter_are_read_with_it(form: Any, text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert composed != text
    backend = Tokenizer(models.Unigram([("<unk>", 0.0), *((char, -1.0) for char in {*composed, "▁"})], unk_id=0))
    backend.normalizer, backend.pre_tokenizer = form(), pre_tokenizers.Metaspace()
    trunk = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>", pad_token="<unk>")
    processor = CharBertTokenizer(trunk, CharVocab.build([text], size=40))
    for encoding in (processor(text), processor(text.split(), is_split_into_words=True)):
        assert "".join(piece or "" for piece in spelled(processor, encoding)) == text.replace(" ", "")


def test_unknown_pieces_keep_their_characters(uncased_tokenizer) -> None:
    processor = CharBertTokenizer(uncased_tokenizer, CharVocab.build(["ab☃Ж"], size=20))
    encoding = processor("a ☃Ж b")
    assert uncased_tokenizer.unk_token_id in encoding["input_ids"]
    assert spelled(processor, encoding) == [None, "a", "☃Ж", "b", None]


def test_a_sign_of_hashes_shifts_nothing(uncased: CharBertTokenizer) -> None:
    assert spelled(uncased, uncased("# ## a")) == [None, "#", "#", "#", "a", None]


def test_byte_level_pieces_of_one_character_all_take_it(bpe_tokenizer) -> None:
    processor = CharBertTokenizer(bpe_tokenizer, CharVocab.build(["日本a"], size=20))
    encoding = processor("日本  a")
    pieces = spelled(processor, encoding)
    assert pieces.count("日") > 1
    assert pieces[-2:] == ["a", None]
    assert None in pieces[1:-1]  # the second space is a piece of its own and no character


def test_a_special_token_written_in_the_text_is_special(uncased: CharBertTokenizer) -> None:
    assert spelled(uncased, uncased("a [MASK]"))[2] is None


def test_half_a_surrogate_pair_is_read_as_a_replacement_character(processor: CharBertTokenizer) -> None:
    assert processor("a\ud800 b").data == processor("a\ufffd b").data
    assert (
        processor([["a\ud800"]], is_split_into_words=True).data
        == processor([["a\ufffd"]], is_split_into_words=True).data
    )


@pytest.mark.parametrize("words", [[], [""], [" ", "\n"], ["a", " ", "", "b"], ["\u0301"], ["👩\u200d💻"]])
def test_odd_words_are_encoded(processor: CharBertTokenizer, words: list[str]) -> None:
    encoding = processor(words, is_split_into_words=True)
    assert len(encoding["start_ids"]) == len(encoding["input_ids"])
    assert {word for word in encoding.word_ids(0) if word is not None} <= set(range(len(words)))


@pytest.mark.parametrize("rows", [[["e\u0301"], []], [[], ["e\u0301"]], [["a"], [], []], [[], []]])
@pytest.mark.parametrize("side", ["left", "right"])
def test_rows_without_words_are_padded_beside_rows_with_marks(
    processor: CharBertTokenizer, rows: list[list[str]], side: str
) -> None:
    encoding = processor(rows, is_split_into_words=True, padding=True, padding_side=side)
    for row, words in enumerate(rows):
        alone = processor(words, is_split_into_words=True)
        for name in CHAR_INPUTS[1:]:
            real = [v for v, mask in zip(encoding[name][row], encoding["attention_mask"][row], strict=True) if mask]
            assert real == alone[name]


def test_a_word_that_gives_no_piece_shifts_no_word(uncased: CharBertTokenizer) -> None:
    encoding = uncased(["a", " ", "", "b"], is_split_into_words=True)
    assert encoding.word_ids(0) == [None, 0, 3, None]
    assert spelled(uncased, encoding) == [None, "a", "b", None]


def test_overflowing_windows_spell_their_own_subwords(processor: CharBertTokenizer, sentences) -> None:
    question, context = "Who counted?", " ".join(sentences)
    encoding = processor(
        [question, "Why?"],
        [context, context[:80]],
        truncation="only_second",
        max_length=40,
        stride=8,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    samples = encoding["overflow_to_sample_mapping"]
    assert len(samples) == len(encoding["start_ids"]) > 2
    texts = [(question, context), ("Why?", context[:80])]

    def text_of(row: int, place: int) -> str | None:
        which = encoding.sequence_ids(row)[place]
        return None if which is None else texts[samples[row]][which]

    check_rows(processor, encoding, text_of)


def test_truncation_takes_the_characters_along(processor: CharBertTokenizer, sentences) -> None:
    full, cut = processor(sentences[0]), processor(sentences[0], truncation=True, max_length=8)
    assert cut["start_ids"][:7] == full["start_ids"][:7]
    assert cut["end_ids"][-1] == len(cut["char_input_ids"]) - 2
    kept = cut["end_ids"][6]
    assert cut["char_input_ids"][: kept + 1] == full["char_input_ids"][: kept + 1]


def test_left_padding_leaves_the_characters_at_the_left(processor: CharBertTokenizer, sentences) -> None:
    padded = processor(list(sentences[:2]), padding=True, padding_side="left")
    alone = processor(sentences[0])
    for name in ("start_ids", "end_ids"):
        real = [v for v, mask in zip(padded[name][0], padded["attention_mask"][0], strict=True) if mask]
        assert real == alone[name]


def test_tensors_hold_what_the_lists_hold(processor: CharBertTokenizer, sentences) -> None:
    options = {"padding": True, "return_offsets_mapping": True}
    lists = processor(list(sentences), **options)
    arrays = processor(list(sentences), return_tensors="np", **options)
    tensors = processor(list(sentences), return_tensors="pt", **options)
    for name, rows in lists.items():
        assert np.array_equal(arrays[name], np.array(rows))
        assert torch.equal(tensors[name], torch.tensor(rows))
        assert tensors[name].dtype == torch.int64
    assert processor("one text", return_tensors="pt")["char_input_ids"].ndim == 2
    with pytest.raises(SettingsError, match="padding=True"):
        processor(list(sentences), return_tensors="pt")
    with pytest.raises(SettingsError, match="'np', 'pt' or None"):
        processor("one text", return_tensors="tf")


def test_without_a_character_vocabulary_the_tokenizer_alone_speaks(uncased_tokenizer, sentences) -> None:
    plain = CharBertTokenizer(uncased_tokenizer, None)
    assert plain(list(sentences), padding=True).data == uncased_tokenizer(list(sentences), padding=True).data
    assert plain(sentences[0]).data == uncased_tokenizer(sentences[0]).data
    assert set(plain.pad_values) == {"input_ids", "attention_mask", "token_type_ids"}


def test_padding_values_are_those_of_padded_rows(processor: CharBertTokenizer) -> None:
    encoding = processor("a", padding="max_length", max_length=40)
    assert isinstance(processor, Processor)
    assert set(encoding) == set(processor.pad_values) == set(processor.model_input_names)
    for name in set(encoding) - {"char_input_ids"}:
        assert encoding[name][-1] == processor.pad_values[name]


@pytest.mark.parametrize("padding", ["do_not_pad", PaddingStrategy.DO_NOT_PAD])
def test_every_name_of_no_padding_pads_no_characters(processor: CharBertTokenizer, sentences, padding: Any) -> None:
    assert processor(list(sentences), padding=padding).data == processor(list(sentences)).data


@any_unicode
@given(texts=st.lists(TEXT, min_size=1, max_size=3), data=st.data())
def test_hidden_subwords_lose_their_characters_and_the_others_keep_theirs(
    processor: CharBertTokenizer, texts: list[str], data: st.DataObject
) -> None:
    encoding = processor(texts)
    hidden = [data.draw(st.lists(st.booleans(), min_size=len(row), max_size=len(row))) for row in encoding["input_ids"]]
    given_anew = processor.hide_subwords(dict(encoding), hidden)
    for row in range(len(texts)):
        before = spelled(processor, {name: encoding[name][row] for name in CHAR_INPUTS})
        after = spelled(processor, {name: given_anew[name][row] for name in CHAR_INPUTS})
        assert after == [None if hide else was for hide, was in zip(hidden[row], before, strict=True)]


@pytest.mark.parametrize("form", [None, "np", "pt"])
def test_hiding_keeps_the_form_of_the_fields(processor: CharBertTokenizer, sentences, form: str | None) -> None:
    encoding = processor(list(sentences), padding=True, return_tensors=form)
    nothing = np.zeros(np.shape(encoding["input_ids"]), np.bool_)
    same = processor.hide_subwords(encoding, torch.from_numpy(nothing) if form == "pt" else nothing)
    for name in CHAR_INPUTS:
        assert type(same[name]) is type(encoding[name])
        rows = zip(encoding[name], same[name], strict=True)
        assert all(list(old)[: len(new)] == list(new) for old, new in rows)
    everything = processor.hide_subwords(encoding, ~nothing)
    real = max(sum(row) for row in np.asarray(encoding["attention_mask"]).tolist())
    assert len(everything["char_input_ids"][0]) <= 2 * real


def test_hiding_works_on_one_row(uncased: CharBertTokenizer) -> None:
    encoding = uncased("a b")
    encoding.update(uncased.hide_subwords(encoding, [False, True, False, False]))
    assert spelled(uncased, encoding) == [None, None, "b", None]


def test_hiding_names_what_does_not_fit(uncased: CharBertTokenizer, uncased_tokenizer) -> None:
    encoding = uncased("a b")
    with pytest.raises(DataError, match="one flag per subword"):
        uncased.hide_subwords(encoding, [True])
    with pytest.raises(DataError, match="attention_mask"):
        uncased.hide_subwords({"start_ids": [0]}, [True])
    with pytest.raises(SettingsError, match="char_vocab"):
        CharBertTokenizer(uncased_tokenizer, None).hide_subwords(encoding, [True])


@pytest.mark.parametrize("mode", ["paper", "released"])
def test_a_saved_processor_gives_the_same_inputs(
    processor: CharBertTokenizer, mode: str, sentences, tmp_path: Path
) -> None:
    processor = CharBertTokenizer(processor, processor.char_vocab, mode=mode, script="glue")
    files = processor.save_pretrained(tmp_path)
    assert all(Path(file).exists() for file in files)
    again = CharBertTokenizer.from_pretrained(pretrained_model_name_or_path=tmp_path)
    assert (again.mode, again.script, again.char_vocab) == (mode, "glue", processor.char_vocab)
    batch = [*sentences, "", "😀 ☃ e\u0301 日本"]
    assert again(batch, padding=True).data == processor(batch, padding=True).data


def test_a_plain_processor_is_saved_plain(uncased: CharBertTokenizer, uncased_tokenizer, tmp_path: Path) -> None:
    uncased.save_pretrained(tmp_path)
    CharBertTokenizer(uncased_tokenizer, None).save_pretrained(tmp_path)
    assert CharBertTokenizer.from_pretrained(tmp_path).char_vocab is None


def test_a_folder_without_a_file_of_the_tokenizer_is_named(uncased: CharBertTokenizer, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=rf"{tmp_path}: expected the file tokenizer\.json"):
        CharBertTokenizer.from_pretrained(tmp_path)
    uncased.save_pretrained(tmp_path)
    (tmp_path / "char_vocab.json").unlink()
    with pytest.raises(CheckpointError, match=rf"{tmp_path}: expected the file char_vocab\.json"):
        CharBertTokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "char_vocab.json"])
@pytest.mark.parametrize("content", ["", "{", "[]", '{"mode": 3}'])
def test_a_damaged_file_of_the_tokenizer_is_refused_in_one_line(
    uncased: CharBertTokenizer, tmp_path: Path, name: str, content: str
) -> None:
    uncased.save_pretrained(tmp_path)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError) as caught:
        CharBertTokenizer.from_pretrained(tmp_path)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "fast"}, "mode must be one of"),
        ({"script": "pos"}, "script must be one of"),
        ({"tokenizer": object()}, "needs a fast tokenizer"),
        ({"row_length": "4", "mode": "released"}, r"a number in \[1"),
        ({"char_vocab": {"characters": []}}, "CharVocab.from_dict"),
        ({"char_vocab": CharVocab([" ", "a", "<unk>"], 0, 0, 0, 2)}, "padding only"),
    ],
)
def test_settings_that_do_not_fit_are_refused(uncased: CharBertTokenizer, arguments: dict, message: str) -> None:
    usual = {"tokenizer": uncased, "char_vocab": uncased.char_vocab}
    with pytest.raises(SettingsError, match=message):
        CharBertTokenizer(**(usual | arguments))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([],), {}, "empty"),
        (("a",), {"is_split_into_words": True}, "list of words"),
        ((["a", 3],), {}, "text 1: expected a string, got int 3"),
        ((["a"], "b"), {}, "text_pair must be one too"),
        ((["a"], ["b", "c"]), {}, "one length"),
        (([["a", "b", "c"]],), {}, "is_split_into_words=True"),
        (([["a", None]],), {"is_split_into_words": True}, "text 0: expected a list of words"),
        (({"text": "a"},), {}, "text: expected a string or a list of strings, got dict"),
        (({"a"},), {}, "got set"),
        ((np.array([["a", "b"]]),), {}, "got ndarray"),
        ((None,), {}, "got NoneType"),
        ((3,), {}, "got int"),
        ((["a"], {"b": 1}), {}, "text_pair: expected a string or a list of strings, got dict"),
        (([["a"], {"b": 1}],), {"is_split_into_words": True}, "text 1: expected a string or a list of strings"),
    ],
)
def test_texts_of_another_form_are_named(
    uncased: CharBertTokenizer, arguments: tuple, options: dict, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        uncased(*arguments, **options)


def test_released_rows_shift_after_a_sign_of_hashes(uncased_tokenizer) -> None:
    vocab = CharVocab([" ", *"abc", "<unk>"], 0, 0, 0, 4)
    processor = CharBertTokenizer(uncased_tokenizer, vocab, mode="released")
    encoding = processor("A # C", padding="max_length", max_length=6)
    assert encoding["char_input_ids"] == [0, 0, 1, 0, 0, 3] + [0] * 30
    assert encoding["start_ids"] == [0, 2, 5, 7, 35, 35]


def test_released_rows_are_cut_at_six_characters_a_position(wordpiece_tokenizer, char_vocab) -> None:
    processor = CharBertTokenizer(wordpiece_tokenizer, char_vocab, mode="released")
    encoding = processor(["☃" * 40 + " a"], is_split_into_words=True, padding=True)
    assert len(encoding["char_input_ids"]) == 6 * len(encoding["input_ids"])
    assert encoding["end_ids"][1:] == [6 * len(encoding["input_ids"]) - 1] * (len(encoding["input_ids"]) - 1)


def test_released_pretraining_spells_the_special_tokens_of_another_trunk_out(bpe_tokenizer) -> None:
    vocab = CharVocab([" ", "Ġ", "<", "s", ">", "a", "/", "<unk>"], 0, 0, 0, 7)
    pretraining = CharBertTokenizer(bpe_tokenizer, vocab, mode="released")("a", padding="max_length", max_length=6)
    assert pretraining["char_input_ids"][:13] == [2, 3, 4, 0, 1, 5, 0, 2, 6, 3, 4, 0, 0]
    tagging = CharBertTokenizer(bpe_tokenizer, vocab, mode="released", script="ner")("a")
    assert tagging["char_input_ids"][:7] == [0, 0, 1, 5, 0, 0, 0]


def test_released_hiding_needs_the_processors_own_encoding(uncased_tokenizer, char_vocab) -> None:
    processor = CharBertTokenizer(uncased_tokenizer, char_vocab, mode="released")
    encoding = processor("a b")
    with pytest.raises(SettingsError, match="the encoding that the tokenizer returned"):
        processor.hide_subwords(dict(encoding), [False] * 4)
    assert processor.hide_subwords(encoding, [False] * 4) == {name: encoding[name] for name in CHAR_INPUTS}


def _golden_cases() -> list[dict[str, Any]]:
    path = SHARED / "golden" / "char_inputs_bert_uncased.json"
    return json.loads(path.read_text(encoding="utf-8"))["cases"] if path.exists() else []


def _encode_golden(processor: CharBertTokenizer, case: dict[str, Any]) -> dict[str, Any]:
    length = next(case[name] for name in ("block_size", "max_seq_length", "max_length") if name in case)
    options = {"padding": "max_length", "truncation": True, "max_length": length}
    if "words" in case:
        encoding = processor(case["words"], is_split_into_words=True, **options)
    elif "text_a" in case:
        encoding = processor(case["text_a"], case["text_b"], **options)
    else:
        # every stored window of a context repeats the first one's subwords
        encoding = processor([case["question"]], [case["context"]], **options | {"truncation": "only_second"})
        return {name: rows[0] for name, rows in encoding.items()}
    if "labels" in case:
        hidden = [label != -1 for label in case["labels"]] + [False] * (length - len(case["labels"]))
        encoding.update(processor.hide_subwords(encoding, hidden))
    return encoding


@pytest.mark.skipif(not (SHARED / "golden").is_dir(), reason="the authors' stored character inputs are not at hand")
def test_released_inputs_equal_the_authors() -> None:
    tokenizer = BertTokenizerFast(vocab=str(SHARED / "data/vocab/bert-base-uncased-vocab.txt"))
    vocab = CharVocab.read_released(SHARED / "data/charbert_dict/bert_char_vocab")
    cases = _golden_cases()
    assert len(cases) == 87
    for index, case in enumerate(cases):
        processor = CharBertTokenizer(tokenizer, vocab, mode="released", script=case["builder"])
        encoding = _encode_golden(processor, case)
        chars = case["char_input_ids"] + [0] * (case["char_len"] - len(case["char_input_ids"]))
        assert encoding["char_input_ids"] == chars, index
        assert encoding["start_ids"] == case["start_ids"], index
        assert encoding["end_ids"] == case["end_ids"], index


@pytest.fixture
def saved_earlier(uncased: CharBertTokenizer, tmp_path: Path) -> Path:
    """A folder as it was written before the tokenizer had a class of its own."""
    (tmp_path / "config.json").write_text('{"model_type": "charbert", "char_encoder": "none"}', encoding="utf-8")
    uncased.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    for name in ("mode", "script", "row_length", "has_char_vocab", "model_input_names"):
        del config[name]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config | {"tokenizer_class": "BertTokenizer"}))
    settings = {"version": 1, "mode": "released", "script": "glue", "row_length": 12, "has_char_vocab": True}
    (tmp_path / "charbert_processor.json").write_text(json.dumps(settings))
    return tmp_path


@pytest.mark.parametrize("loader", [CharBertTokenizer, AutoTokenizer, AutoProcessor])
def test_a_folder_saved_as_a_processors_still_loads(
    saved_earlier: Path, uncased: CharBertTokenizer, sentences, loader: Any
) -> None:
    again = loader.from_pretrained(saved_earlier)
    assert isinstance(again, CharBertTokenizer)
    assert (again.mode, again.script, again.row_length) == ("released", "glue", 12)
    same = CharBertTokenizer(uncased, uncased.char_vocab, "released", "glue", 12)
    assert again(list(sentences), truncation=True).data == same(list(sentences), truncation=True).data
    again.save_pretrained(saved_earlier)
    assert not (saved_earlier / "charbert_processor.json").exists()
    assert AutoTokenizer.from_pretrained(saved_earlier).row_length == 12


def test_the_auto_class_returns_the_tokenizer_under_its_own_name(processor: CharBertTokenizer, tmp_path: Path) -> None:
    processor.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert type(again) is type(processor) and type(again).__name__ == "CharBertTokenizer"
    assert again.model_input_names == processor.model_input_names
    assert again.model_input_names[-3:] == list(CHAR_INPUTS)
    assert again.special_tokens_map == processor.special_tokens_map
    assert again("a b").data == processor("a b").data == pickle.loads(pickle.dumps(again))("a b").data


@any_unicode
@given(texts=st.lists(TEXT, min_size=1, max_size=4), side=st.sampled_from(["left", "right"]))
def test_padding_afterwards_gives_what_padding_in_the_call_gives(
    processor: CharBertTokenizer, texts: list[str], side: str
) -> None:
    together = processor(texts, padding=True, padding_side=side)
    for rows in (processor(texts), [processor(text) for text in texts]):
        assert processor.pad(rows, padding_side=side).data == together.data
    tensors = processor.pad([processor(text) for text in texts], padding_side=side, return_tensors="pt")
    assert {name: rows.tolist() for name, rows in tensors.items()} == together.data
    assert processor.pad(together, padding_side=side).data == together.data
    options = {"padding": "max_length", "max_length": 600, "padding_side": side}
    assert processor.pad(processor(texts[0]), **options).data == processor(texts[0], **options).data


def test_the_librarys_collators_pad_characters_and_labels(processor: CharBertTokenizer, sentences) -> None:
    rows = [{**processor(text), "labels": [1] * len(processor(text)["input_ids"])} for text in sentences]
    batch = DataCollatorForTokenClassification(processor)([dict(row) for row in rows])
    expected = processor(list(sentences), padding=True, return_tensors="pt")
    assert all(torch.equal(batch[name], expected[name]) for name in processor.model_input_names)
    assert ((batch["labels"] == 1) == (batch["attention_mask"] == 1)).all()
    batch = DataCollatorWithPadding(processor, pad_to_multiple_of=8)([{**row, "labels": 2} for row in rows])
    assert batch["start_ids"].shape == batch["input_ids"].shape and batch["input_ids"].shape[1] % 8 == 0
    assert batch["labels"].tolist() == [2] * len(sentences)


def test_a_call_does_not_change_the_fingerprint_of_a_data_set_that_uses_the_tokenizer(
    processor: CharBertTokenizer,
) -> None:
    assert processor.char_vocab is not None
    processor.char_vocab = CharVocab.from_dict(processor.char_vocab.to_dict())  # one that was never used
    processor.repair = DictionaryCorrector({"keeper": 9}, DictionaryRules())
    before = Hasher.hash(processor)
    processor(["a kepeer", "b c"], padding=True, truncation=True, max_length=8)
    assert Hasher.hash(processor) == before


def test_the_librarys_collator_for_masked_subwords_leaves_their_characters_to_hiding(
    uncased: CharBertTokenizer, sentences
) -> None:
    batch = DataCollatorForLanguageModeling(uncased, mlm_probability=0.5, seed=3)([uncased(text) for text in sentences])
    masked = batch["labels"] != -100
    assert ((batch["end_ids"] > batch["start_ids"]) & masked).any()
    shown = (batch["end_ids"] - batch["start_ids"])[~masked]
    batch.update(uncased.hide_subwords(batch, masked))
    assert (batch["end_ids"] == batch["start_ids"])[masked].all()
    assert torch.equal((batch["end_ids"] - batch["start_ids"])[~masked], shown)


def test_padding_only_some_fields_leaves_the_others_out(processor: CharBertTokenizer) -> None:
    rows = [{"input_ids": processor(text)["input_ids"]} for text in ("a", "a b")]
    assert set(processor.pad(rows, return_tensors="np")) == {"input_ids", "attention_mask"}


def test_without_padding_only_rows_of_one_length_become_tensors(processor: CharBertTokenizer) -> None:
    rows = processor(["a", "a"])
    tensors = processor.pad(rows, padding=False, return_tensors="pt")
    assert tensors["char_input_ids"].tolist() == rows["char_input_ids"]
    rows = {name: [row + row[-1:] * place for place, row in enumerate(rows[name])] for name in CHAR_INPUTS}
    with pytest.raises(SettingsError, match="char_input_ids differ; set padding=True"):
        processor.pad({"input_ids": [[1], [2]], **rows}, padding=False, return_tensors="pt")


SHAPED = ("EU wants iPhone ships", "The McKay house , in 1954")


def test_word_shapes_stand_beside_the_subwords_of_words_and_texts(uncased_tokenizer, tmp_path: Path) -> None:
    tokenizer = CharBertTokenizer(uncased_tokenizer, word_shapes=True)
    tokenizer.save_pretrained(tmp_path)
    for each in (tokenizer, CharBertTokenizer.from_pretrained(tmp_path)):
        text = each(list(SHAPED), padding=True, return_tensors="pt")
        words = each([sentence.split() for sentence in SHAPED], is_split_into_words=True, padding=True)
        assert text["shape_ids"].tolist() == words["shape_ids"]
        assert text["shape_ids"].shape == text["input_ids"].shape
        for row, sentence in enumerate(SHAPED):
            shown = {word: set() for word in sentence.split()}
            for word, shape in zip(words.word_ids(row), words["shape_ids"][row], strict=True):
                if word is None:
                    assert shape == 0
                else:
                    shown[sentence.split()[word]].add(shape)
            assert shown == {word: {word_shape(word)} for word in sentence.split()}
        rows = [each(sentence) for sentence in SHAPED]
        pair = each(SHAPED[0], SHAPED[1])["shape_ids"]
        assert pair == rows[0]["shape_ids"] + rows[1]["shape_ids"][1:]  # without [CLS]
        assert each.pad(rows, return_tensors="pt")["shape_ids"].tolist() == text["shape_ids"].tolist()
        assert each.pad_values["shape_ids"] == 0


def test_a_tokenizer_without_word_shapes_saves_and_gives_nothing_of_them(uncased_tokenizer, tmp_path: Path) -> None:
    tokenizer = CharBertTokenizer(uncased_tokenizer)
    tokenizer.save_pretrained(tmp_path)
    assert "word_shapes" not in (tmp_path / "tokenizer_config.json").read_text()
    assert "shape_ids" not in {**tokenizer(SHAPED[0]), **tokenizer.pad_values}


def test_shapes_of_a_long_text_follow_its_windows(uncased_tokenizer) -> None:
    tokenizer = CharBertTokenizer(uncased_tokenizer, word_shapes=True)
    windows = {"truncation": True, "max_length": 5, "stride": 1, "return_overflowing_tokens": True}
    whole, cut = (tokenizer(list(SHAPED), return_offsets_mapping=True, **options) for options in ({}, windows))
    assert len(cut["shape_ids"]) > 4
    shapes = [dict(zip(*rows, strict=True)) for rows in zip(whole["offset_mapping"], whole["shape_ids"], strict=True)]
    names = ("overflow_to_sample_mapping", "offset_mapping", "shape_ids")
    for sample, places, row in zip(*(cut[name] for name in names), strict=True):
        assert row == [shapes[sample][place] for place in places]


def test_lower_cased_characters_have_the_ids_of_lower_case(uncased_tokenizer, tmp_path: Path) -> None:
    vocab = replace(CharVocab.build(["pragueé"], size=20), lower_case=True)
    CharBertTokenizer(uncased_tokenizer, vocab).save_pretrained(tmp_path)
    tokenizer = CharBertTokenizer.from_pretrained(tmp_path)
    shown, lower = tokenizer("PRAGUÉ Prague"), tokenizer("pragué prague")
    assert shown["char_input_ids"] == lower["char_input_ids"]
    assert tokenizer.char_vocab == vocab
