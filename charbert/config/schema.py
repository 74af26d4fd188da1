"""All settings of an experiment; conf/ sets them, `charbert.config.load` checks them."""

from dataclasses import dataclass, field, replace
from enum import Enum

from omegaconf import MISSING

from charbert.config.analysis import AnalysisSettings
from charbert.config.bench import BenchSettings
from charbert.config.calibration import CalibrationSettings, EnsembleSettings, PerplexitySettings
from charbert.config.checks import check_range
from charbert.config.compression import CompressionSettings
from charbert.config.data.noise import AttackSettings, NoiseSettings
from charbert.config.data.preparation import PreparationSettings
from charbert.config.data.sets import CorpusSettings, DataSettings, NewswireSettings, TaskSettings
from charbert.config.explain import ExplainSettings
from charbert.config.identity import omit_default_section
from charbert.config.model.encoder import ModelSettings, TrunkSettings
from charbert.config.robustness import CurveSettings, RobustnessSettings, WorstCaseSettings
from charbert.config.search import SearchSettings
from charbert.config.training.distillation import DistillationSettings
from charbert.config.training.multi_task import MultiTaskSettings
from charbert.config.training.robust_training import RobustTrainingSettings
from charbert.config.training.strategy import StrategySettings
from charbert.config.training.trainer import TrainingSettings
from charbert.errors import SettingsError


class TrackingMode(Enum):
    """Where W&B data of a run are sent."""

    online = "online"
    offline = "offline"
    off = "off"


class ModelArtifact(Enum):
    """What W&B gets of a trained model."""

    reference = "reference"
    upload = "upload"
    none = "none"


@dataclass
class TrackingSettings:
    """Weights & Biases. Tables are made from the records on disk, not from W&B."""

    mode: TrackingMode = TrackingMode.offline
    """offline: files under ``paths.outputs``/wandb, no login, no network; online: the W&B service; off: nothing."""
    project: str = "charbert"
    """W&B project."""
    entity: str | None = None
    """W&B user or team; null: the default of the account."""
    group: str | None = None
    """W&B group; null: the sweep's id under ``wandb agent``, else the name of the experiment."""
    model: ModelArtifact = ModelArtifact.reference
    """Artifact of a trained model. reference: the absolute path of its files on this machine, and their checksums;
    upload: the files themselves; none: nothing."""
    timeout_seconds: float = 30.0
    """Seconds that a run waits for the service at its start and again at its end; above 0. If the service does not
    answer in time, the run continues offline."""

    def __post_init__(self) -> None:
        check_range("tracking", self, "(0, inf)", "timeout_seconds")


@dataclass
class PathSettings:
    """Folders; not part of a result's identity."""

    data: str = MISSING
    """Folder of the data sets, read or generated."""
    outputs: str = MISSING
    """Folder of checkpoints, caches and W&B files; may be deleted."""
    results: str = MISSING
    """Folder of records, tables and figures; keep it."""

    def __post_init__(self) -> None:
        for name in ("data", "outputs", "results"):
            if not getattr(self, name):
                raise SettingsError(f"paths.{name} is empty; give a folder, or leave the setting out")


LENGTH_SETTINGS = "task.max_length or finetuning.max_length"
"""Names of what `Settings.finetuning_length` is taken from, for errors."""


@dataclass
class Settings:
    """All settings of an experiment."""

    experiment: str = MISSING
    """Name of the entry point, e.g. table2_robustness; also the W&B group."""
    recipe: str = MISSING
    """Scale of the run, e.g. smoke, quick, minilm or paper."""
    seed: int = 1
    """Seed of fine-tuning: initial weights of the head, data order, dropout."""
    pretraining_seed: int = 1
    """Seed of pretraining; all fine-tuning seeds use the same pretrained encoder."""
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
    worst_case: WorstCaseSettings = omit_default_section(WorstCaseSettings)
    compression: CompressionSettings = omit_default_section(CompressionSettings)
    explain: ExplainSettings = omit_default_section(ExplainSettings)
    robustness: RobustnessSettings = omit_default_section(RobustnessSettings)
    curves: CurveSettings = omit_default_section(CurveSettings)
    bench: BenchSettings = omit_default_section(BenchSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    @property
    def finetuning_length(self) -> int:
        """Subwords per sequence in fine-tuning: that of the task, else that of the recipe."""
        return self.task.max_length or self.finetuning.max_length

    @property
    def finetuning_on_task(self) -> TrainingSettings:
        """Fine-tuning on this task alone: the recipe's, with epochs multiplied by the set's ``epochs_factor``."""
        factor = self.data.sets[self.task.name].epochs_factor if self.task.name in self.data.sets else 1.0
        return replace(self.finetuning, epochs=self.finetuning.epochs * factor)
