"""Repairs of texts and labels, and examples that are beyond repair."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from charbert.config.data.preparation import EmptySettings, LabelSettings, LengthSettings, UnicodeForm, UnicodeSettings
from charbert.errors import SettingsError
from charbert.preparation.adapter import ExampleAdapter
from charbert.preparation.steps import Change, Dropped, Outcome, Row, Step

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
"""Soft hyphen, zero-width space, word joiner and byte order mark; the joiners of Arabic and Indic scripts stay."""
_BLANKS = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
"""Those that are not white space."""
_PREFIX = re.compile(r"[BbIi]-")

_SHOWN_LENGTH = 200


class RepairUnicode(Step):
    """Mend characters; an example whose answers cannot be found again with certainty is dropped.

    Args:
        settings: what is mended.
    """

    name = "unicode"

    def __init__(self, settings: UnicodeSettings) -> None:
        self.normalize = build_normalizer(settings)

    def apply(self, rows: Sequence[Row[Any]], view: ExampleAdapter[Any]) -> Outcome[Any]:
        """Mend each example."""
        outcome: Outcome[Any] = Outcome([])
        for row in rows:
            normalized = view.normalize(row.example, self.normalize)
            if normalized is None:
                outcome.dropped.append(self.drop(row, view, "nothing certain is left after the repair"))
                continue
            if normalized != row.example:
                outcome.changes.append(self._describe(row, view, normalized))
                row = Row(normalized, row.index, row.place, row.added_by)
            outcome.rows.append(row)
        return outcome

    def _describe(self, row: Row[Any], view: ExampleAdapter[Any], normalized: Any) -> Change:
        """Return the change with the stretch that differs, and what kind of character it was about."""
        before, after = "\n".join(view.texts(row.example)), "\n".join(view.texts(normalized))
        start = next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), 0)
        first = max(0, start - 20)
        cut = [text[first : first + _SHOWN_LENGTH] for text in (before, after)]
        return self.change(row, _kind_of_repair(before, after), *cut)


def build_normalizer(settings: UnicodeSettings) -> Callable[[str, bool], str]:
    """Return the function that mends a text; its second argument says that white space must stay.

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
    try:
        import ftfy
    except ImportError as error:
        raise SettingsError(
            "the step unicode needs ftfy, which is not installed: pip install 'charbert[prepare]', "
            "or set preparation.unicode.mojibake=false and preparation.unicode.html=false"
        ) from error
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
    """Drop examples with an empty or missing text or label.

    Args:
        settings: what stands for a missing text.
    """

    name = "empty"

    def __init__(self, settings: EmptySettings) -> None:
        self.markers = {marker.casefold() for marker in settings.markers}

    def apply(self, rows: Sequence[Row[Any]], view: ExampleAdapter[Any]) -> Outcome[Any]:
        """Drop what is missing."""
        outcome: Outcome[Any] = Outcome([])
        for row in rows:
            missing = [text for text in view.texts(row.example) if self._is_missing(text)]
            labels = [] if missing else [label for label in view.labels(row.example) if self._lacks(label, view)]
            if missing or labels:
                reason = "missing text" if missing else "missing label"
                outcome.dropped.append(self.drop(row, view, reason, repr((missing or labels)[0])))
            else:
                outcome.rows.append(row)
        return outcome

    def _lacks(self, label: str, view: ExampleAdapter[Any]) -> bool:
        return label not in view.known_labels and self._is_missing(label)

    def _is_missing(self, text: str) -> bool:
        plain = _INVISIBLE.sub("", text).strip().casefold()
        return not plain or plain in self.markers


