"""Texts in; labels, tagged spans or answers out."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from charbert.data.collate import PadCollator
from charbert.deploy.predict.backends import Backend, TorchBackend, load_backend
from charbert.deploy.predict.inputs import check_input
from charbert.deploy.predict.side_files import load_processor
from charbert.deploy.predict.usage import read_usage
from charbert.errors import CheckpointError, DataError, SettingsError
from charbert.evaluation.predict import run_logits
from charbert.evaluation.sensitivity import Encode
from charbert.evaluation.word_states import WordEncoder
from charbert.files import recover_folder
from charbert.model.loading.configurations import read_config, readable
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.trunk import check_length
from charbert.tasks.catalog import HEADS
from charbert.tasks.head import Input, Output, Usage
from charbert.text.repair.repaired import Corrector

INPUTS_AT_ONCE = 256
"""Inputs whose features are held in memory, and sorted by length together; at least a batch."""
_SHORTEST = 8
"""Fewest subwords of a window, as in fine-tuning."""


class Predictor:
    """A fine-tuned model that answers for raw text.

    Args:
        backend: runs the model.
        processor: text to model inputs.
        labels: of the model, in the order of its outputs; none for question answering.
        usage: head, lengths and thresholds.
        batch_size: windows in a forward pass; those of similar length go together.
        corrector: corrects the words that the model reads, as in fine-tuning; None: nothing is corrected.

    Raises:
        SettingsError: if the batch size or the length is too small.
    """

    def __init__(
        self,
        backend: Backend,
        processor: CharBertTokenizer,
        labels: Sequence[str],
        usage: Usage,
        *,
        batch_size: int = 32,
        corrector: Corrector | None = None,
    ) -> None:
        if batch_size < 1:
            raise SettingsError(f"batch_size must be at least 1, got {batch_size}")
        if usage.max_length < _SHORTEST:
            raise SettingsError(f"max_length must be at least {_SHORTEST} subwords, got {usage.max_length}")
        self.backend = backend
        self.processor = processor
        self.labels = list(labels)
        self.usage = usage
        self.batch_size = batch_size
        self._reader = HEADS[usage.head].reader(processor, self.labels, usage, corrector)
        self._collate = PadCollator(processor.pad_values, processor.row_length)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        batch_size: int = 32,
        max_length: int | None = None,
        no_answer_threshold: float | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> Self:
        """Return the predictor of a model that fine-tuning saved or that was exported, after one text as a trial.

        Args:
            folder: of the model, or of the finished run that has it below ``model``.
            batch_size: windows in a forward pass.
            max_length: most subwords of a window; None: as in fine-tuning.
            no_answer_threshold: lets a question have no answer, from this threshold on; None: as in fine-tuning.
            device: as cpu, cuda, cuda:1 or mps; an exported model computes on the CPU.
            threads: of ONNX Runtime for an exported model; those of PyTorch are the whole process's.

        Raises:
            CheckpointError: if there is no such model, or one that cannot be used so.
            SettingsError: if a setting is out of its range, or of no use with this model.
        """
        where = find_model(Path(folder))
        config = read_config(where)
        usage = read_usage(where, config)
        if max_length is not None:
            usage = replace(usage, max_length=max_length)
        check_length("max_length", usage.max_length, config)
        if no_answer_threshold is not None:
            if usage.head != "question_answering" or math.isnan(no_answer_threshold):
                raise SettingsError(
                    "no_answer_threshold must be a number, for a model that answers questions, got "
                    f"{no_answer_threshold} for {usage.head}"
                )
            usage = replace(usage, no_answers=True, no_answer_threshold=no_answer_threshold)
        backend = load_backend(where, device=device, threads=threads)
        labels = list(config.id2label.values()) if HEADS[usage.head].has_labels else []
        processor, corrector = load_processor(where, usage)
        predictor = cls(backend, processor, labels, usage, batch_size=batch_size, corrector=corrector)
        with readable(where, "a model that answers"):
            fields = HEADS[usage.head].fields
            trial = {name: "a" for name, needed in fields.items() if needed or (name == "text_pair" and usage.pairs)}
            predictor.predict([trial], places=["a trial"])
        return predictor

    @property
    def has_characters(self) -> bool:
        """Whether the model reads characters, or is a plain trunk."""
        return self.processor.char_vocab is not None

    @property
    def head(self) -> str:
        """The model's head, as in `charbert.tasks.head.Usage`."""
        return self.usage.head

    def predict(
        self, inputs: Sequence[Any], *, places: Sequence[str] | None = None, check: Callable[[], None] | None = None
    ) -> list[Output]:
        """Return one output an input, in order.

        Args:
            inputs: strings, or mappings with the fields of the model's `charbert.tasks.head.Head`.
            places: what each input is called in errors; None: ``inputs[0]`` and so on.
            check: called before each forward pass; what it raises ends the work.

        Raises:
            DataError: naming the first input that does not fit the model.
        """
        return [prediction for part in self.stream(inputs, places=places, check=check) for prediction in part]

    def stream(
        self, inputs: Sequence[Any], *, places: Sequence[str] | None = None, check: Callable[[], None] | None = None
    ) -> Iterator[list[Output]]:
        """Return the outputs of `predict` part by part; all inputs are checked before this returns."""
        # the characters of a text, the keys of a mapping and the columns of a data frame would each be taken for a text
        if isinstance(inputs, str | Mapping) or getattr(inputs, "ndim", 1) > 1:
            raise DataError(f"inputs: expected a list of texts or mappings, got one {type(inputs).__name__}")
        names = places or [f"inputs[{number}]" for number in range(len(inputs))]
        checked = [
            check_input(text_input, HEADS[self.head], name, pairs=self.usage.pairs)
            for text_input, name in zip(inputs, names, strict=True)
        ]
        self._reader.check(checked)
        size = max(INPUTS_AT_ONCE, self.batch_size)
        return (self._predict(checked[start : start + size], check) for start in range(0, len(checked), size))

    def _predict(self, inputs: Sequence[Input], check: Callable[[], None] | None) -> list[Output]:
        encoded = self._reader.encode(inputs)
        return list(self._reader.decode(self._run(encoded.features, check), encoded))

    def word_encoder(self) -> Encode | None:
        """Return what gives the states of words as the model reads them, None where the backend only gives logits."""
        if not isinstance(self.backend, TorchBackend):
            return None
        encode = WordEncoder(self.backend.model.base_model, self.processor, self.usage.max_length, self.batch_size)
        corrector = self._reader.corrector
        return encode if corrector is None else lambda sentences: encode(corrector.correct_many(sentences))

    def _run(self, features: Sequence[dict[str, Any]], check: Callable[[], None] | None) -> list[np.ndarray]:
        def run(batch: Any) -> Any:
            if check is not None:
                check()
            return self.backend(batch)

        names = self.processor.pad_values
        chosen = [{name: feature[name] for name in names} for feature in features]
        logits = run_logits(run, chosen, self._collate, self.batch_size)
        if not all(np.isfinite(each).all() for each in logits):
            raise CheckpointError("expected finite logits, got NaN or infinity; the model's weights cannot be used")
        return logits


def find_model(folder: Path) -> Path:
    """Return the folder of the model: the one given, or ``model`` below it.

    Raises:
        CheckpointError: if neither has one.
    """
    for where in (folder, folder / "model"):
        if not where.exists():
            recover_folder(where)
        if (where / "config.json").is_file():
            return where
    problem = "a folder without config.json" if folder.is_dir() else "no such folder"
    raise CheckpointError(
        f"{folder}: expected the folder of a fine-tuned model, got {problem}; fine-tuning saves it as "
        "outputs/<recipe>/finetune/<run>/model"
    )
