"""Tagged spans of raw text."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charbert.data.readers.conll import TaggedSentence
from charbert.deploy.predict.predictor import Predictor
from charbert.errors import CheckpointError
from charbert.metrics.tagging import paired_entities
from charbert.model.tokenization import CharBertTokenizer
from charbert.tasks.head import TextInput, Usage
from charbert.tasks.tagging.entities import NamedEntityTask
from charbert.tasks.tagging.reader import TagReader
from charbert.text.words import words_of

TAGS = ("O", "B-LOC", "B-PER", "I-LOC", "I-PER")


@pytest.fixture(scope="module")
def predictor(tagger: Path) -> Predictor:
    return Predictor.load(tagger, batch_size=3, max_length=64)


@settings(max_examples=25, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("abz É́\u200b.'\n\t\x00😀\ud800İß"), max_size=60))
def test_the_text_of_a_span_is_at_its_place_in_the_original_text(predictor: Predictor, text: str) -> None:
    (output,) = predictor.predict([text])
    for before, after in pairwise(output.spans):
        assert before.end <= after.start
    for span in output.spans:
        assert span.text == text[span.start : span.end] != ""
        assert span.type in ("LOC", "PER")
        assert 0 < span.score <= 1


def test_spans_equal_those_of_the_evaluation(predictor: Predictor, sentences: tuple[str, ...]) -> None:
    task = NamedEntityTask("ner", "f1")
    task.labels = list(predictor.labels)
    words = [tuple(words_of(sentence)) for sentence in sentences]
    encoded = task.encode([TaggedSentence(row, ("O",) * len(row)) for row in words], predictor.processor, 64)
    assert not encoded.report["split_sentences"]  # which the evaluation cuts otherwise
    tags = task.decode(predictor._run(encoded.features, None), encoded)
    normalized = [["B" + tag[1:] if _starts(row, at) else tag for at, tag in enumerate(row)] for row in tags]
    entities = [
        sorted((entity.kind, entity.first, entity.end) for entity in row)
        for row in paired_entities(normalized, normalized)[0]
    ]
    predicted = []
    for sentence, output in zip(sentences, predictor.predict(sentences), strict=True):
        ends = [len(words_of(sentence[: span.end])) for span in output.spans]
        starts = [len(words_of(sentence[: span.start])) for span in output.spans]
        predicted.append(sorted(zip([span.type for span in output.spans], starts, ends, strict=True)))
    assert predicted == entities
    assert sum(map(len, entities)) > 5


def _starts(tags: list[str], at: int) -> bool:
    """Whether an I- continues nothing; in the evaluation it starts nothing, here an entity."""
    return tags[at].startswith("I-") and (at == 0 or tags[at - 1][2:] != tags[at][2:])


def test_batches_and_their_order_do_not_change_predictions(tagger: Path, sentences: tuple[str, ...]) -> None:
    unbatched = Predictor.load(tagger, batch_size=1)
    many = Predictor.load(tagger, batch_size=5)
    single = [unbatched.predict([sentence])[0] for sentence in sentences]
    for outputs in (many.predict(sentences), many.predict(sentences[::-1])[::-1]):
        for expected, output in zip(single, outputs, strict=True):
            assert [(span.type, span.start, span.end) for span in expected.spans] == [
                (span.type, span.start, span.end) for span in output.spans
            ]
            assert [span.score for span in output.spans] == pytest.approx(
                [span.score for span in expected.spans], abs=1e-5
            )


def _word_logits(word: str) -> np.ndarray:
    """What a model that looks at the word alone would say."""
    tag = {"Ada": "B-PER", "King": "I-PER", "Lovelace": "I-PER", "Rome": "B-LOC"}.get(word, "O")
    return 5.0 * np.eye(len(TAGS))[TAGS.index(tag)]


def test_a_long_text_gives_the_same_entities_as_one_without_a_limit(
    uncased_tokenizer: object, char_vocab: object
) -> None:
    processor = CharBertTokenizer(uncased_tokenizer, char_vocab)  # type: ignore[arg-type]
    text = " ".join(f"{'so ' * (number % 5)}Ada King Lovelace saw Rome ," for number in range(40))
    outputs = []
    for length in (32, 40, 4096):
        reader = TagReader(processor, TAGS, Usage("token_classification", length))
        encoded = reader.encode([TextInput("Rome"), TextInput(""), TextInput(text)])
        assert (len(encoded.features) > 2) == (length < 4096)
        assert all(len(feature["input_ids"]) <= length for feature in encoded.features)
        logits = []
        sentences = [words_of("Rome"), words_of(text)]
        of_piece = iter([number for number, _ in encoded.origin.pieces])
        for window, (_, first) in zip(encoded.origin.encoded.windows, encoded.origin.pieces, strict=True):
            words = sentences[min(next(of_piece), 1)][first:]
            row = np.zeros((length, len(TAGS)))
            for offset, position in enumerate(window.positions):
                row[position] = _word_logits(words[offset])
            logits.append(row)
        outputs.append(reader.decode(logits, encoded))
    assert outputs[0] == outputs[1] == outputs[2]
    texts = [span.text for span in outputs[0][2].spans]
    assert texts == ["Ada King Lovelace", "Rome"] * 40
    assert outputs[0][1].spans == ()


def test_tags_that_are_no_entities_give_each_word_a_span(save_model, sentences: tuple[str, ...]) -> None:
    predictor = Predictor.load(save_model("token_classification", labels=("ADJ", "NOUN", "PUNCT", "VERB")))
    (output,) = predictor.predict([sentences[0]])
    assert [span.text for span in output.spans] == words_of(sentences[0])
    assert {span.type for span in output.spans} <= {"ADJ", "NOUN", "PUNCT", "VERB"}


def test_a_word_without_a_subword_has_a_tag_of_the_model(save_model, uncased_tokenizer, char_vocab) -> None:
    predictor = Predictor.load(save_model("token_classification", labels=("ADJ", "NOUN", "PUNCT", "VERB")))
    (silent,) = predictor.predict([{"words": ["\u200b"]}])
    assert silent.tags == ("ADJ",)
    processor = CharBertTokenizer(uncased_tokenizer, char_vocab)
    for labels, expected in ((["ADJ", "NOUN"], "NOUN"), (["ADJ", "NOUN", "O"], "O")):
        reader = TagReader(processor, labels, Usage("token_classification", 32))
        encoded = reader.encode([TextInput("a \u0301 b", words=("a", "\u0301", "b"))])
        logits = np.zeros((4, len(labels)))
        logits[:, 1] = 1
        (output,) = reader.decode([logits], encoded)
        assert output.tags == ("NOUN", expected, "NOUN")


def test_a_plain_trunk_predicts_tags(plain_tagger: Path, sentences: tuple[str, ...]) -> None:
    outputs = Predictor.load(plain_tagger).predict(sentences)
    assert sum(len(output.spans) for output in outputs) > 3


def test_words_are_tagged_as_they_are_given(predictor: Predictor, sentences: tuple[str, ...]) -> None:
    listed = predictor.predict([{"words": words_of(sentence)} for sentence in sentences])
    texts = predictor.predict([" ".join(words_of(sentence)) for sentence in sentences])
    for sentence, output, same in zip(sentences, listed, texts, strict=True):
        assert len(output.tags) == len(words_of(sentence))
        assert set(output.tags) <= set(TAGS)
        assert [(span.text, span.start) for span in output.spans] == [(span.text, span.start) for span in same.spans]
    words = ["Zürich,", "", "New York", "."]
    (output,) = predictor.predict([{"words": words}])
    assert len(output.tags) == 4
    assert all(span.text == " ".join(words)[span.start : span.end] for span in output.spans)
    assert predictor.predict([{"words": words, "text": " ".join(words)}]) == [output]
    assert predictor.predict([{"words": []}])[0].tags == ()


def test_raw_text_is_cut_into_the_words_of_training(save_model, sentences: tuple[str, ...]) -> None:
    labels = ("ADJ", "NOUN", "PUNCT", "VERB")
    spaces = Predictor.load(save_model("token_classification", labels=labels, words={"unit": "spaces"}))
    (output,) = spaces.predict([sentences[0]])
    assert [span.text for span in output.spans] == sentences[0].split()
    single = Predictor.load(save_model("token_classification", labels=labels, words={"unit": "unsegmented"}))
    (output,) = single.predict(["日本 is far"])
    assert [span.text for span in output.spans] == ["日", "本", "is", "far"]


def test_a_damaged_rule_for_words_is_refused(save_model) -> None:
    with pytest.raises(CheckpointError, match="expected a rule for words"):
        Predictor.load(save_model("token_classification", words={"unit": "syllables"}))
