"""Saved weights into a model: all that it needs, in the right shapes, and finite, or one error."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from charbert.errors import CheckpointError
from charbert.model.loading.configurations import readable

WEIGHT_FILES = ("*.safetensors", "*.bin")
_SLACK = 100_000_000
"""Weights that a model may have beyond those that its files can hold, such as a new head's."""


def load_whole(
    load: Callable[..., Any], where: str | Path, *, may_lack: Callable[[str], bool] = lambda name: False, **options: Any
) -> tuple[Any, dict[str, Any]]:
    """Return the model that ``load`` reads and its report, after checking that all weights were there and are finite.

    The library only warns about a weight that the file lacks, and leaves its random initial value.

    Args:
        load: a ``from_pretrained``.
        where: folder or hub name.
        may_lack: whether a weight of this name may be new, as those of a new head; by default none may.
        **options: of ``load``.

    Raises:
        CheckpointError: naming file and weights that are missing, have another shape or are no finite numbers; or if
            the weights cannot be read, or hold anything but tensors.
        ImportError: the library's, if an option needs a package that is missing.
        TypeError: the library's, if there is no such option.
    """
    place = _file(where)
    try:
        with readable(place, "the weights of a model"):
            model, report = load(where, output_loading_info=True, **{"ignore_mismatched_sizes": True, **options})
    except CheckpointError as error:
        cause = error.__cause__ or error
        if isinstance(cause, ImportError) or any(
            f"unexpected keyword argument '{name}'" in str(cause) for name in options
        ):
            raise cause from None  # of the caller's options, not of the files
        raise
    kind = type(model).__name__
    if not options.get("ignore_mismatched_sizes"):
        shapes = [f"{name} {tuple(saved)} instead of {tuple(own)}" for name, saved, own in report["mismatched_keys"]]
        if shapes:
            raise CheckpointError(
                f"{place}: expected the weights of a {kind}, got other shapes: {some(shapes)}; "
                "ignore_mismatched_sizes=True starts these anew"
            )
    if missing := _missing(model, set(report["missing_keys"]), may_lack):
        endings = {*missing, *(name.partition(".")[2] for name in missing)}
        other = sorted(report["unexpected_keys"])
        renamed = [name for name in other if endings & {name.split(".", 1)[-1], name.split(".", 2)[-1]}]
        other_names = f" but {some(renamed)}" if renamed else ""
        raise CheckpointError(
            f"{place}: expected the weights of a {kind}, got none for {some(missing)}{other_names}; save the whole "
            "model again, or copy its folder again"
        )
    check_finite(model.state_dict().items(), place)
    return model, report


def _missing(model: nn.Module, missing: set[str], may_lack: Callable[[str], bool]) -> list[str]:
    """Return the names of the missing weights that are not those of a part that is new as a whole."""
    saved = model.state_dict().keys() - missing - set(getattr(model, "all_tied_weights_keys", ()))
    parts = {name.partition(".")[0] for name in saved}
    return sorted(name for name in missing if not may_lack(name) or name.partition(".")[0] in parts)


def check_finite(weights: Iterable[tuple[str, Tensor]], place: str | Path) -> None:
    """Check that weights are finite numbers.

    Raises:
        CheckpointError: naming those that are not.
    """
    broken = [name for name, weight in weights if not bool(torch.isfinite(weight).all())]
    if broken:
        raise CheckpointError(
            f"{place}: expected finite weights, got NaN or infinity in {some(broken)}; train it again"
        )


def check_memory(build: Callable[[], nn.Module], folder: str | Path) -> None:
    """Check that a model is no larger than the files of its weights, before memory is taken for it.

    Args:
        build: makes the model; called with tensors that have no storage.
        folder: of the weights; a hub name passes.

    Raises:
        CheckpointError: if it has more weights than the files have bytes.
    """
    files = [file for pattern in WEIGHT_FILES for file in Path(folder).glob(pattern)]
    if not files:
        return
    with torch.device("meta"):
        weights = sum(weight.numel() for weight in build().parameters())
    size = sum(file.stat().st_size for file in files)
    if weights > size + _SLACK:
        raise CheckpointError(
            f"{folder}/config.json: expected a model of at most as many weights as its files have bytes ({size}), "
            f"got one of {weights}"
        )


def some(names: list[str]) -> str:
    """Return the number of names and the first three."""
    return f"{len(names)} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"


def _file(where: str | Path) -> str | Path:
    """Return the file that the library reads the weights of a folder from, for errors; the name itself for others."""
    names = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
    return next((Path(where) / name for name in names if (Path(where) / name).is_file()), where)
