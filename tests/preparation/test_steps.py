"""What holds for every step and every kind of task."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charbert.config.data.preparation import (
    AugmentationSettings,
    BalanceSettings,
    Conflict,
    DuplicateSettings,
    EmptySettings,
    Finding,
    LabelSettings,
    LeakageSettings,
    LengthSettings,
    NearSettings,
    Sampling,
    UnicodeForm,
    UnicodeSettings,
)
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.data.readers.squad import Answer, Question
from charbert.preparation.adapter import ExampleAdapter
from charbert.preparation.augmentation import Augment
from charbert.preparation.balance import Balance
from charbert.preparation.cleaning import CleanLabels, DropEmpty, DropLengthOutliers, DropUnfit, RepairUnicode
from charbert.preparation.duplicates import DropDuplicates, FindLeakage
from charbert.preparation.report import describe_set, listings
from charbert.preparation.steps import Outcome, Row, Step, run_steps
from charbert.tasks.answering.adapter import QuestionAdapter
from charbert.tasks.classification.adapter import LabeledAdapter
from charbert.tasks.tagging.adapter import TaggedAdapter

WORDS = ["Ada", "Lind", "in", "Malmö", "ships", "counted", "CafÃ©", "&amp;", "well-known", ",", "nan", "ﬁne"]
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9)
SYNONYMS = {"ships": ["boats"], "counted": ["numbered", "told"], "ada": ["Eva"]}
NEAR = NearSettings(min_words=3)
HELD_OUT = {"test": [("test:1", ("Ada Lind counted ships",))]}

STEPS: list[Step] = [
    RepairUnicode(UnicodeSettings(form=UnicodeForm.nfkc)),
    DropEmpty(EmptySettings()),
    CleanLabels(LabelSettings(aliases={"LOC": "PLACE"})),
    DropLengthOutliers(LengthSettings(min_words=2, max_words=7)),
    DropDuplicates(DuplicateSettings(Conflict.majority), NEAR),
    FindLeakage(LeakageSettings(Finding.drop), NEAR, HELD_OUT),
    Augment(AugmentationSettings(share=1.0, copies=2, contexts=True), 3, SYNONYMS),
    DropUnfit(),
]


@st.composite
def tagged_sentences(draw: st.DrawFn) -> TaggedSentence:
    """A sentence with entities in IOB2; the part of speech of a word is its position."""
    words = draw(SENTENCE)
    tags: list[str] = []
    for _ in words:
        inside = [f"I-{tags[-1][2:]}"] if tags and tags[-1] != "O" else []
        tags.append(draw(st.sampled_from(["O", "B-PER", "B-LOC", *inside])))
    return TaggedSentence(tuple(words), tuple(tags), tuple(map(str, range(len(words)))))


@st.composite
def labeled_texts(draw: st.DrawFn) -> LabeledText:
    label = draw(st.sampled_from(["yes", "no", " Yes", "null"]))
    return LabeledText(" ".join(draw(SENTENCE)), " ".join(draw(SENTENCE)), label)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A question with answers anywhere in its context, in the middle of words too."""
    context = " ".join(draw(st.lists(st.sampled_from(WORDS), min_size=3, max_size=14)))
    answers = []
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(context) - 1))
        answers.append(Answer(context[start : draw(st.integers(start + 1, len(context)))], start))
    name = draw(st.uuids()).hex
    return Question(name, " ".join(draw(SENTENCE)), context, tuple(answers))


KINDS: list[tuple[ExampleAdapter[Any], st.SearchStrategy[Any]]] = [
    (TaggedAdapter(entities=True), tagged_sentences()),
    (LabeledAdapter(), labeled_texts()),
    (QuestionAdapter(no_answers=True), questions()),
]
SETS = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(st.just(kind[0]), st.lists(kind[1], min_size=1, max_size=12))
)


def rows_of(examples: list[Any]) -> list[Row]:
    return [Row(example, index, f"file:{index + 1}") for index, example in enumerate(examples)]


