from collections.abc import Callable

import pytest

from charbert.config.data.preparation import EmptySettings, LabelSettings, LengthSettings, UnicodeForm, UnicodeSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.data.readers.squad import Answer, Question
from charbert.preparation.cleaning import (
    CleanLabels,
    DropEmpty,
    DropLengthOutliers,
    DropUnfit,
    RepairUnicode,
    build_normalizer,
)
from charbert.preparation.steps import Prepared
from charbert.tasks.answering.adapter import QuestionAdapter
from charbert.tasks.classification.adapter import LabeledAdapter
from charbert.tasks.tagging.adapter import TaggedAdapter

Apply = Callable[..., Prepared]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("MalmÃ¶ and KrakÃ³w", "Malmö and Kraków"),
        ("cafe\u0301", "café"),
        ("salt &amp; pepper", "salt & pepper"),
        ("a <b> &amp; c", "a <b> &amp; c"),
        ("so\u00adft\u200b hyphen\ufeff", "soft hyphen"),
        ("two\u00a0 \t words\n", "two words"),
        ("bell\x07 rings", "bell rings"),
        ("“quoted” ﬁne ½", "“quoted” ﬁne ½"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u200bខ្ញុំ\u200bទៅ\u200b\u200bផ្សារ\u200b x\u200b\u200by", "ខ្ញុំ\u200bទៅ\u200b\u200bផ្សារ xy"),
    ],
)
def test_characters_are_normalized(before: str, after: str) -> None:
    normalize = build_normalizer(UnicodeSettings())
    assert normalize(before, False) == after
    assert normalize(after, False) == after


def test_every_repair_can_be_switched_off() -> None:
    text = "MalmÃ¶ &amp;  cafe\u0301 “x” ﬁ"
    off = UnicodeSettings(UnicodeForm.none, mojibake=False, html=False, plain_quotes=False, whitespace=False)
    assert build_normalizer(off)(text, False) == text
    off.form, off.plain_quotes = UnicodeForm.nfkc, True
    assert build_normalizer(off)(text, False) == 'MalmÃ¶ &amp;  café "x" fi'


def test_a_word_that_becomes_empty_is_left_out_with_its_tag(apply: Apply) -> None:
    sentence = TaggedSentence(
        ("\u200b", "Ada", "Lind", "\u200b"), ("B-PER", "I-PER", "I-PER", "O"), ("a", "b", "c", "d")
    )
    prepared = apply(RepairUnicode(UnicodeSettings()), [sentence], TaggedAdapter(entities=True))
    assert prepared.examples == [TaggedSentence(("Ada", "Lind"), ("B-PER", "I-PER"), ("b", "c"))]
    assert prepared.reports[0].changed == {"invisible characters": 1}
    nothing = apply(
        RepairUnicode(UnicodeSettings()), [TaggedSentence(("\ufeff",), ("O",))], TaggedAdapter(entities=True)
    )
    assert [example.reason for example in nothing.dropped] == ["nothing certain is left after the repair"]


def test_answers_are_located_in_a_normalized_context(apply: Apply) -> None:
    context = "In MalmÃ¶ a café, in MalmÃ¶ again: MalmÃ¶."
    starts = [at for at in range(len(context)) if context.startswith("MalmÃ¶", at)]
    question = Question("1", "Where ?", context, (Answer("MalmÃ¶", starts[1]), Answer("again", context.index("again"))))
    adapter = QuestionAdapter(no_answers=False)
    (normalized,) = apply(RepairUnicode(UnicodeSettings()), [question], adapter).examples
    assert normalized.context == "In Malmö a café, in Malmö again: Malmö."
    assert [answer.text for answer in normalized.answers] == ["Malmö", "again"]
    assert normalized.answers[0].start == normalized.context.index("Malmö", 5)
    assert adapter.problem(normalized) == ""


