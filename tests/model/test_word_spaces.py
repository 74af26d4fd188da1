"""Words given one by one get the subwords and the characters of the same words in a text."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, GPT2TokenizerFast, PreTrainedTokenizerFast, RobertaTokenizerFast

from charbert.batch import CHAR_INPUTS
from charbert.model.tokenization import CharBertTokenizer
from charbert.text.char_vocab import CharVocab
from charbert.text.word_spaces import reads_words_as_text, with_word_spaces

TEXTS = ["Anna visited Lisbon, and she visited Porto.", "Kraków isn't far; 日本 is."] * 5
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
NAMES = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token", "mask_token"), SPECIALS, strict=True))
WORD = st.text(st.sampled_from("AnvistedLbok'-.,ó日本5"), min_size=1, max_size=7)

any_words = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def bpe(pre_tokenizer: Any, normalizer: Any = None) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=SPECIALS, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def byte_level(kind: type) -> Any:
    model = json.loads(bpe(pre_tokenizers.ByteLevel(add_prefix_space=False)).to_str())["model"]
    merges = [tuple(pair) for pair in model["merges"]]
    return kind(vocab=model["vocab"], merges=merges, pad_token="<pad>")


def generic(tokenizer: Tokenizer, *, trim: bool = False) -> PreTrainedTokenizerFast:
    if trim:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **NAMES)


def unigram() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        TEXTS,
        trainers.UnigramTrainer(vocab_size=90, special_tokens=SPECIALS, unk_token="<unk>", show_progress=False),
    )
    return generic(tokenizer)


SPLIT = Regex(r"'s| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+")
BUILDERS: dict[str, Callable[[], Any]] = {
    "roberta": lambda: byte_level(RobertaTokenizerFast),
    "gpt2": lambda: byte_level(GPT2TokenizerFast),
    "modernbert": lambda: generic(bpe(pre_tokenizers.ByteLevel(add_prefix_space=False)), trim=True),
    "regex and bytes": lambda: generic(
        bpe(
            pre_tokenizers.Sequence(
                [
                    pre_tokenizers.Split(SPLIT, "isolated"),
                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
                ]
            ),
            normalizers.NFC(),
        )
    ),
    "metaspace, first": lambda: generic(bpe(pre_tokenizers.Metaspace(prepend_scheme="first"))),
    "metaspace, never": lambda: generic(bpe(pre_tokenizers.Metaspace(prepend_scheme="never"))),
    "unigram": unigram,
}


@pytest.fixture(scope="module", params=[*BUILDERS, "wordpiece_tokenizer", "uncased_tokenizer"])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return BUILDERS[request.param]() if request.param in BUILDERS else request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def vocab() -> CharVocab:
    return CharVocab.build(TEXTS, size=64)


@any_words
@given(words=st.lists(WORD, min_size=1, max_size=6))
def test_words_are_read_as_the_text_with_one_space_between_them(
    tokenizer: Any, vocab: CharVocab, words: list[str]
) -> None:
    processor = CharBertTokenizer(tokenizer, vocab)
    listed, text = processor(words, is_split_into_words=True), processor(" ".join(words))
    assert listed["input_ids"] == text["input_ids"]
    for name in CHAR_INPUTS:
        assert listed[name] == text[name]
    chars, starts, ends = (listed[name] for name in CHAR_INPUTS)
    for number, word in enumerate(words):
        pieces = [chars[starts[at] : ends[at] + 1] for at, own in enumerate(listed.word_ids()) if own == number]
        spelled = [piece for piece in pieces if piece != [vocab.special_id]]  # a space alone has no characters
        assert [spelled[0][0], spelled[-1][-1]] == vocab.encode(word)[[0, -1]].tolist()
        assert len(pieces) - len(spelled) <= 1


def test_the_words_of_a_saved_processor_are_read_so_by_the_library_alone(tokenizer: Any, tmp_path: Path) -> None:
    processor = CharBertTokenizer(tokenizer, None)
    processor.save_pretrained(tmp_path)
    words = ["Anna", "visited", "Lisbon"]
    expected = processor(words, is_split_into_words=True)["input_ids"]
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded(words, is_split_into_words=True)["input_ids"] == loaded(" ".join(words))["input_ids"] == expected
    again = CharBertTokenizer.from_pretrained(tmp_path)
    assert again(words, is_split_into_words=True)["input_ids"] == expected


def test_words_keep_their_leading_space_in_a_byte_level_vocabulary(vocab: CharVocab) -> None:
    roberta = BUILDERS["roberta"]()
    given = ["Anna", "visited", "Porto"]
    assert "Ġvisited" not in roberta(given, is_split_into_words=True).tokens()
    encoding = CharBertTokenizer(roberta, vocab)(given, is_split_into_words=True)
    assert [encoding.tokens()[encoding.word_to_tokens(word).end - 1] for word in (1, 2)] == ["Ġvisited", "ĠPorto"]
    assert not reads_words_as_text(roberta)  # the caller's tokenizer is as it was


def test_a_model_saved_before_reads_words_as_it_was_trained(vocab: CharVocab, tmp_path: Path) -> None:
    CharBertTokenizer(BUILDERS["roberta"](), vocab, word_spaces=False).save_pretrained(tmp_path)
    loaded = CharBertTokenizer.from_pretrained(tmp_path)
    assert not reads_words_as_text(loaded)
    mended = with_word_spaces(loaded)
    assert reads_words_as_text(mended)
    assert (
        mended("Anna visited")["char_input_ids"] == CharBertTokenizer(loaded, vocab)("Anna visited")["char_input_ids"]
    )


def test_a_tokenizer_that_reads_words_as_text_is_not_copied(wordpiece_tokenizer: Any) -> None:
    assert with_word_spaces(wordpiece_tokenizer) is wordpiece_tokenizer


def test_a_tokenizer_that_cannot_be_mended_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    glued = Tokenizer(models.WordLevel({"<unk>": 0, "a": 1, "b": 2, "a b": 3, " a b": 4, " a": 5, " b": 6}, "<unk>"))
    with_word_spaces(generic(glued))
    assert "splits a list of words otherwise" in caplog.text
