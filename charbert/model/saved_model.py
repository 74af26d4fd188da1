"""The base of every CharBERT model: how one starts from a trunk, is loaded and is saved."""

import copy
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeAlias, cast

import torch
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers import initialization as init

from charbert.errors import SettingsError
from charbert.model.configuration import CharBertConfig, not_charbert
from charbert.model.interaction_start import start_at_trunk
from charbert.model.loading.configurations import read_config
from charbert.model.loading.weights import check_memory, load_whole
from charbert.model.portable import MODEL_MAP
from charbert.model.trunk import TrunkSource, load_trunk

Loader: TypeAlias = Callable[..., PreTrainedModel | None]
"""Class, folder and options of ``from_pretrained`` to a model; None for a folder in another format."""

_loaders: list[Loader] = []
_NOTHING_MISSING: dict[str, list[Any]] = {"missing_keys": [], "unexpected_keys": [], "mismatched_keys": []}


def register_loader(loader: Loader) -> None:
    """Let ``from_pretrained`` ask ``loader`` first, for a format that the library does not read."""
    _loaders.append(loader)


class CharBertPreTrainedModel(PreTrainedModel):
    """Base of every CharBERT model: initial weights, and how a model starts from a pretrained trunk."""

    config_class = CharBertConfig
    base_model_prefix = "charbert"
    _encoder_prefix = "charbert."
    """Beginning of the names of the encoder's weights, which no saved model may lack."""
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False  # each loss is already a mean; a trainer must divide accumulated steps itself
    _old_names: dict[str, str] | None = None
    """Names of weights in models saved by earlier versions, as regular expressions, and what they are called now."""
    _carries_code = False
    _reads_trunk_head = False
    """Whether ``from_trunk`` also reads the trunk's MLM head, if it has one."""
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True

    def __init__(self, config: PreTrainedConfig, *args: Any, **kwargs: Any) -> None:
        if not hasattr(config, "trunk_config"):
            raise SettingsError(not_charbert(type(self).__name__, config.model_type))
        super().__init__(config, *args, **kwargs)

    @classmethod
    def from_trunk(cls, trunk: TrunkSource, **config_overrides: Any) -> Self:
        """Return a model whose token channel starts from a pretrained trunk, in float32.

        Everything else is new and drawn from torch's global generator.

        Args:
            trunk: a hub name, a local folder, a configuration (then the trunk is new too), or a loaded model,
                whose weights are copied.

        Raises:
            SettingsError: if the trunk's family or a setting is not known.
        """
        CharBertConfig.check_names(list(config_overrides))
        source = load_trunk(trunk, with_head=cls._reads_trunk_head)
        trunk_config = source.config if isinstance(source, PreTrainedModel) else source
        model = cls(CharBertConfig(trunk_config=copy.deepcopy(trunk_config), **config_overrides))
        if isinstance(source, PreTrainedModel):
            model.adopt_trunk(source)
        return model

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, *args: Any, **kwargs: Any) -> Self:
        """Return a saved model, as the library does; LoRA adapters saved by themselves are merged into their model.

        Without ``dtype``, and with "auto", the weights are in float32, also where they are saved in half precision to
        be small: in that a training ends in NaN after some steps, and a CPU takes seven times as long.

        Raises:
            CheckpointError: if weights other than those of a new head are missing, or a weight is no finite number.
        """
        where = pretrained_model_name_or_path
        if where is None:
            return super().from_pretrained(where, *args, **kwargs)
        if kwargs.get("dtype", kwargs.get("torch_dtype")) in (None, "auto"):
            kwargs.pop("torch_dtype", None)
            kwargs["dtype"] = torch.float32
        reports = kwargs.pop("output_loading_info", False)
        for loader in _loaders:
            if (model := loader(cls, Path(where), **kwargs)) is not None:
                return cast(Self, (model, _NOTHING_MISSING) if reports else model)
        if Path(where).is_dir():
            folder, config = Path(where, kwargs.get("subfolder") or ""), kwargs.get("config")
            if not isinstance(config, PreTrainedConfig):
                config = read_config(config or folder)
            check_memory(lambda: cls(config), folder)
        load = partial(super().from_pretrained, *args)
        kwargs = {"key_mapping": cls._old_names, **kwargs}
        model, report = load_whole(
            load, where, may_lack=lambda name: not name.startswith(cls._encoder_prefix), **kwargs
        )
        model._weight_conversions = []  # or it would be saved under the old names
        for part in model.modules():
            if isinstance(part, nn.RNNBase):  # loaded to a GPU one by one; cuDNN would copy them together at each call
                part.flatten_parameters()
        return cast(Self, (model, report) if reports else model)

    @classmethod
    def register_for_auto_class(cls, auto_class: str = "AutoModel") -> None:
        """Let models of this class be saved, and pushed to the hub, with their code.

        The folder then loads with ``trust_remote_code=True`` where the package is not installed, by any Auto class that
        CharBERT has a model for.
        """
        cls._carries_code = True

    def save_pretrained(self, save_directory: str | Path, *args: Any, **kwargs: Any) -> None:
        """Write the model as the library does, with its code after ``register_for_auto_class``."""
        if self._carries_code:
            self.config.auto_map = dict(MODEL_MAP)  # the configuration writes the code
        super().save_pretrained(save_directory, *args, **kwargs)

    def adopt_trunk(self, source: PreTrainedModel) -> None:
        """Copy the weights of a Hugging Face encoder, alone or under a head, into the trunk."""
        trunk = self.base_model.trunk
        weights = source.base_model.state_dict()
        pooler = {name: weight for name, weight in trunk.state_dict().items() if name.startswith("pooler.")}
        weights = {**pooler, **weights}  # a source without a pooler leaves ours unchanged
        trunk.load_state_dict({name: weights[name] for name in trunk.state_dict() if name in weights})
        if self.config.interaction_start == "trunk" and self.base_model.interactions:
            start_at_trunk(list(self.base_model.interactions), trunk)

    def get_input_embeddings(self) -> nn.Module:
        """Return the subword embeddings of the trunk."""
        return self.base_model.trunk.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the subword embeddings of the trunk."""
        self.base_model.trunk.set_input_embeddings(value)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.GRU):  # as torch initializes it; the library's default leaves it out
            bound = module.hidden_size**-0.5
            for parameter in module.parameters():
                init.uniform_(parameter, -bound, bound)
        elif isinstance(module, nn.Embedding) and module is getattr(self.base_model, "shape_embedding", None):
            init.zeros_(module.weight)
        elif isinstance(module, nn.Embedding) and self.config.variant == "released":
            init.normal_(module.weight, std=self.config.initializer_range)  # the padding row too
        elif (
            isinstance(module, nn.Embedding)
            and self.config.char_initializer_range is not None
            and module is getattr(self.base_model.char_encoder, "embedding", None)
        ):
            init.normal_(module.weight, std=self.config.char_initializer_range)
            if not getattr(module.weight, "_is_hf_initialized", False):  # the library does not track single rows
                init.zeros_(module.weight[self.config.char_pad_id])
        else:
            super()._init_weights(module)
