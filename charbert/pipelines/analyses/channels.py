"""A tagger's scores with the subwords, or the characters, of the attacked words hidden."""

from collections.abc import Mapping

import numpy as np

from charbert.config.schema import Settings
from charbert.data.collate import PadCollator
from charbert.evaluation.channels import changed_words, subwords_of, without_characters, without_subwords
from charbert.evaluation.predict import run_logits
from charbert.model.tokenization import CharBertTokenizer
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import set_files
from charbert.pipelines.build.eval_sets import build_eval_sets, read_sets
from charbert.pipelines.evaluate.finetuned import finetuned_backend
from charbert.pipelines.train.finetune import prepare_finetuned
from charbert.runs.analysis_keys import CHANNELS
from charbert.runs.run import Run
from charbert.tasks.catalog import build_task


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the scores of the settings' model; a word recognizer in front of it is left out."""
    (run,) = runs.values()
    folder = prepare_finetuned(settings).model_folder
    processor, backend = CharBertTokenizer.from_pretrained(folder), finetuned_backend(folder)
    task = build_task(settings.task)
    sets = read_sets(settings, task)
    eval_sets = build_eval_sets(settings, task, sets)
    attack = "released" if "released" in eval_sets else settings.attack.name
    clean, noisy = eval_sets["clean"], eval_sets[attack]
    changed = changed_words([example.words for example in clean], [example.words for example in noisy])
    collate = PadCollator(processor.pad_values, processor.row_length)
    metrics: dict[str, float] = {}
    with recorded_analysis(settings, run, CHANNELS, set_files(settings)) as (record, _):
        for name, examples in (("clean", clean), ("attacked", noisy)):
            encoded = task.encode(examples, processor, settings.finetuning_length)
            hidden = subwords_of(encoded.origin, changed)
            inputs = {"all": encoded.features}
            inputs["no_subwords"] = without_subwords(encoded.features, hidden, processor.mask_token_id)
            if processor.char_vocab is not None:
                inputs["no_characters"] = without_characters(encoded.features, hidden, processor)
            for shown, features in inputs.items():
                logits = run_logits(backend, features, collate, settings.finetuning.eval_batch_size)
                score = task.score(examples, task.decode(logits, encoded))[task.metric]
                metrics[f"channels/{task.name}/{name}/{shown}"] = score
        record.details["attack"] = attack
        record.details["changed"] = float(np.concatenate(changed).mean())
        record.finish(metrics)
