"""Settings of knowledge distillation."""

import re
from dataclasses import dataclass, field

from charbert.config.checks import check_range
from charbert.errors import SettingsError

_SETTING = re.compile(r"[\w.]+:.+")
_LAYERS = re.compile(r"\d+:\d+")


@dataclass
class DistillationSettings:
    """Fine-tuning on the labels and on a teacher's outputs. Hinton et al. (2015); Sanh et al. (2019)."""

    enabled: bool = False
    """Whether a teacher is used."""
    teacher: str = ""
    """Folder of a fine-tuned model of the same task: CharBERT, one of our plain trunks or a Hugging Face model."""
    run: list[str] = field(default_factory=list)
    """Instead of ``teacher``: the finished run of the task with these settings, e.g. ``[model:charbert,seed:1]``.
    A group is written by its name; any other setting in full, e.g. ``finetuning.epochs:3``."""
    weight: float = 0.5
    """Weight of the loss on the teacher's logits, in [0, 1]; the loss on the labels has the rest."""
    temperature: float = 2.0
    """Divisor of the logits of teacher and student, above 0. The loss is multiplied by its square, which keeps the size
    of the gradients."""
    hidden_weight: float = 0.0
    """Weight of the distance between the hidden states of student and teacher, 0 or more."""
    layer_map: list[str] = field(default_factory=list)
    """Pairs of student layer and teacher layer for the hidden states, e.g. ``[1:2,2:4,3:6]``; 0 is the embeddings.
    Empty: the student's layers spread evenly over the teacher's."""
    student_layers: list[int] = field(default_factory=list)
    """Teacher layers, counted from 1, that initialize a smaller student, together with the teacher's embeddings;
    ``model`` then only sets whether it has a char channel. Empty: the student is the ``model`` and ``trunk`` of the
    settings."""

    def __post_init__(self) -> None:
        check_range("distillation", self, "[0, 1]", "weight")
        check_range("distillation", self, "(0, inf)", "temperature")
        check_range("distillation", self, "[0, inf)", "hidden_weight")
        for name, form, matches in (("run", "SETTING:VALUE", _SETTING), ("layer_map", "LAYER:LAYER", _LAYERS)):
            wrong = [entry for entry in getattr(self, name) if not matches.fullmatch(entry)]
            if wrong:
                raise SettingsError(f"distillation.{name} must list {form}, got {wrong[0]!r}")
        layers = self.student_layers
        if layers and (min(layers) < 1 or layers != sorted(set(layers))):
            raise SettingsError(f"distillation.student_layers must rise from 1, each layer once, got {layers}")
        if self.teacher and self.run:
            raise SettingsError(
                f"give one teacher, distillation.teacher or distillation.run, got teacher={self.teacher!r} and "
                f"run={self.run}"
            )
        if not self.enabled and (self.teacher or self.run or layers):
            raise SettingsError(
                "distillation.enabled is false, but a teacher or student_layers is given; "
                "choose distillation=logits or distillation=hidden"
            )

    @property
    def run_settings(self) -> dict[str, str]:
        """The settings in ``run`` and their values."""
        return {name: value for name, _, value in (entry.partition(":") for entry in self.run)}

    @property
    def layer_pairs(self) -> dict[int, int]:
        """Student layer -> teacher layer, from ``layer_map``."""
        return {
            int(student): int(teacher) for student, _, teacher in (entry.partition(":") for entry in self.layer_map)
        }
