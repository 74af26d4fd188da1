"""Settings of the trunk and of the model built on it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from omegaconf import MISSING

from charbert.config.identity import omit_default, omit_default_section
from charbert.config.model.classical import BaselineSettings
from charbert.config.model.word_recognizer import WordRecognizerSettings
from charbert.config.training.trainer import TrainingSettings
from charbert.errors import SettingsError


class TrunkSource(Enum):
    """Where a trunk comes from."""

    hub = "hub"
    folder = "folder"
    package = "package"
    scratch = "scratch"


class CharEncoder(Enum):
    """What reads the characters."""

    gru = "gru"
    embeddings = "embeddings"
    none = "none"


class Interaction(Enum):
    """How the two channels enrich each other after each layer."""

    paper = "paper"
    released = "released"
    residual = "residual"
    none = "none"


class Start(Enum):
    """How new weights begin."""

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
    """What the encoder is pretrained on before fine-tuning."""

    none = "none"
    mlm = "mlm"
    nlm = "nlm"
    mlm_nlm = "mlm_nlm"


@dataclass
class TrunkSettings:
    """The subword encoder under the token channel, and its tokenizer."""

    name: str = MISSING
    """Short name, used in records and folder names."""
    source: TrunkSource = TrunkSource.hub
    """hub: a model id; folder: a local checkpoint; package: a checkpoint inside an installed Python package;
    scratch: initialised from ``config`` and pretrained with MLM on the corpus, its WordPiece vocabulary too."""
    location: str = MISSING
    """Model id, folder, or ``package/folder`` according to ``source``; empty for scratch."""
    sha256: str | None = None
    """Expected SHA-256 of model.safetensors; checked before loading when given."""
    config: dict[str, Any] = field(default_factory=dict)
    """For scratch: fields of the Hugging Face configuration, ``model_type`` among them."""
    vocab_size: int = 8000
    """For scratch: size of the WordPiece vocabulary trained on the corpus."""
    lower_case: bool = False
    """For scratch: whether the WordPiece vocabulary is uncased."""
    pretraining: TrainingSettings = field(default_factory=TrainingSettings)
    """For scratch: how the trunk itself is pretrained."""

    def __post_init__(self) -> None:
        """Check that the fields fit the source."""
        if self.source is TrunkSource.scratch and "model_type" not in self.config:
            raise SettingsError("trunk.config.model_type is required when trunk.source=scratch, e.g. bert")
        if self.source is not TrunkSource.scratch and not self.location:
            raise SettingsError(f"trunk.location is empty, but trunk.source={self.source.name} needs one")


@dataclass
class ModelSettings:
    """One row of a table: an encoder and what it is pretrained on."""

    name: str = MISSING
    """Row label, e.g. CharBERT."""
    char_encoder: CharEncoder = CharEncoder.gru
    """gru: Eqs. 1-2; embeddings: without the GRU (Table 4); none: the plain trunk."""
    interaction: Interaction = Interaction.paper
    """paper: Eqs. 3-6; released: as the authors' weights need it; residual: ours, without the layer norms of Eq. 6, so
    that it can begin as the trunk exactly; none: without it (Table 4)."""
    share_interaction: bool = False
    """One interaction module for all layers instead of one per layer (the released weights share it)."""
    interaction_start: Start = omit_default(Start.random)
    """random: as all new weights; trunk: adding nothing and at the scale of the trunk's states, so that pretraining
    begins near the trunk; with ``interaction=residual`` exactly at it."""
    interaction_window: int = 3
    """Width of the convolution of Eq. 4 in subwords; odd."""
    char_embedding_size: int = 256
    """Size of one character's embedding."""
    char_initializer_range: float | None = omit_default(None)
    """Standard deviation of new character embeddings; null: as of other new weights, 0.02 for BERT, with which the
    Bi-GRU hardly tells subwords apart at first. 1: about as much as the trunk's embeddings do."""
    char_vocab_size: int = 1000
    """Characters that have an embedding of their own. Paper: Sec. 4.1."""
    head_channels: Channels = Channels.both
    """Channels that a fine-tuning head reads; both: the concatenation of Sec. 3.6."""
    objective: Objective = Objective.mlm_nlm
    """mlm: MLM on noised text (AdvBERT on a plain trunk, "w/o NLM" on CharBERT); none: no further pretraining."""
    word_vocab_size: int = 30000
    """Words that NLM can restore, without ``<unk>``. Paper: Sec. 3.5."""
    nlm_norm: NlmNorm = omit_default(NlmNorm.none)
    """Layer norm before NLM's decoder. none: Eq. 7; own: as the authors' code has it."""
    word_start: Start = omit_default(Start.random)
    """How NLM's decoder begins. random: as all new weights; trunk: each word as the mean of the trunk's embeddings of
    its subwords, so that a state is near the words that its trunk would say."""
    hidden_share: float = omit_default(0.0)
    """Share of the noised words whose subwords the token channel does not see in pretraining, in [0, 1], so that NLM
    must restore them from their characters."""
    trunk_teacher_weight: float = omit_default(0.0)
    """Weight of a third loss in pretraining: how far each word's token states in the noised text are from those of the
    trunk, unchanged, in the clean text, as a share of their size. 0: none, as in the paper."""
    recognizer: WordRecognizerSettings = field(default_factory=WordRecognizerSettings)
    """The word recogniser in front of the model, if any (BERT+WordRec)."""
    baseline: BaselineSettings = omit_default_section(BaselineSettings)
    """A model without a trunk in place of the encoder (majority, TF-IDF); everything above is not used then."""
    own_noise: bool = omit_default(False)
    """Whether its noise in pretraining is what the row is about, so that it stands beside rows with other noise."""
    pretrained: str = omit_default("")
    """Folder of an encoder that ``save_pretrained`` wrote, its processor beside it, which takes the place of trunk and
    pretraining: a CharBERT with characters (``model=charbert_pretrained``). What it is made of it says itself.
    Empty: none."""
    released: str = ""
    """Folder of a checkpoint in the authors' format, which then takes the place of the trunk, of its tokenizer and of
    pretraining; sizes are read off its weights. Empty: none."""
    released_char_vocab: str = ""
    """The authors' character vocabulary file that goes with ``released``."""

    def __post_init__(self) -> None:
        """Check sizes."""
        if self.interaction_window % 2 == 0 or self.interaction_window < 1:
            raise SettingsError(f"model.interaction_window must be odd, got {self.interaction_window}")
        if self.char_initializer_range is not None and self.char_initializer_range <= 0:
            raise SettingsError(f"model.char_initializer_range must be positive, got {self.char_initializer_range}")
        if not 0 <= self.hidden_share <= 1:
            raise SettingsError(f"model.hidden_share must be in [0, 1], got {self.hidden_share}")
        if not 0 <= self.trunk_teacher_weight < math.inf:
            raise SettingsError(f"model.trunk_teacher_weight must be 0 or more, got {self.trunk_teacher_weight}")
        if self.char_encoder is CharEncoder.none and self.head_channels is Channels.char:
            raise SettingsError("model.head_channels=char needs a char channel, but model.char_encoder=none")
        if self.pretrained and (self.released or self.objective is not Objective.none):
            raise SettingsError(
                f"model.pretrained={self.pretrained} is an encoder that was pretrained before; expected "
                f"model.objective=none and no model.released, got {self.objective.name} and {self.released or 'none'}"
            )
        self._check_new_weights()
        if self.released:
            self._check_released()

    def _check_new_weights(self) -> None:
        """Refuse what would change nothing, since the part that it is about is not there."""
        no_channel = self.char_encoder is CharEncoder.none
        no_interaction = self.interaction is Interaction.none
        no_nlm = self.objective not in (Objective.nlm, Objective.mlm_nlm)
        checks = (
            ("char_initializer_range", None, no_channel, "char_encoder"),
            ("interaction_start", Start.random, no_channel, "char_encoder"),
            ("interaction_start", Start.random, no_interaction, "interaction"),
            ("hidden_share", 0.0, no_channel, "char_encoder"),
            ("hidden_share", 0.0, no_nlm, "objective"),
            ("trunk_teacher_weight", 0.0, self.objective is Objective.none, "objective"),
            ("nlm_norm", NlmNorm.none, no_nlm, "objective"),
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
