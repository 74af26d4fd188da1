"""Probabilities of each example's labels from models that have not seen it: cross-validated, or from a file."""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from charbert.data.readers.lines import read_lines
from charbert.errors import DataError, SettingsError
from charbert.preparation.steps import Row
from charbert.seeding import derive_seed
from charbert.serialization import parse_strictly


def cross_validate_texts(
    texts: Sequence[Sequence[str]], labels: Sequence[str], names: Sequence[str], folds: int, seed: int
) -> list[np.ndarray]:
    """Return each example's probabilities, (1, K), by logistic regression on TF-IDF of the other folds.

    Words of the first and of the second text are different features, and of a pair the words that both have are
    features too.

    Raises:
        DataError: if a label has fewer examples than there are folds.
    """
    ids = np.array([names.index(label) for label in labels])
    rarest, count = min(Counter(labels).items(), key=lambda pair: (pair[1], pair[0]))
    if count < folds:
        raise DataError(
            f"expected at least {folds} examples of each label, one a fold, got {count} of {rarest!r}; "
            "set preparation.suspicious.folds lower, or drop the label"
        )
    model = make_pipeline(
        TfidfVectorizer(analyzer=_text_features, sublinear_tf=True, min_df=1), LogisticRegression(max_iter=300, C=3.0)
    )
    splitter = StratifiedKFold(folds, shuffle=True, random_state=derive_seed(seed, "suspicious") % 2**32)
    probabilities = cross_val_predict(model, list(texts), ids, cv=splitter, method="predict_proba")
    return [row[None] for row in probabilities]


def _text_features(texts: Sequence[str]) -> list[str]:
    """Return words and pairs of neighboring words, marked with the number of their text."""
    features: list[str] = []
    bags = []
    for number, text in enumerate(texts):
        words = text.lower().split()
        bags.append(set(words))
        features += [f"{number}:{word}" for word in words]
        features += [f"{number}:{word} {next_word}" for word, next_word in pairwise(words)]
    if len(bags) > 1:
        both = set.intersection(*bags)
        features += [f"both:{word}" for word in sorted(both)]
        share = len(both) / max(1, min(map(len, bags)))
        features += [f"common:{step}" for step in range(int(10 * share) + 1)]
    return features


def cross_validate_tags(
    sentences: Sequence[Sequence[str]], labels: Sequence[Sequence[str]], names: Sequence[str], folds: int, seed: int
) -> list[np.ndarray]:
    """Return the probabilities of each word's tags, (words, K), by logistic regression on the words around it.

    A sentence is in one fold.

    Raises:
        DataError: if there are fewer sentences than folds.
    """
    features = FeatureHasher(2**18, input_type="string").transform(
        feature for words in sentences for feature in _word_features(words)
    )
    ids = np.array([names.index(label) for own in labels for label in own])
    lengths = [len(words) for words in sentences]
    state = derive_seed(seed, "suspicious") % 2**32
    if len(sentences) < folds:
        raise DataError(f"expected at least {folds} sentences, one a fold, got {len(sentences)}")
    model = SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=8, tol=None, random_state=state)
    splitter = GroupKFold(folds, shuffle=True, random_state=state)
    owners = np.repeat(np.arange(len(sentences)), lengths)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a tag that the other folds lack has the probability 0
        probabilities = cross_val_predict(model, features, ids, groups=owners, cv=splitter, method="predict_proba")
    return np.split(probabilities, np.cumsum(lengths)[:-1])


def _word_features(words: Sequence[str]) -> list[list[str]]:
    padded = ["<s>", "<s>", *words, "</s>", "</s>"]
    features = []
    for at, word in enumerate(words, start=2):
        beside = [f"{step}={padded[at + step].lower()}" for step in (-2, -1, 1, 2)]
        own = [f"w={word}", f"l={word.lower()}", f"h={_shape(word)}", f"h-1={_shape(padded[at - 1])}"]
        own += [f"h+1={_shape(padded[at + 1])}", f"-1,0={padded[at - 1].lower()} {word.lower()}"]
        ends = [f"p{size}={word[:size].lower()}" for size in (2, 3)] + [
            f"s{size}={word[-size:].lower()}" for size in (2, 3)
        ]
        features.append([*own, *beside, *ends, "start" if at == 2 else "inside"])
    return features


def _shape(word: str) -> str:
    """Return the word with its characters replaced by their kinds, runs of one kind as one."""
    kinds = [
        "X" if character.isupper() else "x" if character.islower() else "9" if character.isdigit() else character
        for character in word
    ]
    return "".join(kind for at, kind in enumerate(kinds) if not at or kind != kinds[at - 1])


def read_probabilities(path: Path | str) -> list[dict[str, float]]:
    """Return the probabilities of each example, one JSON object a line.

    Of a line with ``predicted`` and ``probability`` alone, the rest is shared by the other labels; see
    `SuspiciousSettings.probabilities`.

    Raises:
        DataError: naming the line that is neither.
    """
    path = Path(path)
    rows: list[dict[str, float]] = []
    for number, line in enumerate(read_lines(path, "a file of probabilities (JSON lines)"), start=1):
        try:
            content = parse_strictly(line)
        except ValueError as error:
            raise DataError.at(path, number, expected="JSON", found=str(error)) from None
        values = content.get("probabilities") if isinstance(content, dict) else None
        if values is None and isinstance(content, dict) and {"predicted", "probability"} <= content.keys():
            values = {str(content["predicted"]): content["probability"]}
        numbers = isinstance(values, dict) and all(
            isinstance(value, int | float) and 0 <= value <= 1 for value in values.values()
        )
        if not numbers or not values:
            expected = 'an object with "probabilities" by label, or "predicted" and "probability"'
            raise DataError.at(path, number, expected=expected, found=line[:80])
        rows.append({str(name): float(value) for name, value in values.items()})
    return rows


def select_probabilities(
    probabilities: Sequence[Mapping[str, float]],
    rows: Sequence[Row],
    labels: Sequence[Sequence[str]],
    names: Sequence[str],
) -> list[np.ndarray]:
    """Return the probabilities of the rows that are left, (1, K) each."""
    if any(len(own) != 1 for own in labels):
        raise SettingsError("preparation.suspicious.probabilities holds one line a text, and sentences have many tags")
    last = max(row.index for row in rows)
    if last >= len(probabilities):
        raise DataError(
            f"preparation.suspicious.probabilities: expected a line for each example of the file, {last + 1} or more, "
            f"got {len(probabilities)}; were they computed on another file?"
        )
    selected = []
    for row in rows:
        given = probabilities[row.index]
        unknown = sorted(given.keys() - set(names))
        if unknown:
            raise DataError(
                f"preparation.suspicious.probabilities, line {row.index + 1}: expected labels of {', '.join(names)}, "
                f"got {unknown[0]!r}"
            )
        rest = max(0.0, 1.0 - sum(given.values())) / max(1, len(names) - len(given))
        selected.append(np.array([[max(given.get(name, rest), 1e-12) for name in names]]))
    return selected
