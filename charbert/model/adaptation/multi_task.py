"""One encoder under the heads of several tasks."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from charbert.model.heads import CharBertForFineTuning


class MultiTaskModel(nn.Module):
    """The models of several tasks, changed to share the encoder of the first.

    Each remains an ordinary model with its head, and predicts and is saved like one that was trained alone.

    Args:
        models: by task; their encoders have the same architecture.
    """

    def __init__(self, models: Mapping[str, CharBertForFineTuning]) -> None:
        super().__init__()
        self.charbert = next(iter(models.values())).charbert
        for model in models.values():
            model.charbert = self.charbert
        self.classifiers = nn.ModuleDict({name: model.classifier for name, model in models.items()})
        self.dropouts = nn.ModuleDict({name: model.dropout for name, model in models.items()})
        self.models = dict(models)  # not registered as modules: their parts are, once each

    def forward(self, task: str, **inputs: Any) -> Any:
        """Return the output of a task's model for a batch."""
        return self.models[task](**inputs)
