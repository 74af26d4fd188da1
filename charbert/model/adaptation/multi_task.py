"""One encoder under the heads of several tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from charbert.model.heads import CharBertForFineTuning


class MultiTaskModel(nn.Module):
    """The models of several tasks, made to share the encoder of the first.

    Each stays an ordinary model of its head: it predicts and is saved as if it had been trained alone.

    Args:
        models: of each task, by name; their encoders are of one kind.
    """

    def __init__(self, models: Mapping[str, CharBertForFineTuning]) -> None:
        super().__init__()
        self.charbert = next(iter(models.values())).charbert
        for model in models.values():
            model.charbert = self.charbert
        self.classifiers = nn.ModuleDict({name: model.classifier for name, model in models.items()})
        self.dropouts = nn.ModuleDict({name: model.dropout for name, model in models.items()})
        self.models = dict(models)  # not registered: their parts are, each once

    def forward(self, task: str, **inputs: Any) -> Any:
        """Return what the model of a task says of a batch."""
        return self.models[task](**inputs)
