"""How far the attack moves a model's states, over the test set and in one sentence. Paper: Sec. 5.2, Fig. 5."""

import logging
from collections.abc import Mapping
from dataclasses import asdict

from charbert.config.analysis import Stage
from charbert.config.schema import Settings
from charbert.evaluation.sensitivity import mean_sensitivity, word_sensitivities
from charbert.model import CharBertModel
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.attack import attack_sentences
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import prepare_data, set_files
from charbert.pipelines.build.eval_sets import read_sets
from charbert.pipelines.build.noise import build_attack
from charbert.pipelines.evaluate.finetuned import word_encoder
from charbert.pipelines.train.finetune import prepare_finetuned
from charbert.pipelines.train.pretrain import load_encoder
from charbert.runs.analysis_keys import SENSITIVITY
from charbert.runs.run import Run
from charbert.tasks.catalog import build_task

log = logging.getLogger(__name__)


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the sensitivity of the settings' encoder; a word recognizer in front of it is left out."""
    (run,) = runs.values()
    prepare_data(settings)
    task = build_task(settings.task)
    examples = read_sets(settings, task)["test"]
    encode = word_encoder(settings, *_model_of_stage(settings))
    attack, seed = build_attack(settings.attack, settings.paths.data), settings.attack.seed
    clean = task.sentences(examples)
    # one for each, whatever a text's would be
    noisy = [noised.words for noised in attack_sentences(clean, attack, seed)]
    shown = settings.analysis.sensitivity.sentence.split()
    (shown_noisy,) = attack_sentences([shown], attack, seed, stream="sensitivity")
    with recorded_analysis(settings, run, SENSITIVITY, set_files(settings)) as (record, _):
        log.info("sensitivity of %s on %d sentences", settings.model.name, len(clean))
        metrics: dict[str, float] = {}
        for source, rows in word_sensitivities(encode, clean, noisy).items():
            means = asdict(mean_sensitivity(rows, clean, noisy))
            metrics |= {f"sensitivity/{task.name}/{source}/{words}": value for words, value in means.items()}
        values = {
            source: rows[0].tolist()
            for source, rows in word_sensitivities(encode, [shown], [shown_noisy.words]).items()
        }
        record.details["sentence"] = {"clean": shown, "noisy": shown_noisy.words, "values": values}
        record.finish(metrics)


def _model_of_stage(settings: Settings) -> tuple[CharBertModel, CharBertTokenizer]:
    if settings.analysis.sensitivity.stage is Stage.pretrained:
        return load_encoder(settings)
    folder = prepare_finetuned(settings).model_folder
    return CharBertModel.from_pretrained(folder), CharBertTokenizer.from_pretrained(folder)