class CleanLabels(Step):
    """Write each label in one way.

    Args:
        settings: aliases, and whether case counts.
        names: labels as files write them and their names, where the task lists them.
    """

    name = "labels"

    def __init__(self, settings: LabelSettings, names: Mapping[str, str] | None = None) -> None:
        self.settings = settings
        self.names = dict(names or {})

    def apply(self, rows: Sequence[Row[Any]], view: ExampleAdapter[Any]) -> Outcome[Any]:
        """Replace labels by the way they should be written."""
        counts = Counter(label for row in rows for label in view.labels(row.example))
        chosen = self._spellings(counts, view)
        outcome: Outcome[Any] = Outcome([])
        for row in rows:
            labels = view.labels(row.example)
            clean = [chosen[label] for label in labels]
            if clean != list(labels):
                spellings = next(
                    (label, clean_label)
                    for label, clean_label in zip(labels, clean, strict=True)
                    if label != clean_label
                )
                outcome.changes.append(self.change(row, "label", *spellings))
                row = Row(view.with_labels(row.example, clean), row.index, row.place, row.added_by)
            outcome.rows.append(row)
        return outcome

    def _spellings(self, counts: Mapping[str, int], view: ExampleAdapter[Any]) -> dict[str, str]:
        """Return how each label should be written."""
        aliased = {label: self._alias(_BLANKS.sub(" ", label).strip()) for label in counts}
        if not self.settings.ignore_case:
            return aliased
        totals: Counter[str] = Counter()
        for label, spelling in aliased.items():
            totals[spelling] += counts[label]
        variants: dict[str, list[str]] = defaultdict(list)
        for spelling in sorted(totals, key=lambda name: (name not in view.known_labels, -totals[name], name)):
            variants[spelling.casefold()].append(spelling)
        known = {name.casefold(): name for name in view.known_labels}
        return {
            label: known.get(spelling.casefold(), variants[spelling.casefold()][0])
            for label, spelling in aliased.items()
        }

    def _alias(self, label: str) -> str:
        """Return the label that another one stands for; of an entity tag the type may be the alias."""
        fold = str.casefold if self.settings.ignore_case else str
        aliases = {fold(name): other for name, other in {**self.names, **self.settings.aliases}.items()}
        if fold(label) in aliases:
            return aliases[fold(label)]
        prefix = _PREFIX.match(label)
        if prefix and fold(label[2:]) in aliases:
            return label[:2].upper() + aliases[fold(label[2:])]
        return label


class DropLengthOutliers(Step):
    """Drop examples with a text that is far shorter or longer than the others.

    Args:
        settings: the limits.
    """

    name = "lengths"

    def __init__(self, settings: LengthSettings) -> None:
        self.settings = settings

    def apply(self, rows: Sequence[Row[Any]], view: ExampleAdapter[Any]) -> Outcome[Any]:
        """Drop what lies outside the limits."""
        outcome: Outcome[Any] = Outcome([])
        lengths = [view.lengths(row.example) for row in rows]
        limits = [
            length_limits([row[text] for row in lengths], self.settings)
            for text in range(len(lengths[0]) if rows else 0)
        ]
        outcome.notes["limits in words"] = [[low, high] for low, high in limits]
        for row, row_lengths in zip(rows, lengths, strict=True):
            short = [length for length, (low, _) in zip(row_lengths, limits, strict=True) if length < low]
            long = [
                length
                for length, (_, high) in zip(row_lengths, limits, strict=True)
                if high is not None and length > high
            ]
            if short or long:
                reason = "too short" if short else "too long"
                outcome.dropped.append(self.drop(row, view, reason, f"{(short or long)[0]} words"))
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
    """Drop what the task cannot have after all other steps, such as labels it does not know."""

    name = "unfit"

    def apply(self, rows: Sequence[Row[Any]], view: ExampleAdapter[Any]) -> Outcome[Any]:
        """Drop examples with a fault."""
        faults = [(row, view.fault(row.example)) for row in rows]
        dropped: list[Dropped] = [self.drop(row, view, "not fit for the task", fault) for row, fault in faults if fault]
        return Outcome([row for row, fault in faults if not fault], dropped)
