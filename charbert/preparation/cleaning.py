"""Steps that repair texts and labels, and that drop examples without text or label."""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from charbert.config.data.preparation import EmptySettings, LabelSettings, LengthSettings, UnicodeForm, UnicodeSettings
from charbert.errors import import_extra
from charbert.preparation.adapter import ExampleAdapter
from charbert.preparation.steps import Change, Outcome, Row, Step
from charbert.text.codepoints import without_case

_SPACED_BY_ZERO_WIDTH = "\u0e01-\u0fff\u1000-\u109f\u1780-\u17ff\u200b"
"""Thai, Lao, Tibetan, Myanmar, Khmer, as the content of a regex character class: a zero-width space divides words."""
_INVISIBLE = re.compile(
    f"[\u00ad\u2060\ufeff]|(?<![{_SPACED_BY_ZERO_WIDTH}])\u200b+|\u200b+(?![{_SPACED_BY_ZERO_WIDTH}])"
)
"""Soft hyphen, word joiner, byte order mark and zero-width space, but between words; the joiners of Arabic and Indic
scripts stay."""
_BLANKS = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
"""Those that are not white space."""
_PREFIX = re.compile(r"[BbIi]-")

_SHOWN_LENGTH = 200


class RepairUnicode(Step):
    """Normalize characters; an example whose answers cannot be located again with certainty is dropped."""

    name = "unicode"

    def __init__(self, settings: UnicodeSettings) -> None:
        self.normalize = build_normalizer(settings)

    def apply(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> Outcome:
        """Normalize each example."""
        outcome = Outcome([])
        for row in rows:
            normalized = adapter.normalize(row.example, self.normalize)
            if normalized is None:
                outcome.dropped.append(self.drop(row, adapter, "nothing certain is left after the repair"))
                continue
            if normalized != row.example:
                outcome.changes.append(self._describe(row, adapter, normalized))
            outcome.rows.append(replace(row, example=normalized))
        return outcome

    def _describe(self, row: Row, adapter: ExampleAdapter[Any], normalized: Any) -> Change:
        """Return the change with the part of the text that differs, and the kind of character."""
        before, after = "\n".join(adapter.texts(row.example)), "\n".join(adapter.texts(normalized))
        start = next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), 0)
        shown = slice(max(0, start - 20), max(0, start - 20) + _SHOWN_LENGTH)
        return self.change(row, _kind_of_repair(before, after), before[shown], after[shown])


def build_normalizer(settings: UnicodeSettings) -> Callable[[str, bool], str]:
    """Return the function that normalizes a text; its second argument says that white space must stay.

    Raises:
        SettingsError: if ftfy is needed and not installed.
    """
    fix = _build_fix(settings) if settings.mojibake or settings.html else None
    compose = _COMPOSE[settings.form]

    def normalize(text: str, keep_whitespace: bool) -> str:
        if not text.isascii() or "&" in text or _CONTROL.search(text):
            text = fix(text) if fix is not None else text
            text = _CONTROL.sub("", _INVISIBLE.sub("", text))
            if settings.plain_quotes:
                text = text.translate(_PLAIN_QUOTES)
            text = compose(text)
        return _BLANKS.sub(" ", text).strip() if settings.whitespace and not keep_whitespace else text

    return normalize


