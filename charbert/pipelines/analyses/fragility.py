"""What a typo does to the subwords of nouns; needs a tokenizer and no model. Paper: Sec. 1."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from charbert.analysis.fragility import find_nouns, measure_fragility
from charbert.config.schema import Settings
from charbert.data.pretraining.wordpiece import read_wordpiece
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import data_file, prepare_data, task_files
from charbert.pipelines.build.encoder import trunk_tokenizer
from charbert.runs.analysis_keys import FRAGILITY, tokenizer_name
from charbert.runs.run import Run
from charbert.seeding import numpy_generator
from charbert.tasks.catalog import build_task


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the shares of the development set's nouns that are split, and that one deletion changes."""
    (run,) = runs.values()
    prepare_data(settings)
    path = data_file(settings, task_files(settings).dev, "the dev set")
    nouns = find_nouns(build_task(settings.task).read(path), str(path))
    chosen = settings.analysis.fragility
    if chosen.vocabulary is None:
        tokenizer = trunk_tokenizer(settings)
    else:
        tokenizer = read_wordpiece(chosen.vocabulary, lower_case=chosen.lower_case)

    def subwords(words: Sequence[str]) -> list[list[str]]:
        # with the space that a word in a text has before it: byte-level tokenizers split it differently
        encoding = tokenizer([f" {word}" for word in words], add_special_tokens=False)
        return [tokenizer.convert_ids_to_tokens(ids) for ids in encoding["input_ids"]]

    with recorded_analysis(settings, run, FRAGILITY, [path]) as (record, _):
        shares = asdict(measure_fragility(nouns, subwords, numpy_generator(settings.seed, "fragility")))
        record.details["tokenizer"] = tokenizer_name(settings)
        record.details["counts"] = {name: shares[name] for name in ("nouns", "edited")}
        record.finish({f"share/{name}": shares[name] for name in ("split", "new_subwords", "new_length")})
