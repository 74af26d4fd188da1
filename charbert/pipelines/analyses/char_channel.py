"""How much an encoder's states depend on characters, at its initialization and after any pretraining."""

import logging
from collections.abc import Mapping
from itertools import islice

from charbert.analysis.char_channel import measure_char_channel
from charbert.config.model.encoder import Objective
from charbert.config.schema import Settings
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import corpus_blocks, corpus_file
from charbert.pipelines.train.pretrain import load_encoder, new_encoder
from charbert.runs.analysis_keys import CHAR_CHANNEL
from charbert.runs.run import Run
from charbert.seeding import numpy_generator

log = logging.getLogger(__name__)


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the deviations and changes of the settings' encoder, see `measure_char_channel`."""
    (run,) = runs.values()
    fresh, processor, _ = new_encoder(settings)
    encoders = {"start": fresh.charbert}
    if settings.model.objective is not Objective.none:
        encoders["pretrained"] = load_encoder(settings)[0]
    texts = list(islice(corpus_blocks(settings, "dev"), settings.analysis.char_channel.texts))
    with recorded_analysis(settings, run, CHAR_CHANNEL, [corpus_file(settings, "dev")]) as (record, _):
        metrics: dict[str, float] = {}
        for stage, model in encoders.items():
            log.info("reading %d texts by %s, %s", len(texts), settings.model.name, stage)
            rng = numpy_generator(settings.seed, "char_channel")
            changes = measure_char_channel(model, processor, texts, rng, max_length=settings.pretraining.max_length)
            metrics |= {f"char_channel/{stage}/{name}": value for name, value in changes._asdict().items()}
        record.details["texts"] = len(texts)
        record.finish(metrics)
