"""Labels to which a model that has not seen the example gives a low probability (confident learning, by cleanlab)."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from charbert.config.data.preparation import Finding, SuspiciousSettings
from charbert.errors import DataError, SettingsError, import_extra
from charbert.preparation.adapter import ExampleAdapter
from charbert.preparation.out_of_fold import cross_validate_tags, cross_validate_texts, select_probabilities
from charbert.preparation.steps import Outcome, Row, Step

log = logging.getLogger(__name__)

_LEAST_GAIN = 0.05
"""Accuracy that a model must have above that of the most frequent label for its findings to be meaningful."""


@dataclass(frozen=True)
class Suspicion:
    """A label that is probably wrong."""

    example: int
    """Number of the example, from 0."""
    position: int
    """Which of its labels: 0, or the word's position."""
    label: str
    suggested: str
    """The most likely label."""
    confidence: float
    """Probability of the label that is given, in [0, 1]."""


@dataclass(frozen=True)
class FindSuspicious(Step):
    """List or drop examples with a label of low cross-validated probability."""

    name = "suspicious"

    settings: SuspiciousSettings
    seed: int
    """Of the folds."""
    probabilities: Sequence[Mapping[str, float]] | None = None
    """Of the file that ``settings.probabilities`` names; None: cross-validated here."""

    def apply(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> Outcome:
        """Check each label.

        Raises:
            DataError: if there are fewer examples of a label than folds, the file of probabilities does not fit, or
                a suspicious label is refused.
            SettingsError: if the task has no labels, or cleanlab is not installed.
        """
        classes = adapter.classes([row.example for row in rows])
        labels = [adapter.labels(row.example) or (name,) for row, name in zip(rows, classes, strict=True)]
        names = sorted({label for own in labels for label in own})
        if len(names) < 2:
            raise SettingsError(f"the step suspicious needs two labels or more, got {', '.join(names) or 'none'}")
        probabilities = self._probabilities(rows, labels, names, adapter)
        suspicions = find_suspicious(labels, probabilities, names, method=self.settings.method)[: self.settings.top]
        outcome = Outcome(list(rows))
        given = np.array([names.index(label) for own in labels for label in own])
        accuracy = float(np.mean(np.concatenate(probabilities).argmax(1) == given))
        majority = float(np.bincount(given).max() / len(given))
        if accuracy < majority + _LEAST_GAIN:
            log.warning(
                "the model that checks the labels agrees with %.1f %% of them, the most frequent label alone with "
                "%.1f %%: its findings mean little; give preparation.suspicious.probabilities of a better one",
                100 * accuracy,
                100 * majority,
            )
        outcome.notes = {
            "believed by": "the given probabilities" if self.probabilities is not None else "TF-IDF, cross-validated",
            "accuracy of that model": accuracy,
            "accuracy of the most frequent label": majority,
            "labels": len(given),
            "suspicious labels": len(suspicions),
            "suspicious examples": len({suspicion.example for suspicion in suspicions}),
        }
        outcome.findings = [_describe(suspicion, rows[suspicion.example]) for suspicion in suspicions]
        if self.settings.action is Finding.report or not suspicions:
            return outcome
        if self.settings.action is Finding.refuse:
            first = outcome.findings[0]
            raise DataError(
                f"{first['place']}: expected labels that the other examples support, got {first['label']!r} where "
                f"{first['suggested']!r} is more likely, and {len(suspicions) - 1} more such; look at them with "
                "preparation.suspicious.action=report"
            )
        reasons: dict[int, str] = {}
        for suspicion in suspicions:
            confidence = f"confidence in the label {suspicion.confidence:.3f}"
            detail = f"{suspicion.label!r}, rather {suspicion.suggested!r} ({confidence})"
            reasons.setdefault(suspicion.example, detail)
        outcome.rows = [row for number, row in enumerate(rows) if number not in reasons]
        outcome.dropped = [
            self.drop(rows[number], adapter, "suspicious label", detail) for number, detail in sorted(reasons.items())
        ]
        return outcome

    def _probabilities(
        self, rows: Sequence[Row], labels: Sequence[Sequence[str]], names: Sequence[str], adapter: ExampleAdapter[Any]
    ) -> list[np.ndarray]:
        if self.probabilities is not None:
            return select_probabilities(self.probabilities, rows, labels, names)
        if any(len(own) != 1 for own in labels):
            words = [row.example.words for row in rows]
            return cross_validate_tags(words, labels, names, self.settings.folds, self.seed)
        texts = [adapter.texts(row.example) for row in rows]
        return cross_validate_texts(texts, [own[0] for own in labels], names, self.settings.folds, self.seed)


def find_suspicious(
    labels: Sequence[Sequence[str]],
    probabilities: Sequence[np.ndarray],
    names: Sequence[str],
    *,
    method: str = "prune_by_noise_rate",
) -> list[Suspicion]:
    """Return the labels that are probably wrong, the least probable first.

    Args:
        labels: of each example, one or one a word.
        probabilities: of each example (N, K), from a model that has not seen it; K in the order of ``names``.
        method: ``filter_by`` of cleanlab.

    Raises:
        SettingsError: if cleanlab is not installed.
    """
    cleanlab = import_extra("cleanlab.filter", "the step suspicious", "prepare")
    ids = {name: number for number, name in enumerate(names)}
    given = np.array([ids[label] for own in labels for label in own])
    places = [(number, position) for number, own in enumerate(labels) for position in range(len(own))]
    shares = np.concatenate(list(probabilities)).astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of labels that are rare; a label without a finding is normal
        ranked = cleanlab.find_label_issues(
            given, shares, return_indices_ranked_by="self_confidence", filter_by=method, n_jobs=1
        )
    return [
        Suspicion(example, position, names[given[at]], names[int(shares[at].argmax())], float(shares[at, given[at]]))
        for at in ranked.tolist()
        for example, position in [places[at]]
    ]


def _describe(suspicion: Suspicion, row: Row) -> dict[str, Any]:
    fields = {name: value for name, value in asdict(suspicion).items() if name != "example"}
    words = getattr(row.example, "words", None)
    word = {} if words is None else {"word": words[suspicion.position]}
    return {"index": row.index, "place": row.place, **fields, **word}
