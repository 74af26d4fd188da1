"""A model's entity scores by split words, from its predictions on the clean test set. Paper: Sec. 5.1, Fig. 4."""

from collections.abc import Mapping
from dataclasses import asdict

from charbert.analysis.word_vs_subword import find_split_words, score_by_split
from charbert.config.schema import Settings
from charbert.deploy.predict.side_files import load_processor
from charbert.deploy.predict.usage import read_usage
from charbert.model.loading.configurations import read_config
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import set_files
from charbert.pipelines.train.finetune import prepare_finetuned
from charbert.runs.analysis_keys import WORD_VS_SUBWORD
from charbert.runs.run import Run
from charbert.serialization import read_json


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the scores of the settings' model on all words, split words and whole words."""
    (run,) = runs.values()
    finetuned = prepare_finetuned(settings)
    folder = finetuned.model_folder
    tokenizer, _ = load_processor(folder, read_usage(folder, read_config(folder)))  # which splits the words as given
    again = f"delete {finetuned.record_path.parent} and run again"
    rows = read_json(finetuned.predictions_path("clean"), "predictions", again, lines=True)
    split = find_split_words([row["words"] for row in rows], tokenizer)
    with recorded_analysis(settings, run, WORD_VS_SUBWORD, set_files(settings)) as (record, _):
        scores = score_by_split([row["gold"] for row in rows], [row["predicted"] for row in rows], split)
        shares = asdict(scores)
        classes = {name: shares[name] for name in ("all_words", "split", "unsplit")}
        record.details["counts"] = classes
        metrics = {
            f"eval/{settings.task.name}/{name}/{key}": scored[key]
            for name, scored in classes.items()
            if scored["gold"]  # a class without entities has no score, which is not the same as a score of 0
            for key in ("f1", "precision", "recall")
        }
        record.finish(metrics | {f"share/{name}": shares[name] for name in shares if name not in classes})
