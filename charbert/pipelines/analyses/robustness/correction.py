"""Typo correction by a dictionary, a word recognizer or an NLM head: words restored and clean words spoiled."""

import logging
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from charbert.config.model.dictionary import DictionarySettings
from charbert.config.schema import Settings
from charbert.data.pretraining.corpus import read_paragraphs
from charbert.evaluation.nlm_correction import NlmCorrector, NoisyWordScorer
from charbert.metrics.correction import correction_scores
from charbert.noise.attack import attack_sentences
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import corpus_file, data_file, prepare_data, set_files, task_files
from charbert.pipelines.build.eval_sets import build_noisy_sets, read_sets, scored_examples
from charbert.pipelines.build.noise import build_attack
from charbert.pipelines.train.corrector import dictionary_rules, prepare_corrector
from charbert.pipelines.train.pretrain import prepare_encoder
from charbert.runs.analysis_keys import CORRECTION
from charbert.runs.run import Run
from charbert.tasks.catalog import build_task
from charbert.tasks.task import Task
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import REPAIR
from charbert.text.repair.repaired import CorrectsWords
from charbert.text.words import words_of

log = logging.getLogger(__name__)

TEXT = "text"
"""Of the names of sets of running text, in the place of a task's."""
_SENTENCES_AT_ONCE = 256


WordSet = tuple[Sequence[Sequence[str]], Sequence[Sequence[str]]]
"""Sentences before and after noise."""


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the scores of the settings' corrector on all sets, after making what it needs if that is missing.

    Metrics are ``correction/SET/SCORE`` with the scores of `charbert.metrics.correction.correction_scores`, and of a
    dictionary ``reach``: noised words whose right word is among those that the correction is chosen from, per noised
    word. A SET is ``TASK/NAME`` or ``text/ATTACK``, clean ones included.
    """
    (run,) = runs.values()
    prepare_data(settings)
    task = build_task(settings.task)
    sets = read_sets(settings, task)
    word_sets = task_word_sets(settings, task, sets) | text_word_sets(settings)
    noisy = [Path(settings.data.root) / copy.operations for copy in task_files(settings).noisy.values()]
    corrector = _corrector(settings, task, sets)  # after the sets, so that a bad file is found before hours of training
    with recorded_analysis(settings, run, CORRECTION, [*set_files(settings), *noisy, _text_file(settings)]) as (
        record,
        _,
    ):
        metrics: dict[str, float] = {}
        for name, (clean, noised) in word_sets.items():
            log.info("correcting %s with %s: %d sentences", name, settings.model.name, len(noised))
            scores = correction_scores(clean, noised, _correct(corrector, noised, name))
            if isinstance(corrector, DictionaryCorrector) and scores["word_error_rate_before"]:
                scores["reach"] = _reach(corrector, clean, noised)
            metrics |= {f"correction/{name}/{score}": value for score, value in scores.items()}
        record.details["corrector"] = corrector_name(settings)
        record.details["sets"] = {name: sum(map(len, noised)) for name, (_, noised) in word_sets.items()}
        record.finish(metrics)


def task_word_sets(settings: Settings, task: Task[Any, Any], sets: dict[str, list[Any]]) -> dict[str, WordSet]:
    """Return the words of the task's eval sets with noise and of their clean sets, by ``TASK/NAME``.

    Of each set those of ``robustness.max_examples`` examples, the same of a clean set and of its copies.
    """
    eval_sets, clean_of = build_noisy_sets(settings, task, sets)
    words = {}
    for name, examples in eval_sets.items():
        words[name] = task.sentences([examples[at] for at in scored_examples(settings, len(examples))])
    return {f"{task.name}/{name}": (words[clean], words[name]) for name, clean in clean_of.items()}


def text_word_sets(settings: Settings) -> dict[str, WordSet]:
    """Return the words of paragraphs of the text, as they are and after each attack, by ``text/ATTACK``."""
    paragraphs: list[list[str]] = []
    for text in read_paragraphs([_text_file(settings)]):
        if sum(map(len, paragraphs)) >= settings.analysis.correction.words:
            break
        paragraphs += [words_of(text)] if text else []
    word_sets: dict[str, WordSet] = {f"{TEXT}/clean": (paragraphs, paragraphs)}
    for name, attack in {settings.attack.name: settings.attack, **settings.robustness.families}.items():
        noised = attack_sentences(paragraphs, build_attack(attack, settings.paths.data), attack.seed, stream=CORRECTION)
        word_sets[f"{TEXT}/{name}"] = (paragraphs, [corruption.words for corruption in noised])
    return word_sets


def corrector_name(settings: Settings) -> str:
    """Return what corrects words, as rows of the table are called."""
    model = settings.model
    if model.recognizer.enabled:
        return "word recognizer"
    if model.dictionary.enabled:
        return _dictionary_name(model.dictionary)
    return f"NLM head, {model.name}" if model.restores_words else "no corrector"


def _dictionary_name(chosen: DictionarySettings) -> str:
    if not chosen.estimate_noise:
        return "dictionary"
    if dictionary_rules(chosen) == REPAIR:
        return "typo repair"
    return "context repair" if chosen.pairs else "repair"


def _text_file(settings: Settings) -> Path:
    name = settings.analysis.correction.text
    return corpus_file(settings, "dev") if name is None else data_file(settings, name, "the text to correct")


def _corrector(settings: Settings, task: Task[Any, Any], sets: Mapping[str, Sequence[Any]]) -> CorrectsWords | None:
    model = settings.model
    if model.recognizer.enabled or model.dictionary.enabled or not model.restores_words:
        return prepare_corrector(settings, task, sets)
    folder = prepare_encoder(settings)
    assert folder is not None
    scorer = NoisyWordScorer.load(Path(folder), device="cuda" if torch.cuda.is_available() else "cpu")
    return NlmCorrector(scorer, settings.analysis.correction.threshold)


def _reach(corrector: DictionaryCorrector, clean: Sequence[Sequence[str]], noised: Sequence[Sequence[str]]) -> float:
    both = zip(chain.from_iterable(noised), chain.from_iterable(clean), strict=True)
    forms, words = zip(*((form, word) for form, word in both if form != word), strict=True)
    return sum(corrector.within_reach(forms, words)) / len(forms)


def _correct(corrector: CorrectsWords | None, noised: Sequence[Sequence[str]], name: str) -> Sequence[Sequence[str]]:
    if corrector is None:
        return noised
    corrected: list[list[str]] = []
    with tqdm(total=len(noised), unit=" sentences", desc=name, disable=None) as bar:
        for start in range(0, len(noised), _SENTENCES_AT_ONCE):
            corrected += corrector.correct_many(noised[start : start + _SENTENCES_AT_ONCE])
            bar.update(len(corrected) - bar.n)
    return corrected
