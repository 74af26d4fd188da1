from collections.abc import Sequence

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from charbert.batch import EXAMPLE_IDS
from charbert.data.collate import PadCollator
from charbert.data.readers.squad import Answer, Question
from charbert.errors import DataError, SettingsError
from charbert.model.tokenization import CharBertTokenizer
from charbert.tasks.answering.decoding import decode_spans
from charbert.tasks.answering.encoding import EncodedQuestions, encode_questions
from charbert.text.char_vocab import CharVocab


@pytest.fixture(params=["wordpiece_tokenizer", "uncased_tokenizer", "bpe_tokenizer"])
def processor(request: pytest.FixtureRequest, char_vocab: CharVocab) -> CharBertTokenizer:
    tokenizer: PreTrainedTokenizerFast = request.getfixturevalue(request.param)
    return CharBertTokenizer(tokenizer, char_vocab)


def ask(context: str, *answers: str, question: str = "Who counted the ships?", name: str = "q") -> Question:
    return Question(name, question, context, tuple(Answer(text, context.index(text)) for text in answers))


def encode(
    questions: Sequence[Question], processor: CharBertTokenizer, max_length: int = 48, stride: int = 8
) -> EncodedQuestions:
    return encode_questions(
        questions, processor, max_length, document_stride=stride, max_question_length=12, batch_size=2
    )


def gold_logits(encoded: EncodedQuestions) -> list[np.ndarray]:
    """Return logits that point at the labels of each window."""
    logits = []
    for feature in encoded.features:
        row = np.zeros((len(feature["input_ids"]) + 3, 2))  # three places of padding
        row[feature["start_positions"], 0] = row[feature["end_positions"], 1] = 5.0
        logits.append(row)
    return logits


def questions_about(sentences: Sequence[str]) -> list[Question]:
    long = " ".join(sentences)
    return [
        ask(long, "seven ships", name="a"),
        ask(long, "Île-de-Bréhat", "Bréhat", question="Where to?", name="b"),
        ask(sentences[0], "lighthouse keeper", name="c"),
        ask("  Keep\u00a0the keys,   keep the kettle.  ", "keys,   keep", name="d"),
        ask(sentences[4], question="Is there an answer?", name="e"),
        ask(long, "signs open the next one.", name="f"),
    ]


def test_gold_positions_decode_to_the_gold_answers(processor: CharBertTokenizer, sentences: tuple[str, ...]) -> None:
    questions = questions_about(sentences)
    encoded = encode(questions, processor)
    predictions = decode_spans(gold_logits(encoded), encoded, n_best=20, max_answer_length=30)
    for question, prediction in zip(questions, predictions, strict=True):
        if question.answers:
            assert question.answers[0].text in prediction.text.join("  ")
            assert abs(len(prediction.text) - len(question.answers[0].text)) <= 1  # a "." may share a subword
        assert all(
            candidate.text == question.context[candidate.start : candidate.end] for candidate in prediction.candidates
        )
        assert (prediction.null_difference > 0) == (not question.answers)


def test_every_word_of_a_long_context_is_in_a_window_and_owned_once(
    processor: CharBertTokenizer, sentences: tuple[str, ...]
) -> None:
    questions = questions_about(sentences)
    encoded = encode(questions, processor)
    whole = processor([question.context for question in questions], return_offsets_mapping=True, truncation=False)
    for index, offsets in enumerate(whole["offset_mapping"]):
        parts = whole.sequence_ids(index)
        ends = [end for (_, end), part in zip(offsets, parts, strict=True) if part == 0]
        covers = [window for window in encoded.windows if window.example == index]
        assert sorted(end for window in covers for end in window.offsets[window.owned, 1]) == ends
    assert encoded.report.split_contexts >= 3
    assert all(len(feature["input_ids"]) <= 48 for feature in encoded.features)


def test_windows_begin_a_stride_apart(processor: CharBertTokenizer, sentences: tuple[str, ...]) -> None:
    encoded = encode([ask(" ".join(sentences))], processor, stride=5)
    first_ends = [window.offsets[window.offsets[:, 0] >= 0][0, 1] for window in encoded.windows]
    alone = processor([" ".join(sentences)], add_special_tokens=False, return_offsets_mapping=True)
    ends = [end for _, end in alone["offset_mapping"][0][::5]]
    assert first_ends == pytest.approx(ends[: len(first_ends)], abs=1)  # offsets of a bare space vary by one


def test_features_are_in_the_order_of_the_questions(processor: CharBertTokenizer, sentences: tuple[str, ...]) -> None:
    encoded = encode(questions_about(sentences), processor)
    owners = [feature[EXAMPLE_IDS] for feature in encoded.features]
    assert owners == sorted(owners) == [window.example for window in encoded.windows]
    assert set(owners) == set(range(6))


def test_a_batch_can_be_collated(processor: CharBertTokenizer, sentences: tuple[str, ...]) -> None:
    encoded = encode(questions_about(sentences), processor)
    batch = PadCollator(processor.pad_values)(encoded.features)
    assert batch["start_positions"].shape == (len(encoded.features),)
    assert batch["char_input_ids"].shape[0] == len(encoded.features)


