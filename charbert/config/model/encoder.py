"""Settings of the trunk and the model."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from omegaconf import MISSING

from charbert.config.checks import check_range, check_sizes
from charbert.config.identity import omit_default, omit_default_section
from charbert.config.model.classical import BaselineKind, BaselineSettings
from charbert.config.model.dictionary import Corrected, DictionarySettings
from charbert.config.model.word_recognizer import WordRecognizerSettings
from charbert.config.training.trainer import TrainingSettings
from charbert.errors import SettingsError


class TrunkSource(Enum):
    """Source of a trunk."""

    hub = "hub"
    folder = "folder"
    package = "package"
    scratch = "scratch"


class CharEncoder(Enum):
    """Encoder of the characters."""

    gru = "gru"
    embeddings = "embeddings"
    none = "none"


class Interaction(Enum):
    """Interaction of the two channels after each layer."""

    paper = "paper"
    released = "released"
    residual = "residual"
    none = "none"


class Start(Enum):
    """Initialization of new weights."""

    random = "random"
    trunk = "trunk"


class NlmNorm(Enum):
    """Layer norm in the NLM head."""

    none = "none"
    own = "own"


class Channels(Enum):
    """Which channel's states a head reads."""

    both = "both"
    token = "token"
    char = "char"


class Objective(Enum):
    """Pretraining objective."""

    none = "none"
    mlm = "mlm"
    nlm = "nlm"
    mlm_nlm = "mlm_nlm"


@dataclass
class TrunkSettings:
    """The subword encoder of the token channel, and its tokenizer."""

    name: str = MISSING
    """Short name, used in records and folder names."""
    source: TrunkSource = TrunkSource.hub
    """hub: a model id; folder: a local checkpoint; package: a checkpoint inside an installed Python package;
    scratch: initialized from ``config`` and pretrained with MLM on the corpus, with a WordPiece vocabulary of it."""
    location: str = MISSING
    """Model id, folder, or ``package/folder``, depending on ``source``; empty for scratch."""
    sha256: str | None = None
    """Expected SHA-256 of model.safetensors, checked before loading; null: not checked."""
    config: dict[str, Any] = field(default_factory=dict)
    """For scratch: fields of the Hugging Face configuration, including ``model_type``; at most 1000 layers."""
    vocab_size: int = 8000
    """For scratch: size of the WordPiece vocabulary trained on the corpus."""
    lower_case: bool = False
    """For scratch: whether the WordPiece vocabulary is uncased."""
    pretraining: TrainingSettings = field(default_factory=TrainingSettings)
    """For scratch: pretraining of the trunk itself."""

    def __post_init__(self) -> None:
        if self.source is TrunkSource.scratch and "model_type" not in self.config:
            raise SettingsError("trunk.config.model_type is required when trunk.source=scratch, e.g. bert")
        if self.source is not TrunkSource.scratch and not self.location:
            raise SettingsError(f"trunk.location is empty, but trunk.source={self.source.name} needs one")
        check_sizes(self.config, "trunk.config")
        check_range("trunk", self, "[1, 10000000]", "vocab_size")


