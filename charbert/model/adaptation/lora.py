"""LoRA adapters (Hu et al. 2021) on a CharBERT model or a plain trunk, and models saved as their adapters alone."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

from charbert.config.training.strategy import AdapterFormat, ChannelTraining, LoraSettings
from charbert.errors import CheckpointError, SettingsError, first_line, import_extra
from charbert.model.adaptation.parts import encoder_layers, find_encoder
from charbert.model.charbert import CharBertModel
from charbert.model.loading.configurations import read_config, readable
from charbert.model.loading.weights import check_finite, some
from charbert.model.saved_model import CharBertPreTrainedModel, register_loader
from charbert.model.trunk import load_trunk, trunk_adapter

Model = TypeVar("Model", bound=CharBertPreTrainedModel)

FOLDER = "adapters"
"""Folder inside a saved model that holds its adapters."""
_OTHER_HEAD = "for another head write its encoder to a folder, by `charbert encoder`, and start from that"


def add_adapters(model: nn.Module, settings: LoraSettings) -> Any:
    """Return the model in peft's wrapper: adapters and the head are trained, the trunk is not.

    Args:
        model: a model with an encoder; its modules are replaced in place.
        settings: rank, scale and where the adapters go.

    Raises:
        SettingsError: if peft is missing, or adapters shall be saved alone and the model was loaded from nowhere.
    """
    peft = _import_peft()
    if settings.save is AdapterFormat.adapters and not _address(model):
        raise SettingsError(
            "strategy.lora.save=adapters needs a model that was loaded from a folder or the hub, to which the "
            "adapters are added when they are loaded; set strategy.lora.save=merged"
        )
    config = peft.LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=list(_targets(model, settings)),
        modules_to_save=list(_trained_modules(model, settings)),
    )
    with _quietly():
        wrapped: Any = peft.get_peft_model(model, config)
    wrapped.peft_config["default"].base_model_name_or_path = None  # else peft looks for it at each checkpoint
    return wrapped


def save_finetuned(model: Any, folder: Path) -> None:
    """Save a model; of one with adapters the configuration, the adapters and the other trained weights."""
    if isinstance(model, PreTrainedModel):
        model.save_pretrained(folder)
        return
    base = model.get_base_model()
    config = base.config
    config.architectures = [type(base).__name__]
    config.save_pretrained(folder)
    model.peft_config["default"].base_model_name_or_path = _address(base)
    model.save_pretrained(str(folder / FOLDER), save_embedding_layers=False)


def has_adapters(folder: str | Path) -> bool:
    """Return whether a saved model consists of adapters."""
    return (Path(folder) / FOLDER / "adapter_config.json").is_file()


def load_adapted(model_class: type[Model], folder: Path, **options: Any) -> Model | None:
    """Return a model that was saved as adapters, merged and ready for more training; None for a folder without.

    Args:
        model_class: the class that was saved, or the encoder's.
        **options: of ``from_pretrained``: ``subfolder``, ``config``, ``dtype``, ``device_map`` of one device, and
            settings of the configuration; others are ignored.

    Raises:
        CheckpointError: if the model that the adapters belong to cannot be found, or another class was saved.
        SettingsError: if the model shall be quantized or divided among devices.
    """
    folder = folder / (options.pop("subfolder", None) or "")
    if not has_adapters(folder):
        return None
    peft = _import_peft()
    device = _only_device(folder, options)
    config, dtype = options.pop("config", None), options.pop("torch_dtype", None) or options.pop("dtype", None)
    if not isinstance(config, PreTrainedConfig):
        with readable(folder / "config.json", "the configuration of a model"):
            config = model_class.config_class.from_pretrained(folder, **options)
    saved = next((c for c in _classes(CharBertPreTrainedModel) if [c.__name__] == config.architectures), None)
    if saved is None or model_class not in (saved, CharBertModel):
        wanted = f"expected adapters of a {model_class.__name__}, got those of {config.architectures}"
        raise CheckpointError(f"{folder}: {wanted}; {_OTHER_HEAD}")
    adapters = str(folder / FOLDER)
    with readable(adapters, "LoRA adapters"):
        address = _base_address(folder)
        _check_ends(folder, address)
        weights = peft.utils.load_peft_weights(adapters, "cpu")
        given = set(weights)
        base, new = _load_base(saved, address, config, folder)
        _check_given(adapters, {f"base_model.model.{name}" for name in new} - given)
        _check_shapes(adapters, base, weights)
        trained = {name for name, weight in base.named_parameters() if weight.requires_grad}  # peft stops them all
        with _quietly():
            model = peft.PeftModel.from_pretrained(base, adapters)
        _check_given(adapters, set(peft.get_peft_model_state_dict(model, save_embedding_layers=False)) - given)
        merged = model.merge_and_unload()
    for name, weight in merged.named_parameters():
        weight.requires_grad_(name in trained)
    check_finite(merged.state_dict().items(), adapters)
    if dtype not in (None, "auto"):
        merged.to(getattr(torch, dtype) if isinstance(dtype, str) else dtype)
    merged.to(device).eval()
    return merged if isinstance(merged, model_class) else merged.base_model


def _only_device(folder: Path, options: dict[str, Any]) -> torch.device | None:
    """Return the one device of ``device_map``, None without it; removes the option. ``auto`` is the accelerator."""
    place = given = options.pop("device_map", None)
    if given == "auto":
        place = torch.accelerator.current_accelerator(check_available=True) or "cpu"
    if isinstance(given, Mapping) and list(given) == [""]:
        place = given[""]
    try:
        if options.get("quantization_config") is None:
            return None if place is None else torch.device(place)
    except (RuntimeError, TypeError):  # balanced, or a map of several modules
        pass
    raise SettingsError(
        f"{folder}: a model saved as adapters is loaded whole, to one device: expected device_map as 'auto' or 'cuda' "
        f"and no quantization_config, got device_map={given!r}; for more, load it without them, write it by "
        "save_pretrained and load that"
    )


def _load_base(saved: type[Model], address: str, config: Any, folder: Path) -> tuple[Model, list[str]]:
    """Return the model that adapters belong to, in float32, and the names of its new weights, which adapters hold."""
    try:
        if read_config(address).model_type == config.model_type:
            options = {"config": config, "dtype": torch.float32, "output_loading_info": True}
            with _quietly():
                loaded, report = cast(Any, saved.from_pretrained(address, **options))
            return loaded, list(report["missing_keys"])
        model = saved(config)
        model.adopt_trunk(cast(PreTrainedModel, load_trunk(address, with_head=False)))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{folder}/{FOLDER}: the adapters belong to the model at {address}, which cannot be loaded "
            f"({first_line(error)}); put it back there, or correct the path in adapter_config.json"
        ) from error
    return model, [name for name in model.state_dict() if ".trunk." not in name]


def _check_given(adapters: str, missing: set[str]) -> None:
    if missing:
        raise CheckpointError(f"{adapters}: expected the weights of all adapters, got none for {some(sorted(missing))}")


def _check_shapes(adapters: str, base: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Check that what was trained in full fits the model, which may be asked for with another number of labels."""
    saved = {name.removeprefix("base_model.model."): tuple(weight.shape) for name, weight in weights.items()}
    own = {name: tuple(weight.shape) for name, weight in base.state_dict().items() if name in saved}
    if unlike := [f"{name} {saved[name]} instead of {shape}" for name, shape in own.items() if saved[name] != shape]:
        raise CheckpointError(
            f"{adapters}: expected weights of this model, got other shapes: {some(unlike)}; {_OTHER_HEAD}"
        )


