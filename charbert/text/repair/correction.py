"""Correctors of words, which stand in front of a model, and the case that a correction takes over."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from itertools import chain, islice
from pathlib import Path
from typing import Any, Self

from charbert.errors import CheckpointError, DataError
from charbert.files import write_atomically
from charbert.serialization import parse_strictly
from charbert.text.codepoints import capitalized_words, looked_up, lower_counts, upper_case
from charbert.text.repair.dictionary import DictionaryRules, Nearby, SpellingDictionary, is_word, map_parts, split_parts
from charbert.text.repair.disguises import undisguised, without_digits
from charbert.text.repair.noisy_channel import NoisyChannel
from charbert.text.repair.repaired import REPAIR_FILE, CorrectsWords, changed_words
from charbert.text.repair.word_pairs import PairCounts, WordPairs
from charbert.text.words import replace_words

FORMAT_VERSION = 2
"""Version 1 had all words in lower case, and a list of the capitalized ones."""
_STRETCH = re.compile(r"[^\W_]+")
_WITH_DIGIT = re.compile(r"\d")
_LONGEST_ACRONYM = 3
"""Letters of a word that forms in capitals are not corrected to: most short ones are acronyms."""
_SHORTEST_NAME = 3
"""Letters of a word that is taken to be a name where the dictionary does not hold it."""


class DictionaryCorrector:
    """Replaces words by the words of a dictionary that they probably stand for.

    Those that the dictionary does not hold, wherever it has a likely word; or with ``rules.estimates_noise`` those that
    are more likely misspelt than not, in a text with as many misspelt words.

    Args:
        counts: how often each word occurs, in lower case.
        rules: which forms are corrected.
        keep_case: whether a correction takes over the case of the form; else all text is lower-cased.
        capitalized: words, in lower case, that get an initial capital where the form does not show whether they have
            one, since its first letter is another one.
        pairs: counts of adjacent words (`charbert.text.repair.word_pairs.count_pairs`), by which the words beside a
            form help to choose its correction; read with ``rules.estimates_noise``.
        restores_case: whether a text without any capital gets those that it would have: at its beginning and of the
            words in ``capitalized``, and of those that ``counts`` does not hold, which are mostly names.

    Raises:
        DataError: if there are no words.
    """

    def __init__(
        self,
        counts: Mapping[str, int],
        rules: DictionaryRules,
        *,
        keep_case: bool = True,
        capitalized: Collection[str] = (),
        pairs: PairCounts | None = None,
        restores_case: bool = False,
    ) -> None:
        self._dictionary = SpellingDictionary(counts, rules)
        self._pairs = pairs or {}
        context = WordPairs(self._pairs, self._dictionary.counts) if pairs else None
        self._channel = NoisyChannel(self._dictionary, context) if rules.estimates_noise else None
        self._keep_case = keep_case
        self.restores_case = restores_case
        """Whether a text without any capital gets those that it would have."""
        self._capitalized = frozenset(filter(self._dictionary.counts.__contains__, capitalized))

    @property
    def counts(self) -> dict[str, int]:
        """How often each word occurs."""
        return self._dictionary.counts

    @property
    def capitalized(self) -> Collection[str]:
        """The words, in lower case, that mostly begin with a capital."""
        return self._capitalized

    @property
    def pairs(self) -> PairCounts:
        """Counts of adjacent words; none without ``pairs``."""
        return self._pairs

    def correct_many(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return the words of each sentence corrected; each sentence by itself.

        What disguises a word (`charbert.text.repair.disguises`) is undone before it is looked up, and stays so.
        """
        plain = [[self._plain(form) for form in words] for words in sentences]
        lowered = [[self._looked_up(form) for form in words] for words in plain]
        if self._channel is not None:
            corrected = self._channel.correct_many(lowered)
        else:
            words_of = iter(self._dictionary.correct(list(chain.from_iterable(lowered))))
            corrected = [list(islice(words_of, len(words))) for words in lowered]
        rows = zip(corrected, plain, lowered, strict=True)
        texts = [[self._written(*word) for word in zip(*row, strict=True)] for row in rows]
        if not self.restores_case:
            return texts
        return [
            self._with_capitals(text) if "".join(given).islower() else text
            for text, given in zip(texts, sentences, strict=True)
        ]

    def _written(self, word: str, form: str, lowered: str) -> str:
        """Return a correction in the case of its form; a form that is rather an acronym stays as it is."""
        if len(word) <= _LONGEST_ACRONYM and form.isupper():
            word = lowered
        return self._match_case(word, form) if self._keep_case else word

    def _with_capitals(self, words: Sequence[str]) -> list[str]:
        """Return the words of a text in lower case as they are mostly written, the first one with a capital."""
        cased = [self._mostly_written(word) for word in words]
        first = next((place for place, word in enumerate(cased) if word[:1].isalpha()), None)
        if first is not None:
            cased[first] = self._capital(cased[first])
        return cased

    def _mostly_written(self, word: str) -> str:
        """Return a word in lower case as it is mostly written; one that the dictionary does not hold as a name."""
        if word in self.counts:
            return self._as_written(word)
        if is_word(word):
            return self._capital(word) if len(word) >= _SHORTEST_NAME else word
        return map_parts(word, self._as_written)

    def within_reach(self, forms: Sequence[str], words: Sequence[str]) -> list[bool]:
        """Return whether each word is its form, or among those that its form's correction is chosen from; case aside.

        So the best that any other choice among the same words could restore.
        """
        forms = [self._looked_up(self._plain(form)) for form in forms]
        parts = [self._dictionary.parts(form) for form in forms]
        near = self._dictionary.nearby(dict.fromkeys(chain.from_iterable(parts)))
        pairs = zip(forms, parts, map(self._looked_up, words), strict=True)
        return [form == word or self._leads_to(form, own, word, near) for form, own, word in pairs]

    def _leads_to(self, form: str, parts: Sequence[str], word: str, near: Mapping[str, Nearby | None]) -> bool:
        goals = [word] if parts == [form] else split_parts(word)
        chosen = dict(zip(parts, goals, strict=False))
        allowed = all(part == goal or ((found := near[part]) and goal in found.words) for part, goal in chosen.items())
        return allowed and self._dictionary.replace_parts(form, chosen) == word

    def _looked_up(self, form: str) -> str:
        return looked_up(form, dotless=self._dictionary.dotless)

    def _match_case(self, word: str, pattern: str) -> str:
        return match_case(word, pattern, dotless=self._dictionary.dotless, capitalized=self._capitalized)

    def _plain(self, form: str) -> str:
        """Return a form that is not disguised; digits are read as letters where that gives a word."""
        if form.isascii() and form.isalpha():  # nearly all
            return form
        form, counts = undisguised(form), self._dictionary.counts
        if not _WITH_DIGIT.search(form) or self._looked_up(form) in counts:
            return form
        return _STRETCH.sub(lambda part: self._read_digits(part.group()), form)

    def _read_digits(self, part: str) -> str:
        counts, shortest = self._dictionary.counts, self._dictionary.rules.min_word_length
        words = [word for word in without_digits(self._looked_up(part)) if word in counts and len(word) >= shortest]
        return self._match_case(max(words, key=counts.__getitem__), part) if words else part

    def save(self, folder: Path) -> None:
        """Write rules and counts into a folder that exists, as `REPAIR_FILE`."""
        write_atomically(folder / REPAIR_FILE, self._content())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the content of the file: by it ``datasets`` knows whether a tokenizer is the same.

        The words seen lately would make it another one after each call, and the order of sets in each process.
        """
        return self._of, (self._content(),)

    def _content(self) -> str:
        content = {"version": FORMAT_VERSION, "rules": asdict(self._dictionary.rules), "keep_case": self._keep_case}
        content["restores_case"] = self.restores_case
        written = {self._as_written(word): count for word, count in self._dictionary.counts.items()}
        content |= {"counts": written, "pairs": self._pairs}
        return json.dumps(content, ensure_ascii=False, indent=0) + "\n"

    def _as_written(self, word: str) -> str:
        """Return a word with the capital that it mostly has, if its lower case can be told from it."""
        capital = self._capital(word)
        return capital if word in self._capitalized and self._looked_up(capital) == word else word

    def _capital(self, word: str) -> str:
        return upper_case(word[:1], dotless=self._dictionary.dotless) + word[1:]

    @classmethod
    def _of(cls, text: str) -> Self:
        content = parse_strictly(text)
        if content["version"] not in range(1, FORMAT_VERSION + 1):
            raise ValueError(f"version {content['version']}")
        options = {"keep_case": bool(content["keep_case"]), "restores_case": bool(content.get("restores_case", False))}
        counts, rules = content["counts"], DictionaryRules(**content["rules"])
        capitalized = {*content.get("capitalized", ()), *capitalized_words(counts)}
        return cls(lower_counts(counts), rules, capitalized=capitalized, pairs=content.get("pairs"), **options)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the corrector that `save` wrote.

        Raises:
            CheckpointError: if the file is missing or damaged.
        """
        path = folder / REPAIR_FILE
        try:
            return cls._of(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, DataError) as error:
            expected = f"a spelling dictionary of version {FORMAT_VERSION}"
            raise CheckpointError(f"{path}: expected {expected}, got {error}; fine-tune the model again") from None


