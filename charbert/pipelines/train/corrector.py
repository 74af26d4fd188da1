"""The corrector in front of a model: a word recognizer (BERT+WordRec, Sec. 4.5) or a spelling dictionary."""

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from charbert.config.model.dictionary import DictionarySettings
from charbert.config.model.word_recognizer import Backoff
from charbert.config.schema import Settings
from charbert.data.pretraining.corpus import read_paragraphs
from charbert.data.pretraining.counting import count_texts
from charbert.data.pretraining.word_vocab import count_cased_words
from charbert.data.word_counts import CountedWords, count_text_pairs, frequent_words
from charbert.errors import SettingsError
from charbert.files import replaced_folder, write_atomically
from charbert.integrity import checksums
from charbert.model.word_recognizer.correction import WordCorrector
from charbert.model.word_recognizer.network import WordRecognizer
from charbert.pipelines.build.data import corpus_file, prepare_data
from charbert.pipelines.train.word_recognizer import prepare_background_recognizer, prepare_recognizer
from charbert.runs.recorder import recorded_run
from charbert.runs.run import dictionary_run
from charbert.serialization import read_json
from charbert.tasks.task import Task
from charbert.text.codepoints import capitalized_words, has_dotless_i, looked_up, lower_counts
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules
from charbert.text.repair.repaired import Corrector

log = logging.getLogger(__name__)

_COUNTS = "counts.json"
_PAIRS = "pairs.json"
_CAPITALIZED = "capitalized.json"
_PARAGRAPHS_PER_BATCH = 10_000


def prepare_corrector(settings: Settings, task: Task[Any, Any], sets: Mapping[str, Sequence[Any]]) -> Corrector | None:
    """Return the corrector in front of the model, after making what it needs if that is missing; None without one.

    Args:
        sets: its examples; ``train`` is read, and for a recognizer ``dev``.
    """
    if settings.model.recognizer.enabled:
        return _recognizer(settings, task, sets)
    if not settings.model.dictionary.enabled:
        return None
    chosen = settings.model.dictionary
    text = _text_words(settings)
    dotless = has_dotless_i(text.counts)
    of_task = Counter(word for words in task.sentences(sets["train"]) for word in words)
    counts = Counter(text.counts)
    for word, count in of_task.items():
        counts[looked_up(word, dotless=dotless)] += count
    capitalized = capitalized_words(of_task, dotless=dotless)
    if chosen.capitals_of_text:
        capitalized |= text.capitalized - {looked_up(word, dotless=dotless) for word in of_task}
    return DictionaryCorrector(
        counts,
        dictionary_rules(chosen),
        keep_case=chosen.keep_case,
        capitalized=capitalized,
        pairs=text.pairs,
        restores_case=chosen.restore_case,
    )


def _text_words(settings: Settings) -> CountedWords:
    """Return the words of the pretraining text or of the saved model in its place, with pairs where they are read."""
    chosen = settings.model.dictionary
    if not chosen.words:
        return _counted_text(settings)
    saved = DictionaryCorrector.load(Path(chosen.words))
    if chosen.pairs and not saved.pairs:
        raise SettingsError(
            f"model.dictionary.words={chosen.words} has no pairs of words, expected some for "
            f"model.dictionary.pairs={chosen.pairs}; set pairs=0, or name a model saved behind context repair"
        )
    return CountedWords(saved.counts, set(saved.capitalized), saved.pairs if chosen.pairs else {})


def dictionary_rules(chosen: DictionarySettings) -> DictionaryRules:
    """Return the rules that the settings of a dictionary name."""
    return DictionaryRules(
        max_edits=chosen.max_edits,
        keep_ends=chosen.keep_ends,
        end_edit_odds=chosen.end_edit_odds,
        second_edit_odds=chosen.second_edit_odds,
        min_word_length=chosen.min_word_length,
        apostrophes=chosen.apostrophes,
        gate=chosen.gate,
        estimates_noise=chosen.estimate_noise,
        unseen_mass=chosen.unseen_mass,
        noise_rate=chosen.noise_rate,
        noise_rate_words=chosen.noise_rate_words,
        context_weight=chosen.context_weight,
    )


def _recognizer(settings: Settings, task: Task[Any, Any], sets: Mapping[str, Sequence[Any]]) -> WordCorrector:
    chosen = settings.model.recognizer
    recognizer = WordRecognizer.from_pretrained(prepare_recognizer(settings, task, sets))
    background = None
    if chosen.backoff is Backoff.background:
        background = WordRecognizer.from_pretrained(prepare_background_recognizer(settings))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return WordCorrector(
        recognizer.to(device),
        backoff=chosen.backoff.name,
        background=None if background is None else background.to(device),
        keep_case=chosen.keep_case,
    )


def _counted_text(settings: Settings) -> CountedWords:
    """Return the most frequent words of the pretraining text, after counting it once."""
    run, chosen = dictionary_run(settings), settings.model.dictionary
    prepare_data(settings)

    def count() -> None:
        path = corpus_file(settings, "train")
        log.info("counting the words of %s for the spelling dictionary", path)
        paragraphs = filter(None, read_paragraphs([path]))
        batches = iter(lambda: list(islice(paragraphs, _PARAGRAPHS_PER_BATCH)), [])
        cased = count_texts(batches, count_cased_words, settings.corpus.num_workers, what="words")
        counts = lower_counts(cased)
        kept = frequent_words(counts, chosen.size)
        with recorded_run(settings, run) as (record, _):
            with replaced_folder(run.model_folder) as draft:
                _write(draft / _COUNTS, kept)
                if chosen.pairs:
                    texts = tqdm(
                        filter(None, read_paragraphs([path])), desc="paragraphs", unit_scale=True, disable=None
                    )
                    _write(draft / _PAIRS, count_text_pairs(texts, kept, chosen.pairs))
                if chosen.capitals_of_text:
                    _write(draft / _CAPITALIZED, sorted(capitalized_words(cased) & kept.keys()))
            record.data_checksums = checksums([path], Path(settings.data.root))
            record.details |= {"words": len(kept), "distinct_words": len(counts), "running_words": counts.total()}
            record.finish({})

    run.make_once(count)
    pairs = _read(settings, _PAIRS) if chosen.pairs else {}
    return CountedWords(
        _read(settings, _COUNTS), set(_read(settings, _CAPITALIZED) if chosen.capitals_of_text else ()), pairs
    )


def _write(path: Path, content: Mapping[str, Any] | Sequence[str]) -> None:
    write_atomically(path, json.dumps(content, ensure_ascii=False, indent=0))


def _read(settings: Settings, name: str) -> Any:
    run = dictionary_run(settings)
    again = f"delete {run.record_path.parent} and run again"
    return read_json(run.model_folder / name, "the words of the pretraining text", again)
