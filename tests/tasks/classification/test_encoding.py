import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from charbert.batch import EXAMPLE_IDS
from charbert.config.data.sets import ColumnSettings
from charbert.data.readers.glue import LabeledText
from charbert.errors import DataError
from charbert.model.tokenization import CharBertTokenizer
from charbert.tasks.classification.encoding import decode_labels, encode_pairs
from charbert.tasks.classification.task import ClassificationTask
from charbert.text.char_vocab import CharVocab

IDS = {"no": 0, "yes": 1}


@pytest.fixture
def processor(wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab) -> CharBertTokenizer:
    return CharBertTokenizer(wordpiece_tokenizer, char_vocab)


def rows(sentences: tuple[str, ...], pairs: bool) -> list[LabeledText]:
    labels = ("yes", "no") * len(sentences)
    seconds = sentences[::-1] if pairs else [None] * len(sentences)
    return [LabeledText(*row) for row in zip(sentences, seconds, labels, strict=False)]


@pytest.mark.parametrize("pairs", [False, True])
def test_batches_give_the_same_features_as_single_calls(
    processor: CharBertTokenizer, sentences: tuple[str, ...], pairs: bool
) -> None:
    examples = rows(sentences, pairs)
    encoded = encode_pairs(examples, processor, IDS, 24, batch_size=3)
    for number, (example, feature) in enumerate(zip(examples, encoded.features, strict=True)):
        alone = processor(example.first, example.second, truncation=True, max_length=24)
        assert {name: feature[name] for name in alone} == dict(alone)
        assert (feature["labels"], feature[EXAMPLE_IDS]) == (IDS[example.label], number)
    lengths = [len(processor(example.first, example.second)["input_ids"]) for example in examples]
    assert encoded.report["cut_examples"] == sum(length > 24 for length in lengths) > 0


def test_an_unknown_label_is_refused_with_its_place(processor: CharBertTokenizer) -> None:
    example = LabeledText("Keep the keys.", None, "perhaps", place="test.tsv:9")
    with pytest.raises(DataError, match=r"test\.tsv:9: expected a label of \['no', 'yes'\], got 'perhaps'"):
        encode_pairs([example], processor, IDS, 24)


def test_pairs_and_single_texts_are_not_mixed(processor: CharBertTokenizer) -> None:
    with pytest.raises(DataError, match="1 pairs of 2"):
        encode_pairs([LabeledText("a", None, "no"), LabeledText("a", "b", "no")], processor, IDS, 24)


def test_logits_become_the_names_of_labels() -> None:
    first, second = decode_labels([np.array([0.0, 2.0]), np.array([800.0, 1.0])], ["no", "yes"])
    assert (first.label, first.probability) == ("yes", pytest.approx(1 / (1 + np.exp(-2))))
    assert (second.label, second.probability) == ("no", pytest.approx(1.0))
    with pytest.raises(DataError, match="prediction 0: expected 3 logits"):
        decode_labels([np.array([0.1, 2.0])], ["a", "b", "c"])


def test_labels_are_numbered_in_alphabetical_order() -> None:
    task = ClassificationTask("sst2", "accuracy", ColumnSettings())
    task.learn_labels([LabeledText("x", None, label) for label in ("b", "c", "a", "b")])
    assert task.label_ids == {"a": 0, "b": 1, "c": 2}
