import random
from collections.abc import Callable

import pytest

from charbert.config.data.preparation import Conflict, DuplicateSettings, Finding, LeakageSettings, NearSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.data.readers.squad import Answer, Question
from charbert.data.splits import normalize_text
from charbert.errors import DataError
from charbert.preparation.duplicates import (
    DropDuplicates,
    FindLeakage,
    SimilarTexts,
    check_no_near_leakage,
    group_similar,
    jaccard,
    ngrams,
)
from charbert.preparation.steps import Prepared
from charbert.tasks.answering.adapter import QuestionAdapter
from charbert.tasks.tagging.adapter import TaggedAdapter

Apply = Callable[..., Prepared]
BASE = "the old lighthouse keeper counted seven ships before breakfast on tuesday"
CLOSE = "the old lighthouse keeper counted seven ships before breakfast on monday"
FAR = "nobody in the town remembered who had painted the door of the café green"


def step(conflicts: Conflict = Conflict.first, similarity: float = 0.8) -> DropDuplicates:
    return DropDuplicates(DuplicateSettings(conflicts), NearSettings(similarity))


def test_minhash_finds_what_a_comparison_of_all_pairs_finds() -> None:
    draw = random.Random(0)
    words = [f"{a}{b}" for a in ("ka", "lo", "mi", "su", "te") for b in ("ren", "dal", "vos", "pim")]
    texts: list[str] = []
    for _ in range(60):
        sentence = draw.choices(words, k=12)
        texts.append(" ".join(sentence))
        for _ in range(draw.randrange(3)):
            sentence[draw.randrange(12)] = draw.choice(words)
            texts.append(" ".join(sentence))
    settings = NearSettings(0.7)
    index, similar_pairs = SimilarTexts(settings), set()
    for number, text in enumerate(texts):
        similar_pairs |= {(match.number, number) for match in index.find_all((text,)) if match.similarity < 1}
        index.add((text,))
    grams = [ngrams(normalize_text(text), settings.ngram) for text in texts]
    pairs = [(i, j) for j in range(len(texts)) for i in range(j) if texts[i] != texts[j]]
    expected = {(i, j) for i, j in pairs if jaccard(grams[i], grams[j]) >= settings.similarity}
    assert similar_pairs <= expected  # the exact similarity decides
    assert len(similar_pairs) >= 0.95 * len(expected) > 20


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("昨天下午我们去城市里的博物馆看了一个关于古代航海历史的展览，里面有很多漂亮的船模型和地图。", ("昨", "今")),
        ("เมื่อวานนี้เราไปพิพิธภัณฑ์ในเมืองเพื่อดูนิทรรศการเกี่ยวกับประวัติศาสตร์การเดินเรือ", ("วาน", "เช้า")),
    ],
)
def test_texts_without_spaces_between_words_are_near_duplicates_too(text: str, change: tuple[str, str]) -> None:
    index = SimilarTexts(NearSettings(0.8))
    index.add((text,))
    match = index.find((text.replace(*change),))
    assert match is not None
    assert 0.8 < match.similarity < 1
    assert index.find((text[:5],)) is None


def test_turkish_texts_in_another_case_are_equal(apply: Apply) -> None:
    texts = ["Işıl İzmir'de kitabını okudu", "IŞIL İZMİR'DE KİTABINI OKUDU", "ışıl izmir'de kitabını okudu"]
    assert [example.first for example in apply(step(), texts).examples] == texts[:1]


def test_the_first_of_several_duplicates_stays(apply: Apply) -> None:
    prepared = apply(step(), [BASE, FAR, BASE.upper() + "  ", CLOSE])
    assert [example.first for example in prepared.examples] == [BASE, FAR]
    assert [(example.index, example.reason) for example in prepared.dropped] == [
        (2, "duplicate"),
        (3, "near duplicate"),
    ]
    assert prepared.dropped[1].detail.startswith("of file:1 (similarity 0.8")
    assert len(apply(step(similarity=0), [BASE, FAR, CLOSE]).rows) == 3


def test_short_texts_are_compared_exactly(apply: Apply) -> None:
    assert len(apply(step(similarity=0.3), ["the cat sat down", "the cat sat up", "the cat sat up"]).rows) == 2


