"""Scores of typo correction: words before noise, after it, and after correction."""

from collections.abc import Sequence

from charbert.errors import DataError

Sentences = Sequence[Sequence[str]]

BETA = 0.5
"""Of the F score: precision counts twice as much as recall, as in grammatical error correction (Ng et al., 2014)."""


def correction_scores(clean: Sentences, noised: Sentences, corrected: Sentences) -> dict[str, float]:
    """Return how well words were corrected, counted over all words; case counts.

    A word is one item of a sentence: a token of CoNLL, or of raw text a word or punctuation mark of
    `charbert.text.words.split_words`. The word before noise is the right one. A word that noise changed is a noised
    word, any other a clean one.

    ``word_error_rate_before`` and ``word_error_rate``: noised words, and wrong words after correction, per word; the
    number of words is the same, so that no word is inserted or deleted. ``precision``: changed words that became right,
    per changed word, 1 where none was changed. ``recall``: noised words that became right, per noised word, 1 where
    there is none. ``f0.5``: of these two, see `BETA`. ``false_alarms``: clean words that were changed, per 1,000 clean
    words. Shares are in [0, 1].

    Raises:
        DataError: if there is no word.
        ValueError: if sentences or words differ in number.
    """
    words = wrong_before = wrong_after = changed = restored = false_alarms = 0
    for sentence in zip(clean, noised, corrected, strict=True):
        for right, given, new in zip(*sentence, strict=True):
            words += 1
            wrong_before += given != right
            wrong_after += new != right
            changed += new != given
            restored += given != right and new == right
            false_alarms += given == right and new != right
    if not words:
        raise DataError("correction: expected at least one word, got none")
    precision = restored / changed if changed else 1.0
    recall = restored / wrong_before if wrong_before else 1.0
    return {
        "word_error_rate_before": wrong_before / words,
        "word_error_rate": wrong_after / words,
        "precision": precision,
        "recall": recall,
        "f0.5": _f_score(precision, recall),
        "false_alarms": 1000 * false_alarms / max(1, words - wrong_before),
    }


def _f_score(precision: float, recall: float) -> float:
    weighted = BETA**2 * precision + recall
    return (1 + BETA**2) * precision * recall / weighted if weighted else 0.0
