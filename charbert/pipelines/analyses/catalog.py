"""The analyses of the paper (Figs. 4-6, Sec. 1) and beyond: what identifies each, what it measures, what it draws."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from charbert.config.analysis import Stage
from charbert.config.data.sets import TaskKind
from charbert.config.model.encoder import Objective
from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.pipelines.analyses import forms
from charbert.pipelines.analyses.base import Analysis, finetuned, single
from charbert.pipelines.tables.drawing import Figures, TableSpec, of_table
from charbert.records import ResultRecord
from charbert.reporting.figures import analyses as figures
from charbert.reporting.render.layout import Table
from charbert.reporting.render.row_names import short_label
from charbert.reporting.tables import analyses as tables
from charbert.reporting.tables.char_channel import AttackedScores, char_channel_table, robustness_dots
from charbert.reporting.tables.compression import compression_dots, compression_table
from charbert.reporting.tables.paper import TABLE_SPECS, paper_table
from charbert.reporting.tables.perplexity import perplexity_table
from charbert.runs import analysis_keys as keys
from charbert.runs.comparability import comparable_records
from charbert.runs.folders import finished_records
from charbert.runs.run import Run

SOURCES = ("char", "sum", "token", "concat")
"""Which states of a model with two channels a tagger reads; a plain trunk has one kind."""


def _table(
    analysis: str,
    build: Callable[[Sequence[ResultRecord]], Table],
    drawn: Figures | None = None,
    stem: str | Callable[[Settings], str] = "",
) -> TableSpec:
    """Return the table of the finished runs of an analysis that are compared with the settings' own."""
    records = partial(keys.analysis_records, analysis=analysis)
    return TableSpec(stem or analysis, records, lambda settings, records: build(records), drawn)


def _require_encoder(settings: Settings) -> None:
    from charbert.pipelines.build.data import refuse_baseline  # imports libraries that drawing does without

    refuse_baseline(settings)


def _require_tagging(*kinds: TaskKind, why: str) -> Callable[[Settings], None]:
    def check(settings: Settings) -> None:
        if settings.task.kind not in kinds:
            raise SettingsError(
                f"{settings.experiment} {why}, so task.kind must be {' or '.join(kind.name for kind in kinds)}, got "
                f"{settings.task.kind.name} (task={settings.task.name})"
            )
        _require_encoder(settings)

    return check


_require_entities = _require_tagging(TaskKind.tagging, why="scores entities")

WORD_VS_SUBWORD = Analysis(
    "word_vs_subword",
    finetuned(keys.WORD_VS_SUBWORD),
    _table(keys.WORD_VS_SUBWORD, tables.fig4_word_vs_subword, of_table(figures.split_dots)),
    check=_require_entities,
)
"""Fig. 4: entity scores of words that are split into subwords, and of whole words."""


def _draw_sensitivity(table: Table, records: Sequence[ResultRecord], folder: Path, stem: str) -> None:
    sentences = {short_label(model): shown for model, shown in tables.shown_sentences(records).items()}
    figures.sensitivity_bars(table, sentences, folder, stem)


def _sensitivity_stem(settings: Settings) -> str:
    stage = settings.analysis.sensitivity.stage
    return keys.SENSITIVITY if stage is Stage.finetuned else f"{keys.SENSITIVITY}_{stage.name}"


def _of_each_stage(settings: Settings) -> list[Settings]:
    analysis = settings.analysis
    stages = [replace(analysis, sensitivity=replace(analysis.sensitivity, stage=stage)) for stage in Stage]
    return [replace(settings, analysis=chosen) for chosen in stages]


SENSITIVITY = Analysis(
    "sensitivity",
    finetuned(keys.SENSITIVITY),
    replace(
        _table(keys.SENSITIVITY, tables.fig5_sensitivity, _draw_sensitivity, _sensitivity_stem),
        variants=_of_each_stage,
    ),
    check=_require_encoder,
)
"""Fig. 5: how far the attack moves a model's states."""


def _tagger_runs(settings: Settings) -> Mapping[str, Run]:
    sources = SOURCES if settings.model.has_char_channel else ("concat",)
    return {source: keys.tagger_run(settings, source) for source in sources}


