"""Prunes a model: sets its smallest weights to zero."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from torch import nn
from torch.nn.utils import prune
from transformers import PreTrainedModel

from charbert.deploy.onnx.export import copy_side_files, load_model
from charbert.errors import SettingsError
from charbert.integrity import written_folder

_MATRICES: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Linear: ("weight",),
    nn.Conv1d: ("weight",),
    nn.GRU: ("weight_ih_l0", "weight_hh_l0", "weight_ih_l0_reverse", "weight_hh_l0_reverse"),
}

Weights = list[tuple[nn.Module, str]]


@dataclass(frozen=True)
class Sparsity:
    """Numbers of weights, and of zeros among them."""

    prunable: int
    """Weights that may be pruned: the matrices of the encoder."""
    zero: int
    """Prunable weights that are zero."""
    parameters: int
    """All weights of the model, embeddings, norms, biases and the head included."""

    @property
    def share(self) -> float:
        """Zeros among the prunable weights, in [0, 1]."""
        return self.zero / self.prunable

    @property
    def share_of_all(self) -> float:
        """Zeros among all weights, in [0, 1]."""
        return self.zero / self.parameters


def prunable_weights(model: PreTrainedModel) -> Weights:
    """Return the matrices of the encoder: of linear layers, convolutions and the GRU.

    Embeddings are excluded, because small values can be important for rare subwords; biases, norms and the head are
    excluded because they are few.
    """
    return [
        (module, name)
        for module in model.base_model.modules()
        for kind, names in _MATRICES.items()
        if isinstance(module, kind)
        for name in names
    ]


@contextmanager
def pruned(model: PreTrainedModel, share: float) -> Iterator[None]:
    """Set the smallest weights, ranked over all matrices, to zero, and keep them at zero within the context.

    Args:
        model: changed in place.
        share: of the prunable weights, in (0, 1); those of the smallest magnitude are pruned.

    Raises:
        SettingsError: if the share is out of range.
    """
    if not 0 < share < 1:
        raise SettingsError(f"the share of weights to prune must be in (0, 1), got {share}")
    weights = prunable_weights(model)
    prune.global_unstructured(weights, pruning_method=prune.L1Unstructured, amount=share)
    try:
        yield
    finally:
        for module, name in weights:
            prune.remove(module, name)


def sparsity(model: PreTrainedModel) -> Sparsity:
    """Return how many weights of a model are zero."""
    matrices = [getattr(module, name) for module, name in prunable_weights(model)]
    return Sparsity(
        prunable=sum(weight.numel() for weight in matrices),
        zero=sum(int((weight == 0).sum()) for weight in matrices),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
    )


def prune_model(folder: str | Path, target: str | Path, share: float) -> Sparsity:
    """Write a model with its smallest weights set to zero, and return its sparsity.

    The file keeps its size, because zeros are stored like other numbers; only a compressed copy is smaller. The model
    does not run faster on common hardware.

    Args:
        folder: of a model with a head and its processor.
        target: the folder to write; one that this function wrote is replaced.
        share: of the prunable weights, in (0, 1).

    Raises:
        CheckpointError: if the folder has no such model.
        SettingsError: if the share is out of range.
    """
    model = load_model(Path(folder))
    with pruned(model, share):
        pass
    save_pruned(model, Path(folder), target)
    return sparsity(model)


def save_pruned(model: PreTrainedModel, source: Path, target: str | Path) -> None:
    """Write a pruned model with the processor and usage of its source folder."""
    with written_folder(target, "charbert.deploy.compress.prune.prune_model", source) as draft:
        copy_side_files(source, draft)
        model.save_pretrained(draft)
