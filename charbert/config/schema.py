"""The whole of an experiment's settings; conf/ fills them, ``load`` checks them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from omegaconf import MISSING

from charbert.config.analysis import AnalysisSettings
from charbert.config.bench import BenchSettings
from charbert.config.calibration import CalibrationSettings, EnsembleSettings, PerplexitySettings
from charbert.config.compression import CompressionSettings
from charbert.config.data.preparation import PreparationSettings
from charbert.config.data.sets import (
    AttackSettings,
    CorpusSettings,
    DataSettings,
    NewswireSettings,
    NoiseSettings,
    TaskSettings,
)
from charbert.config.explain import ExplainSettings
from charbert.config.identity import omit_default_section
from charbert.config.model.encoder import ModelSettings, TrunkSettings
from charbert.config.search import SearchSettings
from charbert.config.training.distillation import DistillationSettings
from charbert.config.training.multi_task import MultiTaskSettings
from charbert.config.training.robust_training import RobustTrainingSettings
from charbert.config.training.strategy import StrategySettings
from charbert.config.training.trainer import TrainingSettings
from charbert.errors import SettingsError


class TrackingMode(Enum):
    """Where the W&B view of a run goes."""

    online = "online"
    offline = "offline"
    off = "off"


@dataclass
class TrackingSettings:
    """Weights & Biases; the record on disk is the truth, W&B a view of it."""

    mode: TrackingMode = TrackingMode.offline
    """offline: files under ``paths.outputs``/wandb, no login, no network; online: the service; off: nothing."""
    project: str = "charbert"
    """W&B project."""
    entity: str | None = None
    """W&B user or team; None: the default of the account."""
    timeout_seconds: float = 30.0
    """How long a run waits for the service before it begins, and once more when it has ended; more than 0. A run that
    the service does not take in this time goes on offline."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.timeout_seconds <= 0:
            raise SettingsError(f"tracking.timeout_seconds must be positive, got {self.timeout_seconds}")


@dataclass
class PathSettings:
    """Folders; never part of what identifies a result."""

    data: str = MISSING
    """Where data sets are read from (or generated to)."""
    outputs: str = MISSING
    """Checkpoints, caches, W&B files; may be deleted."""
    results: str = MISSING
    """Records, tables and figures; worth keeping."""


@dataclass
class Settings:
    """Everything an experiment needs to know."""

    experiment: str = MISSING
    """Name of the entry point, e.g. table2_robustness; the W&B group."""
    recipe: str = MISSING
    """Scale of the run: smoke, quick, minilm or paper."""
    seed: int = 1
    """Seed of fine-tuning: initial heads, data order, dropout."""
    pretraining_seed: int = 1
    """Seed of pretraining; one pretrained encoder serves all fine-tuning seeds."""
    paths: PathSettings = field(default_factory=PathSettings)
    data: DataSettings = field(default_factory=DataSettings)
    newswire: NewswireSettings = field(default_factory=NewswireSettings)
    corpus: CorpusSettings = field(default_factory=CorpusSettings)
    trunk: TrunkSettings = field(default_factory=TrunkSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    noise: NoiseSettings = field(default_factory=NoiseSettings)
    pretraining: TrainingSettings = field(default_factory=TrainingSettings)
    task: TaskSettings = field(default_factory=TaskSettings)
    preparation: PreparationSettings = omit_default_section(PreparationSettings)
    finetuning: TrainingSettings = field(default_factory=TrainingSettings)
    strategy: StrategySettings = omit_default_section(StrategySettings)
    distillation: DistillationSettings = omit_default_section(DistillationSettings)
    robust_training: RobustTrainingSettings = omit_default_section(RobustTrainingSettings)
    multi_task: MultiTaskSettings = omit_default_section(MultiTaskSettings)
    attack: AttackSettings = field(default_factory=AttackSettings)
    analysis: AnalysisSettings = field(default_factory=AnalysisSettings)
    calibration: CalibrationSettings = omit_default_section(CalibrationSettings)
    ensemble: EnsembleSettings = omit_default_section(EnsembleSettings)
    perplexity: PerplexitySettings = omit_default_section(PerplexitySettings)
    search: SearchSettings = omit_default_section(SearchSettings)
    compression: CompressionSettings = omit_default_section(CompressionSettings)
    explain: ExplainSettings = omit_default_section(ExplainSettings)
    bench: BenchSettings = omit_default_section(BenchSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    @property
    def finetuning_length(self) -> int:
        """Subwords per sequence in fine-tuning: the task's own, or what the recipe says for all."""
        return self.task.max_length or self.finetuning.max_length

    @property
    def finetuning_on_task(self) -> TrainingSettings:
        """How the task is learnt alone: the recipe's fine-tuning, for as many epochs as the task's set asks for."""
        factor = self.data.sets[self.task.name].epochs_factor if self.task.name in self.data.sets else 1.0
        return replace(self.finetuning, epochs=self.finetuning.epochs * factor)
