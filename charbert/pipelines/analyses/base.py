"""The paper's analyses (Figs. 4-6, Sec. 1), and channels: run what is missing, then draw all records there are.

Torch is imported only when something must be measured, so that figures are redrawn in seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from charbert.config.analysis import Stage
from charbert.config.data.sets import TaskKind
from charbert.config.model.encoder import CharEncoder
from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.records import ResultRecord, read_records
from charbert.reporting.figures import analyses as figures
from charbert.reporting.render.layout import Table, render_markdown, write_table
from charbert.reporting.tables import analyses as tables
from charbert.reporting.tables.char_channel import AttackedScores, char_channel_table, robustness_dots
from charbert.reporting.tables.paper import TABLE_SPECS, paper_table
from charbert.runs.analysis_keys import (
    CHANNELS,
    CHAR_CHANNEL,
    EMBEDDING_SOURCES,
    FRAGILITY,
    SENSITIVITY,
    WORD_VS_SUBWORD,
    analysis_records,
    channels_run,
    char_channel_run,
    fragility_run,
    sensitivity_run,
    tagger_run,
    word_vs_subword_run,
)
from charbert.runs.comparability import comparable_records
from charbert.runs.run import Run

log = logging.getLogger(__name__)

SOURCES = ("char", "sum", "token", "concat")
"""What a tagger reads of a model with two channels; of a plain trunk there is only its one."""


def word_vs_subword(settings: Settings) -> ResultRecord:
    """Return a model's entity scores by split words (Fig. 4), after fine-tuning it when that is missing."""
    _require_entities(settings)
    record = _finished(word_vs_subword_run(settings), settings, "word_vs_subword")
    draw_word_vs_subword(settings)
    return record


def sensitivity(settings: Settings) -> ResultRecord:
    """Return how far the attack moves a model's states (Fig. 5), after training the model when it is missing."""
    record = _finished(sensitivity_run(settings), settings, "sensitivity")
    draw_sensitivity(settings)
    return record


def channels(settings: Settings) -> ResultRecord:
    """Return what a tagger scores with one channel's view of the attacked words hidden, after fine-tuning it."""
    if settings.task.kind not in (TaskKind.tagging, TaskKind.pos_tagging):
        raise SettingsError(
            f"{settings.experiment} hides words that were tagged, so task.kind must be tagging or pos_tagging, got "
            f"{settings.task.kind.name} (task={settings.task.name})"
        )
    record = _finished(channels_run(settings), settings, "channels")
    draw_channels(settings)
    return record


def embedding_sources(settings: Settings) -> list[ResultRecord]:
    """Return the scores of taggers on each kind of a model's frozen states (Fig. 6), after training what is missing."""
    _require_entities(settings)
    sources = SOURCES if settings.model.char_encoder is not CharEncoder.none else ("concat",)
    runs = {source: tagger_run(settings, source) for source in sources}
    if missing := {source: run for source, run in runs.items() if run.finished() is None}:
        from charbert.pipelines.analyses import measure

        measure.embedding_sources(settings, missing)
    draw_embedding_sources(settings)
    return [record for run in runs.values() if (record := run.finished()) is not None]


def fragility(settings: Settings) -> ResultRecord:
    """Return what a typo does to the subwords of nouns (Sec. 1)."""
    record = _finished(fragility_run(settings), settings, "fragility")
    draw_fragility(settings)
    return record


def char_channel(settings: Settings) -> ResultRecord:
    """Return how much an encoder's characters tell before and after its pretraining, after pretraining it.

    Raises:
        SettingsError: if it has no char channel, or was not built here.
    """
    model = settings.model
    if model.released or model.pretrained or model.char_encoder is CharEncoder.none:
        raise SettingsError(
            "char_channel looks at encoders with a char channel from their start on, not at plain trunks, "
            f"model.released or model.pretrained; got model={model.name}"
        )
    record = _finished(char_channel_run(settings), settings, "char_channel")
    draw_char_channel(settings)
    return record