def _check_ends(folder: Path, address: str) -> None:
    """Check that a chain of adapters ends at a model."""
    seen = {folder.resolve()}
    while address and has_adapters(address):
        if Path(address).resolve() in seen:
            raise CheckpointError(f"{folder}/{FOLDER}: expected adapters of a model, got adapters of themselves")
        seen.add(Path(address).resolve())
        address = _base_address(Path(address))


def _base_address(folder: Path) -> str:
    """Return the folder or hub name of the model that adapters belong to; a relative path may start at their folder."""
    address = _import_peft().PeftConfig.from_pretrained(str(folder / FOLDER)).base_model_name_or_path or ""
    beside = folder / address
    return str(beside.resolve()) if address and beside.is_dir() else address


def _classes(root: type[CharBertPreTrainedModel]) -> Iterator[type[CharBertPreTrainedModel]]:
    yield root
    for subclass in root.__subclasses__():
        yield from _classes(subclass)


def _address(model: nn.Module) -> str:
    """Return the folder or hub name that a model or its trunk was loaded from; empty: none."""
    encoder = find_encoder(model)
    if model.name_or_path:
        return str(model.name_or_path)
    return str(encoder.config.trunk_config.name_or_path or "")


def _targets(model: nn.Module, settings: LoraSettings) -> Iterator[str]:
    """Return the full names of the modules that get an adapter."""
    encoder = find_encoder(model)
    names = {id(module): name for name, module in model.named_modules()}
    maps = trunk_adapter(encoder.config.trunk_config).attention_maps
    chosen = dict.fromkeys(maps[map_name.name] for map_name in settings.maps)
    for layer in encoder_layers(encoder):
        yield from (names[id(layer.get_submodule(name))] for name in chosen)
    if settings.char_channel is ChannelTraining.lora:
        for module in encoder.interactions.modules():
            if isinstance(module, nn.Linear | nn.Conv1d):
                yield names[id(module)]


def _trained_modules(model: nn.Module, settings: LoraSettings) -> Iterator[str]:
    """Return the full names of the modules that are trained in full: the head, and the char channel if chosen."""
    encoder = find_encoder(model)
    names = {id(module): name for name, module in model.named_modules()}
    inside = {id(module) for module in encoder.modules()}
    for module in model.modules():
        if id(module) not in inside and next(module.parameters(recurse=False), None) is not None:
            yield names[id(module)]
    if settings.char_channel is ChannelTraining.full and encoder.char_encoder is not None:
        yield from (names[id(module)] for module in (encoder.char_encoder, *encoder.interactions))


@contextmanager
def _quietly() -> Iterator[None]:
    """Hide advice that no user can follow.

    peft 0.21 asks for an attribute that transformers 5 renames, and transformers advises to train a head which the
    model of the adapters lacks and the adapters bring.
    """
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
            yield
    finally:
        logging.set_verbosity(verbosity)


def _import_peft() -> Any:
    return import_extra("peft", "strategy.trunk=lora", "tune")


register_loader(load_adapted)