@dataclass
class ModelSettings:
    """One row of a table: an encoder and its pretraining objective."""

    name: str = MISSING
    """Row label, e.g. CharBERT."""
    char_encoder: CharEncoder = CharEncoder.gru
    """gru: Eqs. 1-2; embeddings: without the GRU (Table 4); none: the plain trunk."""
    interaction: Interaction = Interaction.paper
    """paper: Eqs. 3-6; released: that of the authors' weights; residual: ours, without the layer norms of Eq. 6, so
    that the model can start exactly as the trunk; none: no interaction (Table 4)."""
    share_interaction: bool = False
    """Whether all layers share one interaction module, as in the released weights; false: one per layer."""
    interaction_start: Start = omit_default(Start.random)
    """Initialization of the interaction. random: as all new weights; trunk: adds nothing at first and keeps the scale
    of the trunk's states, so that pretraining starts near the trunk (with ``interaction=residual``, exactly at it)."""
    interaction_window: int = 3
    """Width of the convolution of Eq. 4, in subwords; odd, below 1000."""
    char_embedding_size: int = 256
    """Size of one character's embedding, in [1, 100000]."""
    char_initializer_range: float | None = omit_default(None)
    """Standard deviation of new character embeddings, above 0. null: that of other new weights, 0.02 for BERT; the
    Bi-GRU's outputs then hardly differ between subwords at first. With 1 they differ about as much as the trunk's
    embeddings."""
    char_vocab_size: int = 1000
    """Number of characters with their own embedding. Paper: Sec. 4.1."""
    head_channels: Channels = Channels.both
    """Channels read by a fine-tuning head; both: their concatenation (Sec. 3.6)."""
    objective: Objective = Objective.mlm_nlm
    """mlm: MLM on noised text (AdvBERT on a plain trunk, "w/o NLM" on CharBERT); none: no further pretraining."""
    word_vocab_size: int = 30000
    """Number of words that NLM can restore, without ``<unk>``. Paper: Sec. 3.5."""
    nlm_norm: NlmNorm = omit_default(NlmNorm.none)
    """Layer norm before the NLM decoder. none: Eq. 7; own: as in the authors' code."""
    word_start: Start = omit_default(Start.random)
    """Initialization of the NLM decoder. random: as all new weights; trunk: for each word, the mean of the trunk's
    embeddings of its subwords."""
    hidden_share: float = omit_default(0.0)
    """Share of the noised words, in [0, 1], whose subwords the token channel does not see in pretraining. NLM must
    restore them from their characters."""
    trunk_teacher_weight: float = omit_default(0.0)
    """Weight of a third pretraining loss, 0 or more: the distance of each word's token states in the noised text from
    the unchanged trunk's states in the clean text, relative to their size. 0: none, as in the paper."""
    word_shapes: bool = omit_default(False)
    """Whether an embedding of each word's shape (lower case, capitalized, upper case, other) is added to the input of
    an uncased trunk. It starts at zero, so that the model starts as the trunk; for a trunk alone."""
    lower_case_chars: bool = omit_default(False)
    """Whether the char channel reads lower-cased characters, so that it knows spelling and not case."""
    recognizer: WordRecognizerSettings = field(default_factory=WordRecognizerSettings)
    """The word recognizer in front of the model (BERT+WordRec)."""
    dictionary: DictionarySettings = omit_default_section(DictionarySettings)
    """The spelling dictionary in front of the model."""
    baseline: BaselineSettings = omit_default_section(BaselineSettings)
    """A model without a trunk instead of the encoder (majority, TF-IDF); the settings above are then unused."""
    own_noise: bool = omit_default(False)
    """Whether the row is defined by its pretraining noise and may be compared with rows of other noise."""
    pretrained: str = omit_default("")
    """Folder of a CharBERT encoder and tokenizer written by ``save_pretrained``, used instead of trunk and pretraining
    (``model=charbert_pretrained``). Its architecture is read from the folder. Empty: none."""
    released: str = ""
    """Folder of a checkpoint in the authors' format, used instead of trunk, tokenizer and pretraining; its sizes are
    read from the weights. Empty: none."""
    released_char_vocab: str = ""
    """The authors' character vocabulary file for ``released``."""

    def __post_init__(self) -> None:
        if self.interaction_window % 2 == 0:
            raise SettingsError(f"model.interaction_window must be odd, got {self.interaction_window}")
        check_range("model", self, "[1, 1000]", "interaction_window")
        check_range("model", self, "[1, 100000]", "char_embedding_size")
        check_range("model", self, "[1, 10000000]", "char_vocab_size", "word_vocab_size")
        check_range("model", self, "(0, inf)", "char_initializer_range")
        check_range("model", self, "[0, 1]", "hidden_share")
        check_range("model", self, "[0, inf)", "trunk_teacher_weight")
        if not self.has_char_channel and self.head_channels is Channels.char:
            raise SettingsError("model.head_channels=char needs a char channel, but model.char_encoder=none")
        if self.dictionary.enabled and self.recognizer.enabled:
            raise SettingsError(
                "model.dictionary.enabled and model.recognizer.enabled are both true; choose one of them"
            )
        if self.pretrained and (self.released or self.objective is not Objective.none):
            raise SettingsError(
                f"model.pretrained={self.pretrained} is an encoder that was pretrained before; expected "
                f"model.objective=none and no model.released, got {self.objective.name} and {self.released or 'none'}"
            )
        self._check_new_weights()
        if self.released:
            self._check_released()

    @property
    def is_baseline(self) -> bool:
        """Whether it is a model without a trunk."""
        return self.baseline.kind is not BaselineKind.none

    @property
    def has_char_channel(self) -> bool:
        """Whether it reads characters beside subwords."""
        return self.char_encoder is not CharEncoder.none

    @property
    def corrects_words(self) -> bool:
        """Whether a recognizer or a dictionary corrects the words that the model reads."""
        return self.recognizer.enabled or self.dictionary.enabled

    @property
    def restores_words(self) -> bool:
        """Whether the encoder is pretrained here with an NLM head, which predicts the word behind a noised one."""
        return self.objective in (Objective.nlm, Objective.mlm_nlm)

    @property
    def corrects_examples(self) -> bool:
        """Whether it corrects examples before they are tokenized."""
        return self.corrects_words and self.dictionary.channel is Corrected.both

    def _check_new_weights(self) -> None:
        """Raise an error for settings of a part that the model does not have."""
        no_channel = not self.has_char_channel
        no_interaction = self.interaction is Interaction.none
        no_nlm = not self.restores_words
        checks = (
            ("char_initializer_range", None, no_channel, "char_encoder"),
            ("interaction_start", Start.random, no_channel, "char_encoder"),
            ("interaction_start", Start.random, no_interaction, "interaction"),
            ("hidden_share", 0.0, no_channel, "char_encoder"),
            ("hidden_share", 0.0, no_nlm, "objective"),
            ("trunk_teacher_weight", 0.0, self.objective is Objective.none, "objective"),
            ("nlm_norm", NlmNorm.none, no_nlm, "objective"),
            ("word_shapes", False, not no_channel, "char_encoder"),
            ("word_shapes", False, self.objective is not Objective.none, "objective"),
            ("lower_case_chars", False, no_channel, "char_encoder"),
            ("word_start", Start.random, no_nlm, "objective"),
        )
        for name, unset, missing, cause in checks:
            chosen, given = getattr(self, name), getattr(self, cause)
            if missing and chosen != unset:
                raise SettingsError(
                    f"model.{name}={getattr(chosen, 'name', chosen)} changes nothing with model.{cause}={given.name}; "
                    f"leave model.{name} out or choose another model.{cause}"
                )

    def _check_released(self) -> None:
        expected = {
            "lower_case_chars": False,
            "char_encoder": CharEncoder.gru,
            "interaction": Interaction.released,
            "share_interaction": True,
            "interaction_window": 3,
            "objective": Objective.none,
        }
        for name, value in expected.items():
            actual = getattr(self, name)
            if actual != value:
                wanted, got = (getattr(each, "name", each) for each in (value, actual))
                raise SettingsError(
                    f"model.released needs model.{name}={wanted}, got {got}; see model=charbert_released"
                )
        if not self.released_char_vocab:
            raise SettingsError(
                "model.released needs model.released_char_vocab, the authors' character vocabulary file"
            )
