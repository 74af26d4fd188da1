import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from charbert.batch import IGNORED_LABEL
from charbert.data.readers.conll import TaggedSentence
from charbert.errors import DataError, SettingsError
from charbert.tasks.tagging.encoding import EncodedTags, encode_tagged, word_logits
from charbert.tasks.tagging.entities import NamedEntityTask


def _tokenizer() -> PreTrainedTokenizerFast:
    letters = [*"abcdefgh", *(f"##{letter}" for letter in "abcdefgh")]
    vocab = {piece: number for number, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters])}
    core = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    core.normalizer = normalizers.BertNormalizer()
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


TOKENIZER = _tokenizer()  # one piece a letter
LABELS = {"O": 0, "B-X": 1, "I-X": 2}
WORDS = st.lists(
    st.tuples(st.text("abcdefgh", min_size=1, max_size=5) | st.just("\u200b"), st.sampled_from(list(LABELS))),
    min_size=1,
    max_size=12,
)


def _sentence(*pairs: tuple[str, str]) -> TaggedSentence:
    return TaggedSentence(tuple(word for word, _ in pairs), tuple(tag for _, tag in pairs))


def _decode(encoded: EncodedTags) -> list[list[str]]:
    """The tags that are decoded where every logit is at the feature's label."""
    logits = [np.eye(len(LABELS))[np.maximum(feature["labels"], 0)] for feature in encoded.features]
    task = NamedEntityTask("ner", "f1")
    task.labels = list(LABELS)
    return task.decide(word_logits(logits, encoded, len(LABELS)))


def test_the_first_subword_has_the_label() -> None:
    encoded = encode_tagged([_sentence(("ab", "B-X"), ("c", "O"))], TOKENIZER, LABELS, max_length=16)
    (feature,) = encoded.features
    assert feature["labels"] == [IGNORED_LABEL, 1, IGNORED_LABEL, 0, IGNORED_LABEL]
    assert feature["example_ids"] == 0
    assert encoded.windows[0].positions == (1, 3)
    assert {"input_ids", "attention_mask"} <= feature.keys() and "offset_mapping" not in feature


@given(st.lists(WORDS, min_size=1, max_size=5), st.integers(4, 20), st.integers(1, 3))
def test_encoding_and_decoding_gives_every_word_its_tag_however_sentences_are_split(
    rows, max_length, batch_size
) -> None:
    sentences = [_sentence(*row) for row in rows]
    encoded = encode_tagged(sentences, TOKENIZER, LABELS, max_length, batch_size=batch_size)
    assert all(len(feature["input_ids"]) <= max_length for feature in encoded.features)
    decoded = _decode(encoded)
    for sentence, tags in zip(sentences, decoded, strict=True):
        seen = [tag if word != "\u200b" else "O" for word, tag in zip(sentence.words, sentence.tags, strict=True)]
        assert tags == seen
    covered = [
        (window.sentence, window.first_word + offset)
        for window in encoded.windows
        for offset in range(len(window.positions))
    ]
    assert covered == [(i, j) for i, sentence in enumerate(sentences) for j in range(len(sentence.words))]
    assert encoded.report.silent_words == sum(word == "\u200b" for row in rows for word, _ in row)


def test_the_report_counts_split_sentences_cut_words_and_words_without_subwords() -> None:
    long = _sentence(*[("abcd", "B-X")] * 3, ("abcdefgh", "O"))
    encoded = encode_tagged([_sentence(("a", "O"), ("\u200b", "B-X")), long], TOKENIZER, LABELS, max_length=8)
    report = encoded.report
    assert (report.sentences, report.words, report.features) == (2, 6, 5)
    assert (report.split_sentences, report.cut_words, report.silent_words) == (1, 1, 1)
    assert [feature["example_ids"] for feature in encoded.features] == [0, 1, 1, 1, 1]


def test_a_window_holds_as_many_words_as_fit() -> None:
    encoded = encode_tagged([_sentence(*[("abc", "O")] * 5)], TOKENIZER, LABELS, max_length=8)
    assert [len(window.positions) for window in encoded.windows] == [2, 2, 1]


def test_label_ids_begin_with_the_outside_tag() -> None:
    task = NamedEntityTask("ner", "f1")
    task.learn_labels([_sentence(("a", "B-X"), ("b", "O"), ("c", "I-X"))])
    assert task.label_ids == LABELS


def test_bad_input_is_refused() -> None:
    good = [_sentence(("a", "O"))]
    with pytest.raises(DataError, match="sentence 0: expected one tag"):
        encode_tagged([TaggedSentence((), ())], TOKENIZER, LABELS, 8)
    with pytest.raises(DataError, match="got 'B-Y'"):
        encode_tagged([_sentence(("a", "B-Y"))], TOKENIZER, LABELS, 8)
    with pytest.raises(SettingsError, match="max_length"):
        encode_tagged(good, TOKENIZER, LABELS, 2)
    encoded = encode_tagged(good, TOKENIZER, LABELS, 8)
    with pytest.raises(DataError, match="logits for 1 features, got 0"):
        word_logits([], encoded, len(LABELS))
    for shape in ((1, 3), (3, 2)):
        with pytest.raises(DataError, match=r"expected logits of shape \(2, 3\), got"):
            word_logits([np.zeros(shape)], encoded, len(LABELS))