def draw_word_vs_subword(settings: Settings) -> None:
    """Write Fig. 4 from the finished cells that differ only in model and seed."""
    if records := analysis_records(settings, WORD_VS_SUBWORD):
        table = tables.fig4_word_vs_subword(records)
        _write(settings, table, WORD_VS_SUBWORD)
        figures.split_dots(table, _folder(settings), WORD_VS_SUBWORD)


def draw_sensitivity(settings: Settings) -> None:
    """Write Fig. 5 from the finished cells that differ only in model and seed."""
    if records := analysis_records(settings, SENSITIVITY):
        stage = settings.analysis.sensitivity.stage
        stem = SENSITIVITY if stage is Stage.finetuned else f"{SENSITIVITY}_{stage.name}"
        table = tables.fig5_sensitivity(records)
        _write(settings, table, stem)
        figures.sensitivity_bars(table, tables.shown_sentences(records), _folder(settings), stem)


def draw_channels(settings: Settings) -> None:
    """Write the table of the finished cells that differ only in model and seed."""
    if records := analysis_records(settings, CHANNELS):
        _write(settings, tables.channels(records), CHANNELS)


def draw_char_channel(settings: Settings) -> None:
    """Write the table of the finished encoders that read the same text, and how robust they are once fine-tuned."""
    if records := analysis_records(settings, CHAR_CHANNEL):
        pretraining = read_records(Path(settings.paths.results) / "records", kind="pretrain")
        table = char_channel_table(records, pretraining, _attacked_scores(settings))
        _write(settings, table, CHAR_CHANNEL)
        robustness_dots(table, _folder(settings), CHAR_CHANNEL)


def draw_embedding_sources(settings: Settings) -> None:
    """Write Fig. 6 from the finished cells that differ only in model, states and seed."""
    if records := analysis_records(settings, EMBEDDING_SOURCES):
        table = tables.fig6_embedding_sources(records)
        _write(settings, table, EMBEDDING_SOURCES)
        figures.source_dots(table, _folder(settings), EMBEDDING_SOURCES)


def draw_fragility(settings: Settings) -> None:
    """Write the statistics of Sec. 1 from the finished cells that differ only in tokenizer and seed."""
    if records := analysis_records(settings, FRAGILITY):
        table = tables.intro_fragility(records)
        _write(settings, table, FRAGILITY)
        figures.share_bars(table, _folder(settings), FRAGILITY)


def draw_all(settings: Settings) -> None:
    """Write every figure of the analyses that has records; one of several stages for each."""
    draws: tuple[Callable[[Settings], None], ...] = (
        draw_word_vs_subword,
        draw_channels,
        draw_char_channel,
        draw_embedding_sources,
        draw_fragility,
    )
    for draw in draws:
        draw(settings)
    for stage in Stage:
        chosen = replace(settings.analysis.sensitivity, stage=stage)
        draw_sensitivity(replace(settings, analysis=replace(settings.analysis, sensitivity=chosen)))


def _finished(run: Run, settings: Settings, analysis: str) -> ResultRecord:
    record = run.finished()
    if record is None:
        from charbert.pipelines.analyses import measure

        record = getattr(measure, analysis)(settings, run)
    return record


def _attacked_scores(settings: Settings) -> AttackedScores | None:
    """Return what the fine-tuned models of Table 4 score under attack on the task; None where none was attacked."""
    table = paper_table(TABLE_SPECS["table4_ablation"], comparable_records(settings))
    for place, column in enumerate(table.columns):
        runs = {row.label: row.cells[place] for row in table.rows}
        if column.metric.startswith(f"attack/{settings.task.name}/") and any(run.scores for run in runs.values()):
            return AttackedScores(column, runs)
    return None


def _require_entities(settings: Settings) -> None:
    if settings.task.kind is not TaskKind.tagging:
        raise SettingsError(
            f"{settings.experiment} scores entities, so task.kind must be tagging, got {settings.task.kind.name} "
            f"(task={settings.task.name})"
        )


def _folder(settings: Settings) -> Path:
    return Path(settings.paths.results) / "figures"


def _write(settings: Settings, table: Table, stem: str) -> None:
    folder = Path(settings.paths.results) / "tables"
    write_table(table, folder, stem)
    log.info("written to %s\n\n%s", folder / f"{stem}.md", render_markdown(table))
