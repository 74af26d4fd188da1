"""Settings to noise models: for pretraining, fine-tuning, the word recognizer and the test-time attack."""

from __future__ import annotations

from charbert.config.data.noise import AttackSettings, NlmRules, NoiseFamily, NoiseSettings
from charbert.config.model.word_recognizer import WordRecognizerSettings
from charbert.config.training.robust_training import RobustTrainingSettings
from charbert.noise.attack import Attack
from charbert.noise.case import CaseNoise
from charbert.noise.edits import NoiseModel
from charbert.noise.mixed import MixedNoise
from charbert.noise.nlm import NlmNoise, ReleasedNlmNoise


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


def build_attack(settings: AttackSettings) -> NoiseModel:
    """Return the noise model of a test-time attack."""
    if settings.family is NoiseFamily.case:
        return CaseNoise(settings.case, settings.probability, settings.min_word_length)
    return Attack(
        tuple(settings.edits),
        settings.min_word_length,
        settings.letters.name,
        settings.probability,
        edits_per_word=settings.edits_per_word,
        place=settings.place,
        layout=settings.layout,
    )


def build_training_noise(settings: RobustTrainingSettings) -> NoiseModel:
    """Return the noise model of fine-tuning."""
    return Attack(tuple(settings.edits), settings.min_word_length, settings.letters.name, settings.words)
