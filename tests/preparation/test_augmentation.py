from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charbert.config.data.preparation import AugmentationSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.squad import Answer, Question
from charbert.errors import DataError, SettingsError
from charbert.preparation.augmentation import Augment, read_synonyms, replace_synonyms
from charbert.preparation.rewriting import Words, rewrite_text
from charbert.preparation.steps import Prepared
from charbert.seeding import numpy_generator
from charbert.tasks.answering.adapter import QuestionAdapter
from charbert.tasks.tagging.adapter import TaggedAdapter
from charbert.text.words import split_words, words_of

Apply = Callable[..., Prepared]
TEXT = "The old keeper counted seven ships before breakfast , and the wind was strong"


def augment(*operations: str, seed: int = 0, synonyms: dict[str, list[str]] | None = None, **settings: Any) -> Augment:
    return Augment(AugmentationSettings(**{"share": 1.0, "operations": list(operations), **settings}), seed, synonyms)


def copies(prepared: Prepared) -> list[Any]:
    return [row.example for row in prepared.rows if row.added_by]


def test_each_operation_changes_words_as_documented(apply: Apply) -> None:
    words = words_of(TEXT)
    (noised,) = copies(apply(augment("noise", word_share=0.3), [TEXT]))
    changed = [
        (word, noised_word)
        for word, noised_word in zip(words, words_of(noised.first), strict=True)
        if word != noised_word
    ]
    assert len(changed) == 4 and all(
        len(word) >= 4 and abs(len(word) - len(noised_word)) <= 1 for word, noised_word in changed
    )
    (swapped,) = copies(apply(augment("swap", word_share=0.2), [TEXT]))
    assert sorted(words_of(swapped.first)) == sorted(words) and words_of(swapped.first) != words
    (shorter,) = copies(apply(augment("deletion", word_share=0.2), [TEXT]))
    assert len(words_of(shorter.first)) == len(words) - 3 and "  " not in shorter.first
    (other,) = copies(apply(augment("synonyms", synonyms={"the": ["a"], "ships": ["boats"]}, word_share=1.0), [TEXT]))
    assert other.first == TEXT.replace("The", "A").replace(" the ", " a ").replace("ships", "boats")


def test_the_share_and_number_of_copies_are_exact(apply: Apply) -> None:
    texts = [f"{TEXT} number {number}" for number in range(20)]
    prepared = apply(augment("noise", "swap", share=0.25, copies=2), texts)
    assert [row.example.first for row in prepared.rows if not row.added_by] == texts
    made = [row.index for row in prepared.rows if row.added_by]
    assert len(made) == 10 and len(set(made)) == 5
    assert copies(apply(augment("noise", share=0.0), texts)) == []


def test_another_seed_gives_other_copies_and_examples_do_not_depend_on_each_other(apply: Apply) -> None:
    texts = [f"{TEXT} number {number}" for number in range(6)]
    drawn = [copies(apply(augment("noise", "swap", "deletion", seed=seed), texts)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert (
        copies(apply(augment("noise", "swap", "deletion"), [*texts[:5], "another text at the end of it all"]))[:5]
        == drawn[0][:5]
    )


def test_words_of_entities_keep_their_places(apply: Apply) -> None:
    sentence = TaggedSentence(
        ("Ada", "Lind", "sailed", "to", "New", "York", "in", "May"),
        ("B-PER", "I-PER", "O", "O", "B-LOC", "I-LOC", "O", "O"),
    )
    step = augment("deletion", "swap", copies=30, word_share=0.5)
    for copy in copies(apply(step, [sentence], TaggedAdapter(entities=True))):
        pairs = list(zip(copy.words, copy.tags, strict=True))
        assert [pair for pair in pairs if pair[1] != "O"] == [
            ("Ada", "B-PER"),
            ("Lind", "I-PER"),
            ("New", "B-LOC"),
            ("York", "I-LOC"),
        ]
        assert dict(pairs).items() <= dict(zip(sentence.words, sentence.tags, strict=True)).items()


def test_contexts_stay_untouched_unless_asked_for(apply: Apply) -> None:
    context = f"{TEXT}. {TEXT}."
    question = Question(
        "q", "How many ships did the old keeper count?", context, (Answer("seven ships", context.rindex("seven")),)
    )
    adapter = QuestionAdapter(no_answers=False)
    for copy in copies(apply(augment("noise", "deletion", "swap", copies=9), [question], adapter)):
        assert copy.context == context and copy.answers == question.answers and copy.question != question.question
    changed = copies(
        apply(augment("noise", "deletion", "swap", copies=20, contexts=True, word_share=0.4), [question], adapter)
    )
    assert {copy.answers[0].text for copy in changed} == {"seven ships"}
    assert all(copy.context.startswith("seven ships", copy.answers[0].start) for copy in changed)
    assert len({copy.answers[0].start for copy in changed}) > 5
    assert len({copy.question_id for copy in changed}) == 20


def test_places_in_a_rewritten_text_are_known_where_it_stayed() -> None:
    text = "one two, three  four"
    new = rewrite_text(text, split_words(text), ["one", "", ",", "THREE", "four"])
    assert new.text == "one, THREE  four"
    assert new.place(text.index("four"), 4) == new.text.index("four")
    assert new.place(text.index("three"), 5) is None
    assert new.place(0, 7) is None  # reaches over the word that is gone
    assert rewrite_text(text, split_words(text), ["", "two", ",", "three", "four"]).text == "two, three  four"


def test_turkish_words_are_found_and_replaced_in_their_case(tmp_path: Path) -> None:
    path = tmp_path / "synonyms.tsv"
    path.write_text("ev\tikamet\nışık\tziya\nIsı\tsıcaklık\n", encoding="utf-8")
    words = ("Ev", "EV", "Işık", "IŞIK", "ısı")
    chosen = Words(words, (True,) * len(words), (True,) * len(words))
    rewritten = replace_synonyms(read_synonyms(path))(chosen, len(words), numpy_generator(0))
    assert rewritten.words == ("İkamet", "İKAMET", "Ziya", "ZİYA", "sıcaklık")


def test_synonyms_are_read_and_malformed_lines_named(tmp_path: Path) -> None:
    path = tmp_path / "synonyms.tsv"
    path.write_text("# mine\nShip\tboat, vessel\n\nship\tboat,craft\n", encoding="utf-8")
    assert read_synonyms(path) == {"ship": ["boat", "vessel", "craft"]}
    for line in ("ship boat", "ship\tboat,,vessel", "ship\tsailing boat", "\tboat"):
        path.write_text(f"a\tb\n{line}\n", encoding="utf-8")
        with pytest.raises(DataError, match=r"synonyms\.tsv:2: expected a word, a tab"):
            read_synonyms(path)
    path.write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(DataError, match="at least one word"):
        read_synonyms(path)
    with pytest.raises(SettingsError, match="synonyms=FILE"):
        augment("synonyms")
