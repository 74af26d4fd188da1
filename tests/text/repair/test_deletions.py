import string

import numpy as np
import pytest
from rapidfuzz.distance import OSA

from charbert.text.repair.deletions import SHORTEST_OF_TWO_EDITS, DeletionIndex


def made_up_words(number: int, seed: int, letters: str = string.ascii_lowercase) -> list[str]:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 12, number)
    return list(dict.fromkeys("".join(rng.choice(list(letters), length)) for length in lengths))


@pytest.mark.parametrize("edits", [1, 2])
def test_every_word_within_the_edits_is_found_and_each_pair_once(edits: int) -> None:
    words, forms = made_up_words(300, 0, "abé"), made_up_words(150, 1, "abé")  # of few letters: many are near
    rows, found = DeletionIndex(words, 2, keep_ends=False).near(forms, edits)
    pairs = list(zip(rows.tolist(), found.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    near = {
        (row, place)
        for row, form in enumerate(forms)
        for place, word in enumerate(words)
        if OSA.distance(form, word) <= edits and (edits == 1 or max(len(form), len(word)) >= SHORTEST_OF_TWO_EDITS)
    }
    assert len(near) > 100
    assert near <= set(pairs)


def test_few_words_farther_than_the_edits_are_found() -> None:
    words, forms = made_up_words(2000, 0), made_up_words(2000, 1)
    rows, found = DeletionIndex(words, 1, keep_ends=True).near(forms, 1)
    distances = [OSA.distance(forms[r], words[w]) for r, w in zip(rows.tolist(), found.tolist(), strict=True)]
    assert max(distances) <= 2  # a character left out of each


def test_with_kept_ends_words_with_the_same_ends_are_found_and_no_others() -> None:
    words = [word for word in made_up_words(300, 0) if len(word) > 3]
    forms = [word[:1] + word[2:] for word in words]
    rows, found = DeletionIndex(words, 1, keep_ends=True).near(forms, 1)
    assert {(place, place) for place in range(len(words))} <= set(zip(rows.tolist(), found.tolist(), strict=True))
    assert not len(DeletionIndex(["harbor"], 1, keep_ends=True).near(["harbox", "xarbor", "harbo", "arbor"], 1)[0])


def test_without_words_or_forms_nothing_is_found() -> None:
    assert len(DeletionIndex([], 2, keep_ends=False).near(["word"], 2)[0]) == 0
    assert len(DeletionIndex(["word"], 2, keep_ends=False).near([], 2)[0]) == 0
