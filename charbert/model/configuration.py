"""The configuration of every CharBERT model: the trunk, the characters, the interaction and the heads."""

from pathlib import Path
from typing import Any

from transformers import AutoConfig, BertConfig, PreTrainedConfig

from charbert.errors import SettingsError
from charbert.model.loading.configurations import checked_values
from charbert.model.portable import MODEL_MAP, write_code

_CHOICES = {
    "variant": ("paper", "released"),
    "char_encoder": ("gru", "embeddings", "none"),
    "interaction": ("paper", "released", "residual", "none"),
    "interaction_start": ("random", "trunk"),
    "head_channels": ("both", "token", "char"),
    "nlm_channel": ("char", "token"),
    "nlm_norm": ("none", "own", "shared"),
}
_COMMON_SETTINGS = ("num_labels", "attn_implementation", "output_attentions", "name_or_path")


def _of_trunk(name: str, doc: str) -> Any:
    """Return a property that is a setting of the trunk."""

    def read(config: "CharBertConfig") -> Any:
        return getattr(config.trunk_config, name)

    def write(config: "CharBertConfig", value: Any) -> None:
        setattr(config.trunk_config, name, value)

    return property(read, write, doc=doc)


def not_charbert(name: str, kind: str) -> str:
    """Return the message of an error: a class was given the settings of a trunk."""
    return f"{name} expected the configuration of a CharBERT, got one of {kind!r}; from_trunk of a model starts from it"