_COMPOSE: dict[UnicodeForm, Callable[[str], str]] = {
    UnicodeForm.none: str,
    UnicodeForm.nfc: lambda text: unicodedata.normalize("NFC", text),
    UnicodeForm.nfkc: lambda text: unicodedata.normalize("NFKC", text),
}
_PLAIN_QUOTES = str.maketrans({"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"'})


def _build_fix(settings: UnicodeSettings) -> Callable[[str], str]:
    without = "set preparation.unicode.mojibake=false and preparation.unicode.html=false"
    ftfy = import_extra("ftfy", "the step unicode", "prepare", without)
    config = ftfy.TextFixerConfig(
        unescape_html="auto" if settings.html else False,
        fix_encoding=settings.mojibake,
        restore_byte_a0=settings.mojibake,
        replace_lossy_sequences=settings.mojibake,
        decode_inconsistent_utf8=settings.mojibake,
        fix_c1_controls=settings.mojibake,
        fix_latin_ligatures=False,  # these three belong to nfkc
        fix_character_width=False,
        normalization=None,
        uncurl_quotes=False,
        fix_line_breaks=False,
        remove_control_chars=False,
    )
    return lambda text: str(ftfy.fix_text(text, config))


def _kind_of_repair(before: str, after: str) -> str:
    before, after = (_BLANKS.sub("", text) for text in (before, after))
    if before == after:
        return "white space"
    if unicodedata.normalize("NFKC", before) == unicodedata.normalize("NFKC", after):
        return "composition"
    if _CONTROL.sub("", _INVISIBLE.sub("", before)) == after:
        return "invisible characters"
    return "mojibake, HTML or several"


class DropEmpty(Step):
    """Drop examples with an empty or missing text or label."""

    name = "empty"

    def __init__(self, settings: EmptySettings) -> None:
        self.markers = {marker.casefold() for marker in settings.markers}

    def apply(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> Outcome:
        """Drop examples with a missing part."""
        outcome = Outcome([])
        for row in rows:
            texts = list(filter(self._is_missing, adapter.texts(row.example)))
            unknown = [label for label in adapter.labels(row.example) if label not in adapter.known_labels]
            missing = texts or list(filter(self._is_missing, unknown))
            if missing:
                reason = "missing text" if texts else "missing label"
                outcome.dropped.append(self.drop(row, adapter, reason, repr(missing[0])))
            else:
                outcome.rows.append(row)
        return outcome

    def _is_missing(self, text: str) -> bool:
        plain = _INVISIBLE.sub("", text).strip().casefold()
        return not plain or plain in self.markers


@dataclass(frozen=True)
class CleanLabels(Step):
    """Give all spellings of a label the same one."""

    name = "labels"

    settings: LabelSettings
    names: Mapping[str, str] = field(default_factory=dict)
    """Labels as files write them and their names, where the task lists them."""

    def apply(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> Outcome:
        """Replace each label by its chosen spelling."""
        chosen = self._spellings(Counter(label for row in rows for label in adapter.labels(row.example)), adapter)
        outcome = Outcome([])
        for row in rows:
            labels = adapter.labels(row.example)
            changed = [(label, chosen[label]) for label in labels if label != chosen[label]]
            if changed:
                outcome.changes.append(self.change(row, "label", *changed[0]))
                row = replace(row, example=adapter.with_labels(row.example, [chosen[label] for label in labels]))
            outcome.rows.append(row)
        return outcome

    def _spellings(self, counts: Mapping[str, int], adapter: ExampleAdapter[Any]) -> dict[str, str]:
        """Return the chosen spelling of each label."""
        aliased = {label: self._alias(_BLANKS.sub(" ", label).strip()) for label in counts}
        if not self.settings.ignore_case:
            return aliased
        totals: Counter[str] = Counter()
        for label, spelling in aliased.items():
            totals[spelling] += counts[label]
        variants: dict[str, list[str]] = defaultdict(list)
        for spelling in sorted(totals, key=lambda name: (name not in adapter.known_labels, -totals[name], name)):
            variants[without_case(spelling)].append(spelling)
        known = {without_case(name): name for name in adapter.known_labels}
        return {
            label: known.get(without_case(spelling), variants[without_case(spelling)][0])
            for label, spelling in aliased.items()
        }

    def _alias(self, label: str) -> str:
        """Return the label that an alias means; of an entity tag the type may be the alias."""
        fold = without_case if self.settings.ignore_case else str
        aliases = {fold(name): other for name, other in {**self.names, **self.settings.aliases}.items()}
        if fold(label) in aliases:
            return aliases[fold(label)]
        prefix = _PREFIX.match(label)
        if prefix and fold(label[2:]) in aliases:
            return label[:2].upper() + aliases[fold(label[2:])]
        return label


@dataclass(frozen=True)
class DropLengthOutliers(Step):
    """Drop examples with a text that is far shorter or longer than the others."""

    name = "lengths"

    settings: LengthSettings

    def apply(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> Outcome:
        """Drop what is outside the limits."""
        lengths = [adapter.lengths(row.example) for row in rows]
        limits = [length_limits(of_text, self.settings) for of_text in zip(*lengths, strict=True)]
        outcome = Outcome([], notes={"limits in words": [[low, high] for low, high in limits]})
        for row, own in zip(rows, lengths, strict=True):
            short = [length for length, (low, _) in zip(own, limits, strict=True) if length < low]
            long = [length for length, (_, high) in zip(own, limits, strict=True) if length > (high or math.inf)]
            if short or long:
                reason = "too short" if short else "too long"
                outcome.dropped.append(self.drop(row, adapter, reason, f"{(short or long)[0]} words"))
            else:
                outcome.rows.append(row)
        return outcome


def length_limits(lengths: Sequence[int], settings: LengthSettings) -> tuple[int, int | None]:
    """Return the fewest and the most words that a text may have; None: no limit.

    The fence lies ``settings.fence`` interquartile ranges outside the quartiles of the logarithms. Where most texts are
    about equally long that range says little; it counts as half a length at least.
    """
    low, high = settings.min_words, settings.max_words
    if settings.fence and len(lengths):
        logs = np.log(np.maximum(1, lengths))
        first, third = np.quantile(logs, [0.25, 0.75])
        reach = settings.fence * max(third - first, np.log(1.5))
        low = max(low, int(np.ceil(np.exp(first - reach) - 1e-9)))
        fence = int(np.floor(np.exp(third + reach) + 1e-9))
        high = fence if high is None else min(high, fence)
    return low, high


class DropUnfit(Step):
    """Drop examples that the task cannot have after all other steps, as with labels it does not know."""

    name = "unfit"

    def apply(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> Outcome:
        """Drop examples with a problem."""
        outcome = Outcome([])
        for row in rows:
            if problem := adapter.problem(row.example):
                outcome.dropped.append(self.drop(row, adapter, "not fit for the task", problem))
            else:
                outcome.rows.append(row)
        return outcome