def correct_texts(texts: Sequence[str], corrector: CorrectsWords) -> list[str]:
    """Return raw texts with their words corrected; what is between words is unchanged."""
    pairs = zip(texts, changed_words(texts, corrector), strict=True)
    return [replace_words(text, *changes)[0] for text, changes in pairs]


def match_case(word: str, pattern: str, *, dotless: bool = False, capitalized: Collection[str] = ()) -> str:
    """Return the lower-cased ``word`` in the case of ``pattern``, which it corrects.

    The same letters give ``pattern`` itself. Otherwise more capitals than small letters (and more than one) give all
    capitals, since a typo may insert a small letter. The first letter gets the case that it has in the pattern, also
    behind another one, as in ``xLondon`` and ``Cthe``. Where it stands elsewhere or not at all, a capital among the
    first two letters gives a capital, as in ``oLndon`` and ``Pondon``, and without one the word is looked up, as for
    ``ondon``. Of words with as many parts, as ``Jean-Pierre`` or ``İZMİR'de``, each part gets the case of its own.

    Args:
        word: in lower case.
        pattern: in any case.
        dotless: whether ``I`` is the upper case of ``ı``, and ``İ`` that of ``i``.
        capitalized: words that mostly have an initial capital.
    """
    if word == looked_up(pattern, dotless=dotless):
        return pattern
    patterns = split_parts(pattern)
    if 1 < len(patterns) == len(split_parts(word)):
        of_part = iter(patterns)
        return map_parts(word, lambda part: match_case(part, next(of_part), dotless=dotless, capitalized=capitalized))
    capitals, smalls = sum(map(str.isupper, pattern)), sum(map(str.islower, pattern))
    if capitals > max(smalls, 1):
        return upper_case(word, dotless=dotless)
    has_capital = _begins_with_capital(word, pattern, looked_up(pattern, dotless=dotless), word in capitalized)
    return upper_case(word[:1], dotless=dotless) + word[1:] if has_capital else word


def _begins_with_capital(word: str, pattern: str, lowered: str, is_mostly_capitalized: bool) -> bool:
    first, second = pattern[:1].isupper(), pattern[1:2].isupper()
    if lowered == word[:1] + word:  # typed twice, with the shift key down for one of them
        return first or second
    if lowered[1:] == word:
        return second or (first and is_mostly_capitalized)
    if lowered[:1] == word[:1]:
        return first
    return first or second or is_mostly_capitalized
