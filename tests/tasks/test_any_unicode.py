"""What every task promises for whatever characters its examples are made of."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charbert.config.data.sets import ColumnSettings, SpanSettings, TaskKind, TaskSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.data.readers.squad import Answer, Question
from charbert.errors import DataError
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.attack import Attack
from charbert.noise.nlm import NlmNoise, ReleasedNlmNoise
from charbert.tasks.catalog import build_task
from charbert.tasks.task import Task
from charbert.text.char_vocab import CharVocab

ODD = "aeKkzŻé #'.-\u0301\u0308\u200d\u200f\u202e\ufeff\0\x1f\x7f\x85\u2028אبहि😀👩日本"
CHARACTERS = st.one_of(st.characters(codec="utf-8"), st.sampled_from(ODD))
TEXTS = st.text(CHARACTERS, max_size=30)
LINES = st.text(CHARACTERS.filter(lambda character: character not in "\t\r\n"), min_size=1, max_size=30).filter(
    str.strip
)
WORDS = LINES.map(lambda text: text.strip(" \t\r")).filter(lambda word: word and not word.startswith("-DOCSTART-"))
NOISE = st.sampled_from([Attack(), NlmNoise(1.0), ReleasedNlmNoise(1.0)])

entities = st.lists(st.tuples(WORDS, st.sampled_from(["O", "B-PER", "B-LOC"])), min_size=1, max_size=4)
speech = st.lists(st.tuples(WORDS, st.sampled_from(["NN", "VB", "``"])), min_size=1, max_size=4)


def sentence(pairs: list[tuple[str, str]]) -> TaggedSentence:
    return TaggedSentence(*(tuple(column) for column in zip(*pairs, strict=True)))


@st.composite
def question(draw: st.DrawFn) -> Question:
    context = draw(st.text(CHARACTERS, min_size=1, max_size=40).filter(str.strip))
    start = draw(st.integers(0, len(context) - 1))
    stop = draw(st.integers(start + 1, len(context)))
    answers = draw(st.sampled_from([(), (Answer(context[start:stop], start),)]))
    return Question("", draw(TEXTS), context, answers)


pair = st.builds(LabeledText, LINES, LINES, st.sampled_from(["yes", "no"]))
EXAMPLES: dict[TaskKind, st.SearchStrategy[Any]] = {
    TaskKind.tagging: entities.map(sentence),
    TaskKind.pos_tagging: speech.map(sentence),
    TaskKind.classification: pair,
    TaskKind.question_answering: question(),
}
PAIRS = ColumnSettings(first="one", second="two", label="label", row_id="id", label_names={"no": "no", "yes": "yes"})
METRICS = {"classification": "accuracy", "question_answering": "best_f1", "pos_tagging": "accuracy", "tagging": "f1"}

any_unicode = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def tasks(draw: st.DrawFn) -> tuple[Task[Any, Any], list[Any]]:
    """Return a task that knows its labels, and examples with names of their own."""
    kind = draw(st.sampled_from(list(TaskKind)))
    spans = SpanSettings(no_answers=True, document_stride=8)
    task = build_task(TaskSettings("any", kind, METRICS[kind.value], columns=PAIRS, spans=spans))
    examples = draw(st.lists(EXAMPLES[kind], min_size=1, max_size=3))
    for number, example in enumerate(examples):
        if kind is TaskKind.classification:
            examples[number] = LabeledText(example.first, example.second, example.label, str(number))
        if kind is TaskKind.question_answering:
            examples[number] = Question(str(number), example.question, example.context, example.answers)
    task.learn_labels(examples)
    return task, examples


def content(examples: list[Any]) -> list[Any]:
    """Return examples without where they stood."""
    if isinstance(examples[0], TaggedSentence):
        return [(example.words, example.tags) for example in examples]
    return examples


@any_unicode
@given(given_task=tasks())
def test_written_examples_are_read_back_unchanged(given_task: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    task, examples = given_task
    path = tmp_path_factory.mktemp("any") / "file"
    task.write(path, examples)
    assert content(task.read(path)) == content(examples)


@any_unicode
@given(given_task=tasks(), noise=NOISE, seed=st.integers(0, 2**63 - 1))
def test_noise_keeps_examples_labels_and_answers_aligned(given_task: Any, noise: Any, seed: int) -> None:
    task, examples = given_task
    before = content(list(examples))
    attacked, edits = task.attack(examples, noise, seed)
    task.check_aligned(examples, attacked, Path("attacked"))
    assert content(examples) == before
    assert len(edits) == len(examples)
    assert task.attack(examples, noise, seed) == (attacked, edits)
    if not any(edits):
        assert attacked == examples
    for example, attacked_example in zip(examples, attacked, strict=True):
        if isinstance(example, Question):
            assert (example.context, example.answers) == (attacked_example.context, attacked_example.answers)
        elif isinstance(example, LabeledText):
            assert example.label == attacked_example.label
        else:
            assert (example.tags, len(example.words)) == (attacked_example.tags, len(attacked_example.words))


@any_unicode
@given(given_task=tasks(), max_length=st.integers(16, 40))
def test_every_example_is_encoded_and_gets_its_prediction(
    given_task: Any, max_length: int, uncased_tokenizer: Any, char_vocab: CharVocab
) -> None:
    task, examples = given_task
    processor = CharBertTokenizer(uncased_tokenizer, char_vocab)
    try:
        encoded = task.encode(examples, processor, max_length)
    except DataError as error:  # a question without a subword cannot be asked
        assert "subwords" in str(error) or "subword" in str(error)
        return
    for feature in encoded.features:
        starts, ends, chars = (feature[name] for name in ("start_ids", "end_ids", "char_input_ids"))
        assert len(feature["input_ids"]) == len(starts) == len(ends) <= max_length
        assert all(0 <= start <= end < len(chars) for start, end in zip(starts, ends, strict=True))
        assert all(end < start for end, start in zip(ends, starts[1:], strict=False))