class CharBertConfig(PreTrainedConfig):
    """Everything needed to rebuild a CharBERT model, and to read text into it.

    Paper: Sec. 3.2-3.6 and 4.1.

    Args:
        trunk_config: configuration of the Transformer under both channels, as an object or as a dict with
            ``model_type``; BERT-base when None.
        variant: "paper", in which padding never changes a score; or "released", which reproduces the authors' code and
            its treatment of padding (the backward GRU, the convolution and the mean pooling all read it), as needed for
            the authors' weights.
        char_vocab: the character vocabulary as a dict with at least ``characters`` (a list; ids are positions in it)
            and ``pad_id``.
        char_vocab_size: number of character embeddings; None takes it from ``char_vocab``.
        char_embedding_size: size E of one character's embedding (Eq. 1).
        char_hidden_size: GRU states per direction; None means H / 4, the only size for which the two states
            of two directions (Eq. 2) give H.
        char_encoder: "gru" (Eqs. 1-2); "embeddings", the ablation without GRU, in which a subword is the
            embeddings of its first and last character; or "none": no char channel, the model is its trunk.
        interaction: "paper" (Eqs. 3-6), "released", "residual", the paper's without the layer norms of Eq. 6, or
            "none", in which the channels pass through the same layers without interacting; None takes the variant's.
        share_interaction: one interaction for all layers; None takes the variant's default (released: True).
        interaction_start: initial weights of interactions: "random", as all new weights; or "trunk", adding nothing and
            keeping the scale of a pretrained trunk's states, so that pretraining starts near the trunk; with "residual"
            it starts as exactly the trunk.
        interaction_window: odd width of the convolution of Eq. 4, in subwords.
        head_channels: what a fine-tuning head reads: "both" concatenated (Sec. 3.6), "token" or "char".
        mlm_objective: whether the pretraining model has an MLM head.
        nlm_vocab_size: words W that NLM chooses from, ``<unk>`` included; 0 means no NLM head.
        nlm_channel: the channel NLM predicts from; "token" is for models without a char channel.
        nlm_norm: layer norm before the NLM decoder: "none" (Eq. 7), "own" (released BERT) or "shared" with
            the MLM head (released RoBERTa); None takes the variant's.
        word_shapes: whether an embedding of each subword's word's shape, which starts at zero, is added to the input of
            the token channel. Ours, for an uncased trunk without a char channel.
        char_dropout: dropout on the states that enter the char channel, in [0, 1). Paper: none.
        classifier_dropout: dropout before a classifier, in [0, 1); None takes the trunk's.
        initializer_range: standard deviation of new weights; None takes the trunk's.
        char_initializer_range: that of new character embeddings; None takes ``initializer_range``. At 0.02 the Bi-GRU's
            states deviate by 0.01 between subwords, where MiniLM's embeddings deviate by 0.45; at 1 by 0.35.

    Raises:
        SettingsError: if a setting is unknown, out of range, or contradicts another.
    """

    model_type = "charbert"
    tie_word_embeddings = True  # the MLM head scores with the trunk's embeddings
    sub_configs = {"trunk_config": AutoConfig}  # noqa: RUF012 (the form that transformers reads)
    keys_to_ignore_at_inference = [  # noqa: RUF012 (as above)
        "token_states",
        "char_states",
        "token_hidden_states",
        "char_hidden_states",
        "attentions",
        "char_attentions",
    ]

    # What the library reads of any model's configuration: the Trainer warns where the ids differ from the tokenizer's.
    hidden_size = _of_trunk("hidden_size", "Hidden size H of the trunk, and of both channels.")
    num_hidden_layers = _of_trunk("num_hidden_layers", "Number of Transformer layers.")
    num_attention_heads = _of_trunk("num_attention_heads", "Number of attention heads of a layer.")
    vocab_size = _of_trunk("vocab_size", "Number of subwords V.")
    max_position_embeddings = _of_trunk("max_position_embeddings", "Number of positions, see `usable_positions`.")
    pad_token_id = _of_trunk("pad_token_id", "Id of the subword of padding.")
    bos_token_id = _of_trunk("bos_token_id", "Id of the subword that begins a text, in trunks that name it so.")
    eos_token_id = _of_trunk("eos_token_id", "Id of the subword that ends a text, in trunks that name it so.")

    trunk_config: PreTrainedConfig = None
    variant: str = "paper"
    char_vocab: dict[str, Any] | None = None
    char_vocab_size: int = None  # type: ignore[assignment] # resolved below, as the next one
    char_embedding_size: int = 256
    char_hidden_size: int = None  # type: ignore[assignment]
    char_encoder: str = "gru"
    interaction: str | None = None
    share_interaction: bool | None = None
    interaction_start: str = "random"
    interaction_window: int = 3
    head_channels: str = "both"
    mlm_objective: bool = True
    nlm_vocab_size: int = 0
    nlm_channel: str = "char"
    nlm_norm: str | None = None
    word_shapes: bool = False
    char_dropout: float = 0.0
    classifier_dropout: float | None = None
    initializer_range: float | None = None
    char_initializer_range: float | None = None

    def __post_init__(self, **kwargs: Any) -> None:
        """Resolve what was left to its default, then check every setting."""
        self.trunk_config = _read_trunk_config(self.trunk_config)
        released = self.variant == "released"
        if self.interaction is None:
            self.interaction = "released" if released else "paper"
        if self.share_interaction is None:
            self.share_interaction = released
        if self.nlm_norm is None:
            roberta = "roberta" in self.trunk_config.model_type
            self.nlm_norm = ("shared" if roberta else "own") if released else "none"
        if self.initializer_range is None:
            self.initializer_range = getattr(self.trunk_config, "initializer_range", None) or 0.02
        if self.char_vocab is not None and not {"characters", "pad_id"} <= self.char_vocab.keys():
            raise SettingsError(f"char_vocab needs characters and pad_id, got {sorted(self.char_vocab)}")
        if self.char_vocab_size is None and self.char_vocab is not None:
            self.char_vocab_size = len(self.char_vocab["characters"])
        if self.char_hidden_size is None:
            self.char_hidden_size = self.hidden_size // 4
        super().__post_init__(**kwargs)
        self._check()

    @classmethod
    def from_dict(cls, config_dict: dict[str, Any], return_unused_kwargs: bool = False, **kwargs: Any) -> Any:
        """Return the configuration of a file's values, with sizes checked and the library's attention implementation.

        Args:
            config_dict: values.
            return_unused_kwargs: whether to return the others of ``kwargs`` too.
            **kwargs: other values of settings, also of the trunk's, such as ``hidden_dropout_prob``.

        Raises:
            SettingsError: if a value is out of bounds, or they are those of another model.
        """
        kind = config_dict.get("model_type", cls.model_type)
        if kind != cls.model_type and "trunk_config" not in config_dict:  # the library only warns
            raise SettingsError(not_charbert(cls.__name__, kind))
        # the library's Auto classes pass on what they call variant: the ending of the names of the weight files
        files = {} if kwargs.get("variant") in _CHOICES["variant"] else {"variant": kwargs.pop("variant", None)}
        config, unused = super().from_dict(checked_values(config_dict), return_unused_kwargs=True, **kwargs)
        unused |= {name: value for name, value in files.items() if value is not None}
        for name in [name for name in unused if hasattr(config.trunk_config, name)]:
            setattr(config.trunk_config, name, unused.pop(name))
        config._check()
        return (config, unused) if return_unused_kwargs else config

    def to_dict(self) -> dict[str, Any]:
        """Return the settings without the trunk's path, which belongs to the machine and not to the model."""
        values: dict[str, Any] = super().to_dict()
        if isinstance(values.get("trunk_config"), dict):
            values["trunk_config"].pop("_name_or_path", None)
        return values

    @classmethod
    def register_for_auto_class(cls, auto_class: str = "AutoConfig") -> None:
        """Let every configuration be saved with the code of the models, see ``charbert.model.portable``."""
        cls.auto_map = dict(MODEL_MAP)

    def save_pretrained(self, save_directory: str | Path, push_to_hub: bool = False, **kwargs: Any) -> None:
        """Write config.json, and the code of the models if the configuration names it in ``auto_map``."""
        if getattr(self, "auto_map", None):
            self.auto_map = dict(MODEL_MAP)
            write_code(save_directory)
        super().save_pretrained(save_directory, push_to_hub, **kwargs)

    @property
    def char_pad_id(self) -> int:
        """Id of the padding character."""
        return int(self.char_vocab["pad_id"]) if self.char_vocab is not None else 0

    @property
    def has_char_channel(self) -> bool:
        """Whether there is a char channel next to the token channel."""
        return self.char_encoder != "none"

    @property
    def head_size(self) -> int:
        """Features that a fine-tuning head reads: 2H for both channels, H for one."""
        return int(self.hidden_size) * (2 if self.has_char_channel and self.head_channels == "both" else 1)

    @classmethod
    def check_names(cls, names: list[str]) -> None:
        """Raise a SettingsError if one of ``names`` is not a setting, since the base class would take any."""
        known = {*cls.__dataclass_fields__, *_COMMON_SETTINGS}
        if unknown := sorted(set(names) - known):
            raise SettingsError(f"unknown CharBertConfig settings {unknown}; known are {sorted(known)}")

    def _check(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise SettingsError(f"{name} must be one of {', '.join(choices)}; got {getattr(self, name)!r}")
        self._check_sizes()
        self._check_channels()

    def _check_sizes(self) -> None:
        if self.interaction_window < 1 or self.interaction_window % 2 == 0:
            raise SettingsError(f"interaction_window must be odd to preserve the length, got {self.interaction_window}")
        if self.nlm_vocab_size < 0:
            raise SettingsError(f"nlm_vocab_size must be 0 or more, got {self.nlm_vocab_size}")
        for name in ("char_dropout", "classifier_dropout"):
            if not 0 <= (getattr(self, name) or 0) < 1:
                raise SettingsError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        if self.char_initializer_range is not None and self.char_initializer_range <= 0:
            raise SettingsError(f"char_initializer_range must be positive, got {self.char_initializer_range}")
        if self.char_encoder == "gru":
            if 4 * self.char_hidden_size != self.hidden_size:
                raise SettingsError(
                    f"char_hidden_size must be a quarter of the trunk's hidden size {self.hidden_size} "
                    f"(two states of two directions, Eq. 2), got {self.char_hidden_size}"
                )
            if self.char_embedding_size < 1:
                raise SettingsError(f"char_embedding_size must be positive, got {self.char_embedding_size}")
        if self.char_encoder == "embeddings" and self.hidden_size % 2:
            raise SettingsError(f"char_encoder='embeddings' needs an even hidden size, got {self.hidden_size}")

    def _check_channels(self) -> None:
        if self.nlm_norm == "shared" and self.nlm_vocab_size and not self.mlm_objective:
            raise SettingsError("nlm_norm='shared' needs the MLM head's layer norm, but mlm_objective=False")
        if not self.has_char_channel:
            if self.head_channels == "char":
                raise SettingsError("head_channels='char' needs a char channel, but char_encoder='none'")
            if self.nlm_vocab_size and self.nlm_channel == "char":
                raise SettingsError(
                    "nlm_channel='char' needs a char channel, but char_encoder='none'; set nlm_channel='token'"
                )
            return
        if not self.char_vocab_size:
            raise SettingsError(f"char_encoder={self.char_encoder!r} needs char_vocab or char_vocab_size")
        if self.char_vocab is not None and len(self.char_vocab["characters"]) != self.char_vocab_size:
            raise SettingsError(
                f"char_vocab_size={self.char_vocab_size}, but char_vocab lists "
                f"{len(self.char_vocab['characters'])} characters"
            )
        if not 0 <= self.char_pad_id < self.char_vocab_size:
            raise SettingsError(f"char_vocab.pad_id must be an id below {self.char_vocab_size}, got {self.char_pad_id}")


def _read_trunk_config(trunk_config: PreTrainedConfig | dict[str, Any] | None) -> PreTrainedConfig:
    """Return the trunk's configuration as an object."""
    if trunk_config is None:
        return BertConfig()
    if isinstance(trunk_config, PreTrainedConfig):
        return trunk_config
    settings = dict(trunk_config)
    model_type = settings.pop("model_type", None)
    if model_type is None:
        raise SettingsError("trunk_config has no model_type, e.g. bert")
    return AutoConfig.for_model(model_type, **settings)