@settings(max_examples=40, deadline=None)
@given(SETS)
def test_nothing_is_lost(drawn: tuple[ExampleAdapter[Any], list[Any]]) -> None:
    adapter, examples = drawn
    prepared = run_steps(rows_of(examples), STEPS, adapter)
    originals = [row.index for row in prepared.rows if not row.added_by]
    assert Counter(originals + [example.index for example in prepared.dropped if not example.added_by]) == Counter(
        range(len(examples))
    )
    added = sum(report.added for report in prepared.reports)
    assert len(prepared.rows) + len(prepared.dropped) == len(examples) + added
    for report in prepared.reports:
        assert report.rows_in + report.added == report.rows_out + sum(report.dropped.values())
    described = describe_set(adapter, rows_of(examples), prepared)
    assert described["examples"] == {"before": len(examples), "after": len(prepared.rows)}


@settings(max_examples=15, deadline=None)
@given(SETS)
def test_the_same_seed_gives_the_same_bytes_and_examples_are_not_altered(
    drawn: tuple[ExampleAdapter[Any], list[Any]],
) -> None:
    adapter, examples = drawn
    before = [adapter.describe(example) for example in examples]
    first, second = (run_steps(rows_of(examples), STEPS, adapter) for _ in range(2))
    assert first.rows == second.rows
    assert listings({"train": first}) == listings({"train": second})
    assert [adapter.describe(example) for example in examples] == before


@settings(max_examples=50, deadline=None)
@given(SETS)
def test_prepared_examples_fit_the_task_and_labels_stay_with_their_words(
    drawn: tuple[ExampleAdapter[Any], list[Any]],
) -> None:
    adapter, examples = drawn
    normalized = run_steps(rows_of(examples), [STEPS[0]], adapter).rows
    for row in run_steps(normalized, [STEPS[6]], adapter).rows:
        assert adapter.problem(row.example) == ""
        source = next(row_before.example for row_before in normalized if row_before.index == row.index)
        if isinstance(source, TaggedSentence):
            assert source.pos is not None
            place_of = [source.pos.index(pos) for pos in row.example.pos]  # where each word stood
            assert [source.tags[at][2:] for at in place_of] == [tag[2:] for tag in row.example.tags]
            assert source_entities(source) == source_entities(row.example)
        elif isinstance(source, Question):
            assert [answer.text for answer in row.example.answers] == [answer.text for answer in source.answers]
        else:
            assert row.example.label == source.label


def source_entities(sentence: TaggedSentence) -> list[str]:
    return [tag for tag in sentence.tags if tag != "O"]


@settings(max_examples=40, deadline=None)
@given(SETS, st.sampled_from(Sampling), st.sampled_from([1.0, 0.5]))
def test_balance_is_exact(drawn: tuple[ExampleAdapter[Any], list[Any]], sampling: Sampling, ratio: float) -> None:
    adapter, examples = drawn
    before = Counter(adapter.classes(examples))
    if len(before) < 2:
        return
    prepared = run_steps(rows_of(examples), [Balance(BalanceSettings(sampling, ratio), 1)], adapter)
    classes = adapter.classes(examples)
    rows_of_class = Counter(classes[row.index] for row in prepared.rows)
    largest, smallest = max(before.values()), min(before.values())
    for name, count in before.items():
        over = max(count, round(ratio * largest))
        assert rows_of_class[name] == (over if sampling is Sampling.over else min(count, round(smallest / ratio)))
    assert prepared.reports[0].notes == {name: [before[name], rows_of_class[name]] for name in before}


def test_names_of_copies_are_new() -> None:
    rows = rows_of(
        [
            LabeledText(f"a text number {i}", None, "yes" if i else "no", row_id=name)
            for i, name in enumerate(["1", "2", "1-b1"])
        ]
    )
    prepared = run_steps(rows, [Balance(BalanceSettings(), 0)], LabeledAdapter())
    names = [row.example.row_id for row in prepared.rows]
    assert len(set(names)) == len(names) == 4


def test_a_step_that_loses_rows_is_caught() -> None:
    class Careless(Step):
        name = "careless"

        def apply(self, rows: Any, adapter: Any) -> Outcome:
            return Outcome(list(rows)[1:])

    with pytest.raises(AssertionError, match="careless lost rows"):
        run_steps(rows_of([LabeledText("a", None, "x")] * 2), [Careless()], LabeledAdapter())
