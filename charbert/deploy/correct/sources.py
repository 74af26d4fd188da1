"""What corrects words: a dictionary of counted words, or the corrector or the NLM head of a model.

Torch is imported for a model only, so that a dictionary is ready in seconds.
"""

from pathlib import Path

from charbert.config.analysis import CorrectionSettings
from charbert.data.word_counts import PAIRS, read_words
from charbert.errors import CheckpointError, SettingsError
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import REPAIR, DictionaryRules
from charbert.text.repair.repaired import REPAIR_FILE, CorrectsWords

RULES = {"dictionary": DictionaryRules(), "repair": REPAIR}
"""Dictionaries that need no model, by what stands in the place of one."""


def is_dictionary(model: Path, counts: Path | None) -> bool:
    """Return whether a model's name is one of `RULES`; without counts a folder of that name comes first."""
    return str(model) in RULES and (counts is not None or not model.exists())


def load_any_corrector(
    model: Path, *, counts: Path | None = None, threshold: float | None = None, batch_size: int = 32
) -> CorrectsWords:
    """Return the corrector that a name or a folder stands for.

    Args:
        model: one of `RULES`, with ``counts``; the folder of a model that was fine-tuned behind a dictionary or a word
            recognizer, or that has one in its tokenizer; of a word recognizer; or of a pretrained model with an NLM
            head. A run's folder stands for its ``model``.
        counts: file of words, as `charbert.data.word_counts.read_words` reads it.
        threshold: of an NLM head, in [0, 1); None: the default.
        batch_size: sentences in a forward pass of an NLM head.

    Raises:
        CheckpointError: if there is no such folder, or it holds no corrector and no NLM head.
        SettingsError: if an option is missing, out of its range, or of no use with this model.
        DataError: if ``counts`` cannot be read.
    """
    if batch_size < 1:
        raise SettingsError(f"--batch-size must be at least 1, got {batch_size}")
    if threshold is not None and not 0 <= threshold < 1:
        raise SettingsError(f"--threshold must be in [0, 1), got {threshold}")
    if is_dictionary(model, counts):
        _refuse(threshold is not None, "--threshold is of an NLM head", model)
        if counts is None:
            raise SettingsError(f"{model} needs words: --counts FILE, a text or lines with a word, a tab and its count")
        rules = RULES[str(model)]
        words = read_words(counts, pairs=PAIRS if rules.estimates_noise else 0)
        return DictionaryCorrector(words.counts, rules, capitalized=words.capitalized, pairs=words.pairs)
    from charbert.deploy.predict.predictor import find_model
    from charbert.evaluation import nlm_correction as nlm

    try:
        folder = find_model(model)
    except CheckpointError as error:
        raise CheckpointError(f"{error}; {' and '.join(RULES)} need no model, but --counts FILE") from None
    _refuse(counts is not None, f"--counts is read with {' and '.join(RULES)}", model)
    if (folder / nlm.VOCABULARY_FILE).is_file():
        scorer = nlm.NoisyWordScorer.load(folder, batch_size=batch_size)
        return nlm.NlmCorrector(scorer, CorrectionSettings().threshold if threshold is None else threshold)
    _refuse(threshold is not None, "--threshold is of an NLM head", model)
    return _saved_corrector(folder, nlm.VOCABULARY_FILE)


def _saved_corrector(folder: Path, words_of_head: str) -> CorrectsWords:
    from charbert.deploy.predict.side_files import saved_corrector
    from charbert.model.loading.configurations import read_config
    from charbert.model.word_recognizer.correction import RECOGNIZER_FOLDER, WordCorrector
    from charbert.model.word_recognizer.network import WordRecognizer, WordRecognizerConfig

    if (corrector := saved_corrector(folder)) is not None:
        if isinstance(corrector, DictionaryCorrector):
            corrector.restores_case = False  # people who write in lower case made no typo
        return corrector
    if isinstance(read_config(folder), WordRecognizerConfig):
        return WordCorrector(WordRecognizer.from_pretrained(folder))
    raise CheckpointError(
        f"{folder}: expected a model with a corrector ({REPAIR_FILE} or {RECOGNIZER_FOLDER}), a word recognizer, or a "
        f"pretrained model with an NLM head ({words_of_head}), got none of them; an encoder that was saved without its "
        "heads has none: use the folder of its pretraining, or: charbert correct repair --counts FILE"
    )


def _refuse(refused: bool, reason: str, model: Path) -> None:
    if refused:
        raise SettingsError(f"{reason}; leave it out with {model}")
