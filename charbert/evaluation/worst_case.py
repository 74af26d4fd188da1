"""Search for the edits of a text that lower a model's score most; it sees the scores alone (black box).

Pruthi et al. (2019), "Combating Adversarial Misspellings with Robust Word Recognition": the worst of all texts with one
or two edits. Jones et al. (2020), "Robust Encodings: A Framework for Combating Adversarial Typos" (RobEn): beam search
over texts with an edit in each of many words.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from charbert.noise.single_edits import Edits, SingleEdits, TextEdits

Score = tuple[float, float]
"""What the search lowers: the score of an example in [0, 1], then the model's confidence in what is right."""


class Scored(NamedTuple):
    """A text as its edits, and its score."""

    edits: Edits
    score: Score


class Found(NamedTuple):
    """What a search with at most a number of edits found."""

    worst: Scored
    """The lowest score; without edits where none lowers it."""
    random: Scored
    """Random edits of as many words."""
    calls: int
    """Texts that were scored for this number of edits, at most the budget."""


class Candidate(NamedTuple):
    """A text whose score is asked for."""

    text: int
    """Which of the texts that are searched together it was made from."""
    words: list[str]
    """As many as the text has."""


@dataclass(frozen=True)
class Text:
    """A text to be attacked."""

    words: Sequence[str]
    score: Score
    """Of the text as it is."""
    numbers: Mapping[str, int]
    """Most edits, by a name."""
    rng: np.random.Generator
    """Drawn from by the search of this text alone, so its result does not depend on the others."""


ScoreTexts = Callable[[Sequence[Candidate]], np.ndarray]
"""Maps candidates to their scores, (N, 2)."""
_Step = Generator[list[Edits], list[Score], None]
"""Yields texts as their edits and is sent their scores."""
_Key = tuple[tuple[int, str], ...]
"""A text by its changed words: other edits may make the same."""


@dataclass(frozen=True)
class WorstCaseSearch:
    """Beam search with random restarts.

    For a number of edits the texts with one edit less and the lowest scores, at most ``beam``, get one more edit each;
    each restart gives one more edit to a text with random edits. All edits are scored where they are few enough, else
    a sample. No text is scored twice. A search ends early where a score of 0 was found.

    Raises:
        SettingsError: as `SingleEdits` does.
    """

    rule: SingleEdits
    budget: int
    """Most texts scored for each text and number of edits, at least 2."""
    beam: int
    restarts: int

    def run(self, texts: Sequence[Text], score: ScoreTexts) -> list[dict[str, Found]]:
        """Return by name what was found for each text; the candidates of all texts are scored together."""
        searches = [_TextSearch(self, text) for text in texts]
        steps = {number: search.run() for number, search in enumerate(searches)}
        waiting = {number: asked for number, step in steps.items() if (asked := next(step, None)) is not None}
        while waiting:
            candidates = [
                Candidate(number, searches[number].space.apply(edits))
                for number, asked in waiting.items()
                for edits in asked
            ]
            rows = iter(score(candidates).tolist())
            waiting = {
                number: answer
                for number, asked in waiting.items()
                if (answer := _send(steps[number], [tuple(next(rows)) for _ in asked])) is not None
            }
        return [search.found for search in searches]


def _send(step: _Step, scores: list[Score]) -> list[Edits] | None:
    try:
        return step.send(scores)
    except StopIteration:
        return None


class _TextSearch:
    def __init__(self, search: WorstCaseSearch, text: Text) -> None:
        self.space: TextEdits = search.rule.of(text.words)
        self.found: dict[str, Found] = {}
        self._search, self._text = search, text
        clean = Scored((), text.score)
        self._scores: dict[_Key, Score] = {(): text.score}
        self._worst = clean
        self._beams: dict[int, list[Scored]] = {0: [clean]}
        self._left = 0

    def run(self) -> _Step:
        """Yield texts to be scored, until all numbers of edits are searched."""
        deepest = 0
        for name, number in sorted(self._text.numbers.items(), key=lambda item: item[1]):
            number = min(number, len(self.space.editable))
            self._left = self._search.budget
            first: dict[_Key, Edits] = {}
            self._add_fresh(first, [chosen := self.space.random(number, self._text.rng)], 1)
            yield from self._score(first)
            stages = [*range(deepest, number), *[-1] * self._search.restarts]
            for place, level in enumerate(stages):
                if self._worst.score[0] <= 0 or number == 0:
                    break
                beam = [scored.edits for scored in self._beams.get(level, [])]
                parents = beam if level >= 0 else [self.space.random(number - 1, self._text.rng)]
                yield from self._score(self._children(parents, -(-self._left // (len(stages) - place))))
            deepest = max(deepest, number)
            random = Scored(chosen, self._scores[_key(chosen)])
            self.found[name] = Found(self._worst, random, self._search.budget - self._left)

    def _children(self, parents: Sequence[Edits], limit: int) -> dict[_Key, Edits]:
        """Return texts that were not scored yet with one more edit than the parents, at most ``limit``."""
        children: dict[_Key, Edits] = {}
        for place, parent in enumerate(parents):
            share = -(-(limit - len(children)) // (len(parents) - place))
            everything = self.space.count(parent) <= share
            drawn = self.space.all(parent) if everything else self.space.draw(parent, self._text.rng, 4 * share)
            self._add_fresh(children, drawn, len(children) + share)
        return children

    def _add_fresh(self, chosen: dict[_Key, Edits], texts: Iterable[Edits], limit: int) -> None:
        """Add texts that were not scored, until there are ``limit`` or as many as may still be scored."""
        for edits in texts:
            if len(chosen) >= min(limit, self._left):
                break
            if (key := _key(edits)) not in self._scores:
                chosen[key] = edits

    def _score(self, texts: Mapping[_Key, Edits]) -> _Step:
        if not texts:
            return
        self._left -= len(texts)
        scores = yield list(texts.values())
        for (key, edits), score in zip(texts.items(), scores, strict=True):
            self._scores[key] = score
            scored = Scored(edits, score)
            self._beams.setdefault(len(edits), []).append(scored)
            if score < self._worst.score:
                self._worst = scored
        for level, beam in self._beams.items():
            self._beams[level] = sorted(beam, key=lambda scored: scored.score)[: self._search.beam]


def _key(edits: Edits) -> _Key:
    return tuple([(edit.word_index, edit.after) for edit in edits])
