"""Fine-tuned models in ``transformers.pipeline``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import Pipeline, pipeline

from charbert.deploy.onnx.export import load_model
from charbert.deploy.predict.predictor import find_model
from charbert.deploy.predict.usage import read_usage
from charbert.errors import SettingsError
from charbert.model.loading.configurations import read_config
from charbert.model.processing import CharBertProcessor
from charbert.tasks.catalog import HEADS


class PipelineTokenizer(CharBertProcessor):
    """A processor with the attributes of its tokenizer, which pipelines need."""

    def __getattr__(self, name: str) -> Any:
        if name == "tokenizer" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.tokenizer, name)


def build_pipeline(folder: str | Path, **options: Any) -> Pipeline:
    """Return the pipeline of a model that fine-tuning saved: text-classification or token-classification.

    A token-classification pipeline splits words as the tokenizer does. For the same tags as from
    `charbert.deploy.predict.Predictor`, give it words (``is_split_into_words=True``) and
    ``aggregation_strategy="first"``. A pipeline does not split long texts into windows.

    Args:
        folder: of the model, or of the finished run.
        **options: of ``transformers.pipeline``.

    Raises:
        CheckpointError: if there is no such model.
        SettingsError: if the library has no pipeline for its head.
    """
    where = find_model(Path(folder))
    head = read_usage(where, read_config(where)).head
    task = HEADS[head].pipeline
    if task is None:
        raise SettingsError(f"{folder}: transformers has no pipeline for {head}; use charbert.deploy.predict.Predictor")
    tokenizer: Any = PipelineTokenizer.from_pretrained(where)
    return pipeline(task, model=load_model(where), tokenizer=tokenizer, **options)