EMBEDDING_SOURCES = Analysis(
    "embedding_sources",
    _tagger_runs,
    _table(keys.EMBEDDING_SOURCES, tables.fig6_embedding_sources, of_table(figures.source_dots)),
    check=_require_entities,
)
"""Fig. 6: taggers on each kind of a model's frozen states."""

FRAGILITY = Analysis(
    "fragility",
    single(keys.fragility_run),
    _table(keys.FRAGILITY, tables.intro_fragility, of_table(figures.share_bars)),
)
"""Sec. 1: what a typo does to the subwords of nouns."""

CHANNELS = Analysis(
    "channels",
    finetuned(keys.CHANNELS),
    _table(keys.CHANNELS, tables.channels),
    check=_require_tagging(TaskKind.tagging, TaskKind.pos_tagging, why="hides words that were tagged"),
)
"""Scores of a tagger with the subwords, or the characters, of the attacked words hidden."""


def _require_char_channel(settings: Settings) -> None:
    model = settings.model
    if model.released or model.pretrained or not model.has_char_channel:
        raise SettingsError(
            "char_channel measures encoders with a char channel that are pretrained here, not plain trunks, "
            f"model.released or model.pretrained; got model={model.name}"
        )


def _attacked_scores(settings: Settings) -> AttackedScores | None:
    """Return the scores under attack on the task of Table 4's fine-tuned models; None where none was attacked."""
    table = paper_table(TABLE_SPECS["table4_ablation"], comparable_records(settings))
    for place, column in enumerate(table.columns):
        runs = {row.label: row.cells[place] for row in table.rows}
        if column.metric.startswith(f"attack/{settings.task.name}/") and any(run.scores for run in runs.values()):
            return AttackedScores(column, runs)
    return None


CHAR_CHANNEL = Analysis(
    "char_channel",
    single(keys.char_channel_run),
    replace(
        _table(keys.CHAR_CHANNEL, char_channel_table, of_table(robustness_dots)),
        build=lambda settings, records: char_channel_table(
            records, finished_records(settings, kind="pretrain"), _attacked_scores(settings)
        ),
    ),
    check=_require_char_channel,
)
"""How much an encoder's states depend on characters, before and after its pretraining."""


def _compression_stem(settings: Settings) -> str:
    return keys.COMPRESSION if settings.task.name == "ner" else f"{keys.COMPRESSION}_{settings.task.name}"


def _refuse_corrector(settings: Settings) -> None:
    if settings.model.corrects_words:
        raise SettingsError(
            f"model={settings.model.name} has a word recognizer or a dictionary in front, which has no smaller form"
        )


COMPRESSION = Analysis(
    "compress",
    lambda settings: {form.label: form.run for form in forms.forms(settings)},
    _table(keys.COMPRESSION, compression_table, of_table(compression_dots), _compression_stem),
    check=_refuse_corrector,
)
"""A fine-tuned model in smaller forms: size, speed, clean and attacked scores."""


def _require_heads(settings: Settings) -> None:
    model = settings.model
    if model.is_baseline or model.released or model.pretrained:
        raise SettingsError(
            "perplexity needs the MLM head of an encoder that was pretrained here, or of a trunk, but "
            f"model={model.name} is "
            f"{'a baseline' if model.is_baseline else 'read from model.released or model.pretrained'}"
        )
    if model.has_char_channel and model.objective is Objective.none:
        raise SettingsError(f"model={model.name} is not pretrained (model.objective=none), so it has no MLM head")


PERPLEXITY = Analysis(
    "perplexity",
    single(keys.perplexity_run),
    TableSpec(keys.PERPLEXITY, keys.perplexity_records, lambda settings, records: perplexity_table(records)),
    check=_require_heads,
)
"""Perplexities of a pretrained encoder and of n-grams on held-out text, clean and attacked."""


ANALYSES = (
    WORD_VS_SUBWORD,
    CHANNELS,
    CHAR_CHANNEL,
    EMBEDDING_SOURCES,
    FRAGILITY,
    SENSITIVITY,
    COMPRESSION,
)
"""All whose tables are redrawn from the settings of a recipe; see `charbert.pipelines.redraw` for the others."""
