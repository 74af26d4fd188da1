"""Settings to noise models: for pretraining, the word recognizer and the test-time attack."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from charbert.config.data.noise import AttackSettings, Layout, NlmRules, NoiseFamily, NoiseSettings
from charbert.config.model.word_recognizer import WordRecognizerSettings
from charbert.data.readers.lines import read_lines
from charbert.data.readers.misspellings import read_misspellings
from charbert.errors import DataError
from charbert.noise.attack import Attack
from charbert.noise.case import CaseNoise
from charbert.noise.characters import FORMS, CharacterNoise, digit_for
from charbert.noise.edits import Change, NoiseModel
from charbert.noise.mixed import MixedNoise
from charbert.noise.natural import NaturalNoise
from charbert.noise.nlm import NlmNoise, ReleasedNlmNoise
from charbert.noise.ocr import OcrNoise, own_confusions, parse_confusions


def build_nlm_noise(settings: NoiseSettings) -> NoiseModel:
    """Return the noise model of pretraining."""
    if settings.rules is NlmRules.released:
        return ReleasedNlmNoise(probability=settings.probability)
    edits = tuple(settings.edits)
    if settings.rules is NlmRules.mixed:
        shares = (settings.clean_share, settings.two_edits, settings.other_changes)
        return MixedNoise(settings.probability, edits, settings.min_word_length, *shares)
    return NlmNoise(settings.probability, edits, settings.min_word_length)


def build_recognizer_noise(settings: WordRecognizerSettings) -> NoiseModel:
    """Return the noise model that the word recognizer is trained with.

    Departure: Pruthi et al. draw an edit first and leave the word unchanged if it is too short for it (drop needs five
    characters, swap four); here one of the edits possible in a word is drawn.
    """
    return NlmNoise(settings.noise_probability, tuple(settings.edits), settings.min_word_length)


def build_attack(settings: AttackSettings, folder: Path | str = "", *, whole_words: bool = True) -> NoiseModel:
    """Return the noise model of a test-time attack.

    Args:
        folder: where relative names of its files start, ``paths.data``.
        whole_words: whether each word stays one word, as where words have labels; ``attack.spacing`` is then not read.

    Raises:
        DataError: if a file of the attack is missing or malformed.
    """
    family = settings.family
    words: dict[str, Any] = {"probability": settings.probability, "min_word_length": settings.min_word_length}
    if family is NoiseFamily.charbert:
        return Attack(
            tuple(settings.edits),
            settings.min_word_length,
            settings.letters.name,
            settings.probability,
            edits_per_word=settings.edits_per_word,
            place=settings.place,
            layout=settings.layout,
        )
    if family is NoiseFamily.natural:
        return NaturalNoise(_read_misspellings(_existing(settings.files(folder), "misspellings")), **words)
    if family is NoiseFamily.ocr:
        table = own_confusions()
        for path in _existing(settings.files(folder), "confusions"):
            table = parse_confusions(read_lines(path, "a table of confusions"), path)
        return OcrNoise(table, spacing=0.0 if whole_words else settings.spacing, **words)
    if family is NoiseFamily.case:
        return CaseNoise(settings.case, dotless=settings.layout is Layout.turkish_q, **words)
    of_characters = words | {"edits_per_word": settings.edits_per_word, "place": settings.place}
    if family is NoiseFamily.leet:
        return CharacterNoise(digit_for, Change.digit, **of_characters)
    return CharacterNoise(FORMS[settings.look_alike], Change.look_alike, **of_characters)


def _existing(paths: list[Path], setting: str) -> list[Path]:
    for path in paths:
        if not path.is_file():
            hint = "a relative name starts at paths.data"
            raise DataError.at(path, None, expected=f"the file of attack.{setting}", found="no such file", hint=hint)
    return paths


def _read_misspellings(paths: Iterable[Path]) -> dict[str, list[str]]:
    misspellings: dict[str, list[str]] = {}
    for path in paths:
        for word, wrong in read_misspellings(path).items():
            misspellings.setdefault(word, []).extend(wrong)
    return misspellings