def test_a_question_whose_answer_cannot_be_located_is_dropped(apply: Apply) -> None:
    question = Question("1", "What?", "xe\u0301x and xéx", (Answer("x", 0), Answer("e", 1)))
    prepared = apply(RepairUnicode(UnicodeSettings()), [question], QuestionAdapter(no_answers=False))
    assert prepared.examples == [] and len(prepared.dropped) == 1


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        (LabeledText(" ", None, "yes"), "missing text"),
        (LabeledText("fine", "NaN", "yes"), "missing text"),
        (LabeledText("fine", None, " "), "missing label"),
        (LabeledText("fine", None, "null"), "missing label"),
        (LabeledText("None of them", None, "none"), None),
    ],
)
def test_missing_texts_and_labels_are_dropped(apply: Apply, example: LabeledText, reason: str | None) -> None:
    dropped = apply(DropEmpty(EmptySettings()), [example]).dropped
    assert [removed.reason for removed in dropped] == ([reason] if reason else [])


def test_a_label_that_the_task_lists_is_never_missing(apply: Apply) -> None:
    example = LabeledText("a text", None, "null")
    assert apply(DropEmpty(EmptySettings()), [example], LabeledAdapter(["null", "full"])).examples == [example]


def test_spellings_of_a_label_are_unified(apply: Apply) -> None:
    spellings = ["positive", "Positive ", "pos", "0", "NEGATIVE", "odd"]
    step = CleanLabels(LabelSettings(aliases={"POS": "positive"}), {"0": "negative", "1": "positive"})
    prepared = apply(
        step, [LabeledText("t", None, label) for label in spellings], LabeledAdapter(["negative", "positive"])
    )
    assert [example.label for example in prepared.examples] == ["positive"] * 3 + ["negative"] * 2 + ["odd"]
    assert prepared.reports[0].changed == {"label": 4}
    left = apply(DropUnfit(), prepared.examples, LabeledAdapter(["negative", "positive"]))
    assert [example.detail for example in left.dropped] == ["the label 'odd' is none of negative, positive"]


def test_without_a_list_the_most_frequent_spelling_is_chosen(apply: Apply) -> None:
    labels = ["Yes", "yes", "yes", "no", "NO", "NO"]
    rows = [LabeledText("t", None, label) for label in labels]
    assert [example.label for example in apply(CleanLabels(LabelSettings()), rows).examples] == ["yes"] * 3 + ["NO"] * 3
    strict = apply(CleanLabels(LabelSettings(ignore_case=False)), rows)
    assert [example.label for example in strict.examples] == labels


def test_turkish_spellings_of_a_label_are_unified(apply: Apply) -> None:
    rows = [LabeledText("t", None, label) for label in ("sınırlı", "SINIRLI", "iyi", "İYİ", "sınırlı", "iyi")]
    labels = [example.label for example in apply(CleanLabels(LabelSettings()), rows).examples]
    assert labels == ["sınırlı", "sınırlı", "iyi", "iyi", "sınırlı", "iyi"]


def test_types_of_entities_have_aliases_and_entities_begin_with_b(apply: Apply) -> None:
    sentence = TaggedSentence(("Ada", "Lind", "x", "y"), ("b-person", "i-PERSON", "I-per", "o"))
    step = CleanLabels(LabelSettings(aliases={"PERSON": "PER", "o": "O"}))
    (clean,) = apply(step, [sentence], TaggedAdapter(entities=True)).examples
    assert clean.tags == ("B-PER", "I-PER", "I-PER", "O")


def test_lengths_have_limits_and_a_fence(apply: Apply) -> None:
    texts = ["one", *["a b c d e f g h"] * 4, *["a b c d e f"] * 4, "w " * 90]
    bounded = apply(DropLengthOutliers(LengthSettings(min_words=2, max_words=80, fence=0)), texts)
    assert [example.reason for example in bounded.dropped] == ["too short", "too long"]
    fenced = apply(DropLengthOutliers(LengthSettings(fence=3)), texts)
    assert [example.detail for example in fenced.dropped] == ["1 words", "90 words"]
    assert len(apply(DropLengthOutliers(LengthSettings(fence=0)), texts).rows) == len(texts)