@pytest.mark.parametrize(
    ("conflicts", "kept"), [(Conflict.first, [0, 4]), (Conflict.majority, [1, 4]), (Conflict.drop, [4])]
)
def test_contradicting_duplicates_are_resolved_as_the_setting_says(
    apply: Apply, conflicts: Conflict, kept: list[int]
) -> None:
    rows = [LabeledText(BASE, None, label) for label in ("no", "yes", "yes", "yes")] + [LabeledText(FAR, None, "no")]
    prepared = apply(step(conflicts), rows)
    assert [row.index for row in prepared.rows] == kept
    assert "duplicate with another label" in prepared.reports[0].dropped


def test_a_near_duplicate_of_an_example_with_its_label_goes_although_another_one_is_nearer(apply: Apply) -> None:
    rows = [LabeledText(BASE, None, "yes"), LabeledText(CLOSE, None, "no"), LabeledText(f"{BASE}s", None, "no")]
    prepared = apply(step(), rows)
    assert [row.index for row in prepared.rows] == [0, 1]
    assert prepared.dropped[0].detail.startswith("of file:2 (similarity 0.8")


def test_a_near_duplicate_with_another_label_stays(apply: Apply) -> None:
    rows = [LabeledText(BASE, None, "yes"), LabeledText(CLOSE, None, "no")]
    prepared = apply(step(), rows)
    assert len(prepared.rows) == 2
    assert prepared.reports[0].notes == {"near duplicates with another label, kept": 1}
    tags = [
        TaggedSentence(tuple(text.split()), ("O",) * 10 + (last,)) for text, last in ((BASE, "O"), (CLOSE, "B-DAY"))
    ]
    assert len(apply(step(), tags, TaggedAdapter(entities=True)).rows) == 1


def test_questions_about_one_context_are_not_duplicates(apply: Apply) -> None:
    context = f"{FAR}. {BASE}."
    asked = [
        ("Who painted the door of the café green that day?", "nobody"),
        ("When did the old keeper count his seven ships?", "tuesday"),
    ]
    rows = [
        Question(str(at), text, context, (Answer(answer, context.index(answer)),))
        for at, (text, answer) in enumerate(asked)
    ]
    again = Question("2", asked[0][0].replace("that day", "one day"), context, rows[0].answers)
    prepared = apply(step(similarity=0.7), [*rows, again], QuestionAdapter(no_answers=False))
    assert [row.index for row in prepared.rows] == [0, 1]


def leakage(action: Finding) -> FindLeakage:
    held_out = {"dev": [("file.dev:7", (CLOSE,))], "test": [("test:9", ("short one",))]}
    return FindLeakage(LeakageSettings(action), NearSettings(), held_out)


def test_training_examples_of_another_set_are_dropped_listed_or_refused(apply: Apply) -> None:
    texts = [FAR, BASE, "Short  one", CLOSE]
    dropped = apply(leakage(Finding.drop), texts)
    assert [example.first for example in dropped.examples] == [FAR]
    assert dropped.reports[0].dropped == {"in a held-out set": 2, "nearly in a held-out set": 1}
    listed = apply(leakage(Finding.report), texts)
    assert len(listed.rows) == 4
    assert [(finding["place"], finding["of"]) for finding in listed.findings] == [
        ("file:2", "file.dev:7 (dev)"),
        ("file:3", "test:9"),
        ("file:4", "file.dev:7 (dev)"),
    ]
    with pytest.raises(DataError, match=r"file:2: .*file\.dev:7 \(dev\).*2 more such \(2 in all exactly, 1 nearly\)"):
        apply(leakage(Finding.refuse), texts)
    assert len(apply(leakage(Finding.refuse), [FAR]).rows) == 1


def test_parts_that_share_a_near_duplicate_are_refused() -> None:
    apart = {"train": [(BASE,), (CLOSE,)], "dev": [(FAR,)], "test": [("other",)]}
    check_no_near_leakage(apart, NearSettings())
    with pytest.raises(DataError, match=r"nearly the same text in train \(example 0\) and test \(example 0\)"):
        check_no_near_leakage({**apart, "train": [(BASE,)], "test": [(CLOSE,)]}, NearSettings())


def test_texts_similar_through_others_are_one_group() -> None:
    groups = group_similar([(BASE,), (FAR,), (CLOSE,), (CLOSE.replace("the old", "an old"),)], NearSettings())
    assert groups[0] == groups[2] == groups[3] != groups[1]
