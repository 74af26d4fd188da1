"""The search finds the worst edits within its budget, on scorers whose worst edit is known."""

import time
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest

from charbert.config.data.noise import Edit, Letters
from charbert.evaluation.worst_case import Candidate, Found, Score, Text, WorstCaseSearch
from charbert.noise.single_edits import SingleEdits
from charbert.seeding import derive_seed, numpy_generator

RULE = SingleEdits(edits=(Edit.drop, Edit.swap, Edit.adjacent_key), letters=Letters.lower)
WORDS = ["Some", "harbors", "are", "old"]


def score_of(words: Sequence[str]) -> Score:
    """Return scores that depend on all words together and have no pattern; few are 0."""
    draw = derive_seed(0, " ".join(words)) / 2**63
    return (round(draw + 0.5 / 40, 1), derive_seed(1, " ".join(words)) / 2**63)


class Scorer:
    """Counts what it scores."""

    def __init__(self) -> None:
        self.texts: list[tuple[int, str]] = []
        self.batches = 0

    def __call__(self, candidates: Sequence[Candidate]) -> np.ndarray:
        self.texts += [(number, " ".join(words)) for number, words in candidates]
        self.batches += 1
        return np.array([score_of(words) for _, words in candidates])


def texts(numbers: Sequence[int], count: int = 1, words: Sequence[str] = WORDS) -> list[Text]:
    return [
        Text(
            [*words, "x" * place],
            (1.0, 1.0),
            {str(number): number for number in numbers},
            numpy_generator(0, "test", place),
        )
        for place in range(count)
    ]


def brute_force(text: Text, number: int) -> Score:
    space = RULE.of(text.words)
    singles = [edits[0] for edits in space.all()]
    chosen = [()] + [pair for size in range(1, number + 1) for pair in combinations(singles, size)]
    distinct = [pair for pair in chosen if len({edit.word_index for edit in pair}) == len(pair)]
    return min(score_of(space.apply(pair)) for pair in distinct if pair)


@pytest.mark.parametrize("number", [1, 2])
def test_a_wide_beam_finds_what_brute_force_finds(number: int) -> None:
    for text in texts([number], count=5):
        (found,) = WorstCaseSearch(RULE, budget=100_000, beam=100_000, restarts=0).run([text], Scorer())
        best = brute_force(text, number)
        worst = found[str(number)].worst
        assert worst.score == score_of(RULE.of(text.words).apply(worst.edits))
        assert worst.score == best or worst.score[0] == best[0] == 0


def test_a_beam_of_one_goes_on_from_the_best_edit() -> None:
    """Greedy search: the first edit of the best pair is the best single edit, unless that is the better text."""
    (text,) = texts([1, 2])
    (found,) = WorstCaseSearch(RULE, budget=100_000, beam=1, restarts=0).run([text], Scorer())
    single, pair = found["1"].worst, found["2"].worst
    assert single.score == brute_force(text, 1)
    assert single.edits[0] in pair.edits
    assert pair.score <= single.score


@pytest.mark.parametrize("budget", [2, 3, 7, 30])
@pytest.mark.parametrize("restarts", [0, 3])
def test_the_budget_is_never_exceeded_and_no_text_scored_twice(budget: int, restarts: int) -> None:
    scorer = Scorer()
    many = texts([1, 2, 4], count=8, words=["These", "words", "were", "chosen", "without", "particular", "letters"])
    found = WorstCaseSearch(SingleEdits(), budget=budget, beam=3, restarts=restarts).run(many, scorer)
    assert len(set(scorer.texts)) == len(scorer.texts)
    for place, of_text in enumerate(found):
        calls = {name: of.calls for name, of in of_text.items()}
        assert set(calls) == {"1", "2", "4"} and all(1 <= count <= budget for count in calls.values())
        assert sum(calls.values()) == sum(number == place for number, _ in scorer.texts)
        for name, of in of_text.items():
            assert len(of.random.edits) == int(name) >= len(of.worst.edits)
            assert of.worst.score <= of.random.score
            assert len({edit.word_index for edit in of.worst.edits}) == len(of.worst.edits)
        assert of_text["1"].worst.score >= of_text["2"].worst.score >= of_text["4"].worst.score


def test_a_search_is_repeatable_and_does_not_depend_on_the_texts_beside_it() -> None:
    search = WorstCaseSearch(SingleEdits(), budget=20, beam=2, restarts=2)
    together = search.run(texts([1, 2], count=6), Scorer())
    assert together == search.run(texts([1, 2], count=6), Scorer())
    assert together == [search.run([text], Scorer())[0] for text in texts([1, 2], count=6)]


def test_texts_are_scored_together() -> None:
    scorer = Scorer()
    search = WorstCaseSearch(SingleEdits(), budget=20, beam=2, restarts=1)
    search.run(texts([1, 2], count=50, words=["These", "sentences", "were", "chosen"]), scorer)
    assert scorer.batches <= 6  # for each number its random edits, the beam and the restart


def test_a_search_ends_at_a_score_of_zero() -> None:
    def score(candidates: Sequence[Candidate]) -> np.ndarray:
        return np.zeros((len(candidates), 2))

    (found,) = WorstCaseSearch(SingleEdits(), budget=50, beam=2, restarts=2).run(texts([1, 2]), score)
    assert [of.calls for of in found.values()] == [1, 1]
    assert found["2"].worst == found["1"].worst == found["1"].random


def test_edits_that_help_are_not_taken() -> None:
    def score(candidates: Sequence[Candidate]) -> np.ndarray:
        return np.ones((len(candidates), 2))

    (text,) = texts([1])
    (found,) = WorstCaseSearch(SingleEdits(), budget=50, beam=2, restarts=1).run([text], score)
    assert found["1"].worst.edits == () and len(found["1"].random.edits) == 1


def test_a_text_without_editable_words_costs_nothing() -> None:
    scorer = Scorer()
    (found,) = WorstCaseSearch(SingleEdits(), 50, 2, 1).run(texts([1, 2], words=["to", "be"]), scorer)
    clean = ((), (1.0, 1.0))
    assert found == {"1": Found(clean, clean, 0), "2": Found(clean, clean, 0)} and not scorer.texts


def test_the_budget_is_not_divided_among_edits_of_more_words_than_there_are() -> None:
    asked: list[str] = []

    def score(candidates: Sequence[Candidate]) -> np.ndarray:
        asked.extend(" ".join(words) for _, words in candidates)
        return np.ones((len(candidates), 2))

    (text,) = texts([4], words=["harbors", "to"])
    space = RULE.of(text.words)
    everything = {" ".join(space.apply(edits)) for edits in space.all()}
    WorstCaseSearch(RULE, budget=space.count() + 1, beam=3, restarts=0).run([text], score)
    assert set(asked) == everything


def test_the_search_makes_50_000_candidates_a_second() -> None:
    """With a scorer that takes no time; CPU time, so that other work on the machine does not count."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghij"), size)) for size in rng.integers(2, 12, 600)]
    many = [
        Text([words[at] for at in rng.integers(0, 600, 20)], (1.0, 1.0), {"1": 1, "2": 2}, numpy_generator(0, place))
        for place in range(320)
    ]
    scored = 0

    def score(candidates: Sequence[Candidate]) -> np.ndarray:
        nonlocal scored
        scored += len(candidates)
        return np.column_stack([np.ones(len(candidates)), rng.random(len(candidates))])

    began = time.process_time()
    for start in range(0, len(many), 32):
        WorstCaseSearch(SingleEdits(), budget=100, beam=5, restarts=1).run(many[start : start + 32], score)
    assert scored / (time.process_time() - began) >= 50_000