def test_long_questions_are_cut_to_half_of_the_subwords(
    processor: CharBertTokenizer, sentences: tuple[str, ...]
) -> None:
    encoded = encode([ask(sentences[0], question=" ".join(sentences))], processor, max_length=24)
    assert encoded.report.cut_questions == 1
    assert all((window.offsets[:, 0] >= 0).sum() >= 1 for window in encoded.windows)


def test_an_answer_that_no_window_holds_is_counted(processor: CharBertTokenizer, sentences: tuple[str, ...]) -> None:
    context = " ".join(sentences)
    encoded = encode([ask(context, context[:200])], processor)
    assert encoded.report.unseen_answers == 1
    assert all(feature["start_positions"] == 0 for feature in encoded.features)


@pytest.mark.parametrize("answer", ["cafe\u0301", "cafe\u0301 and a the\u0301", "a the\u0301"])
def test_answers_keep_the_marks_of_their_last_letter(processor: CharBertTokenizer, answer: str) -> None:
    question = ask("Ada kept a cafe\u0301 and a the\u0301", answer, question="What?")
    encoded = encode([question], processor)
    assert encoded.report.unseen_answers == 0
    (prediction,) = decode_spans(gold_logits(encoded), encoded, n_best=20, max_answer_length=30)
    assert prediction.text == answer


@pytest.mark.parametrize("answer", ["  Keep the", "the keys. "])
def test_white_space_around_an_answer_is_no_part_of_it(processor: CharBertTokenizer, answer: str) -> None:
    encoded = encode([ask("  Keep the keys. ", answer)], processor)
    assert encoded.report.unseen_answers == 0
    assert decode_spans(gold_logits(encoded), encoded, n_best=1, max_answer_length=9)[0].text == answer.strip()


def test_moved_answers_are_counted(processor: CharBertTokenizer) -> None:
    question = Question("q", "Who?", "Keep the keys.", (Answer("keys", 9, moved=True),))
    assert encode([question], processor).report.moved_answers == 1


def test_padding_and_order_of_windows_do_not_change_predictions(
    processor: CharBertTokenizer, sentences: tuple[str, ...]
) -> None:
    encoded = encode(questions_about(sentences), processor)
    rng = np.random.default_rng(0)
    plain = [rng.normal(size=(len(feature["input_ids"]), 2)) for feature in encoded.features]
    padded = [np.concatenate([row, np.full((7, 2), 99.0)]) for row in plain]
    options = {"n_best": 20, "max_answer_length": 30}
    assert decode_spans(plain, encoded, **options) == decode_spans(padded, encoded, **options)


def test_the_best_span_is_the_best_of_all_spans(processor: CharBertTokenizer, sentences: tuple[str, ...]) -> None:
    encoded = encode([ask(sentences[0])], processor, max_length=64)
    (window,), rng = encoded.windows, np.random.default_rng(1)
    logits = rng.normal(size=(len(window.owned), 2))
    (prediction,) = decode_spans([logits], encoded, n_best=20, max_answer_length=4)
    places = np.flatnonzero(window.owned)
    best = max(logits[i, 0] + logits[j, 1] for i in places for j in places if i <= j < i + 4)
    assert prediction.candidates[0].score == pytest.approx(best)
    assert prediction.null_difference == pytest.approx(logits[0].sum() - best)
    assert len(prediction.candidates) <= 20
    assert len({candidate.text for candidate in prediction.candidates}) == len(prediction.candidates)
    scores = [candidate.score for candidate in prediction.candidates]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("least", ["first", "middle", "last"])
def test_the_lowest_no_answer_score_of_all_windows_counts(
    processor: CharBertTokenizer, sentences: tuple[str, ...], least: str
) -> None:
    encoded = encode([ask(" ".join(sentences))], processor)
    logits = [np.zeros((len(feature["input_ids"]), 2)) for feature in encoded.features]
    assert len(logits) >= 3
    lowest = {"first": 0, "middle": len(logits) // 2, "last": len(logits) - 1}[least]
    for number, row in enumerate(logits):
        row[0] = 4.0 + abs(number - lowest)
    (prediction,) = decode_spans(logits, encoded, n_best=1, max_answer_length=5)
    assert prediction.null_difference == pytest.approx(8.0)


def test_logits_that_do_not_fit_are_refused(processor: CharBertTokenizer, sentences: tuple[str, ...]) -> None:
    encoded = encode([ask(sentences[0])], processor)
    with pytest.raises(DataError, match=r"for 1 features, got 0"):
        decode_spans([], encoded, n_best=1, max_answer_length=5)
    with pytest.raises(DataError, match=r"prediction 0: expected logits of shape"):
        decode_spans([np.zeros((3, 2))], encoded, n_best=1, max_answer_length=5)
    with pytest.raises(DataError, match="did training diverge"):
        decode_spans([np.full((99, 2), np.nan)], encoded, n_best=1, max_answer_length=5)


def test_texts_without_subwords_are_refused_by_name(processor: CharBertTokenizer) -> None:
    for blank in ("", " ", " \n"):
        with pytest.raises(DataError, match="expected a question with subwords"):
            encode([ask("Keep the keys.", question=blank)], processor)
        with pytest.raises(DataError, match="expected a context with subwords"):
            encode([ask(blank)], processor)
    with pytest.raises(SettingsError, match="room for question and context"):
        encode([ask("Keep the keys.")], processor, max_length=4)
