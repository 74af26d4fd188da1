"""The dual-channel encoder: a subword trunk with a char channel beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.utils import ModelOutput, can_return_tuple

from charbert.batch import CHAR_INPUTS, SHAPE_INPUT
from charbert.errors import DataError
from charbert.model.char_encoder import build_char_encoder
from charbert.model.configuration import CharBertConfig
from charbert.model.inputs.word_shapes import NUM_SHAPES
from charbert.model.interaction import INTERACTIONS, Interaction
from charbert.model.kernels.cpu_attention import use_signed_attention
from charbert.model.kernels.folded_interaction import FoldedConvolution, folding_pays
from charbert.model.kernels.random_masks import MaskDropout, replace_dropout
from charbert.model.saved_model import CharBertPreTrainedModel
from charbert.model.trunk import build_trunk, trunk_adapter
from charbert.model.trunks.adapter import TrunkAdapter, recorded_attentions


@dataclass
class CharBertOutput(ModelOutput):
    """States of both channels; the char channel's fields are None without one.

    Hidden states are the input of the first layer and the states after each layer and its interaction, so L + 1 of
    them, the last after the trunk's final norm. Attentions are one (B, heads, T, T) per layer.
    """

    token_states: Tensor | None = None
    char_states: Tensor | None = None
    token_hidden_states: tuple[Tensor, ...] | None = None
    char_hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    char_attentions: tuple[Tensor, ...] | None = None

    @property
    def last_hidden_state(self) -> Tensor | None:
        """The token states, under the library's name."""
        return self.token_states

    @property
    def hidden_states(self) -> tuple[Tensor, ...] | None:
        """The token channel's hidden states, under the library's name."""
        return self.token_hidden_states

    def recorded(self) -> dict[str, Any]:
        """Return the token channel's hidden states and attentions under the library's names."""
        return {"hidden_states": self.token_hidden_states, "attentions": self.attentions}


class CharBertModel(CharBertPreTrainedModel):
    """CharBERT without a head.

    Paper: Sec. 3.2-3.4. Both channels pass through the same layer as one batch of 2B, then through the
        interaction. With ``char_encoder="none"`` this is the plain trunk, bit for bit.
    Released code: variant "released"; its pooler exists for the authors' checkpoints only: no head reads it, and it is
        not trained.

    >>> from transformers import BertConfig
    >>> from charbert.text.char_vocab import CharVocab
    >>> trunk = BertConfig(vocab_size=30, hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    >>> model = CharBertModel.from_trunk(trunk, char_vocab=CharVocab.build(["ships"], size=8).to_dict())
    >>> subwords, characters = torch.tensor([[5, 6]]), torch.tensor([[4, 5, 1, 6, 4, 1]])
    >>> spans = {"start_ids": torch.tensor([[0, 3]]), "end_ids": torch.tensor([[1, 4]])}
    >>> states = model(subwords, char_input_ids=characters, **spans)
    >>> states.token_states.shape, states.char_states.shape
    (torch.Size([1, 2, 16]), torch.Size([1, 2, 16]))
    """

    _encoder_prefix = ""
    gradient_checkpointing = False  # for trunks whose layers do not do it themselves

    def __init__(self, config: CharBertConfig) -> None:
        super().__init__(config)
        self._adapter: TrunkAdapter = trunk_adapter(config.trunk_config)
        self.trunk = build_trunk(config.trunk_config, pooler=config.variant == "released")
        if getattr(self.trunk, "pooler", None) is not None:
            self.trunk.pooler.requires_grad_(False)
        use_signed_attention(self.trunk.config)
        replace_dropout(self.trunk)
        self.char_encoder = build_char_encoder(config)
        self.char_dropout = MaskDropout(config.char_dropout)
        self.interactions = nn.ModuleList(self._build_interactions())
        self.shape_embedding = nn.Embedding(NUM_SHAPES, config.hidden_size) if config.word_shapes else None
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        char_input_ids: Tensor | None = None,
        start_ids: Tensor | None = None,
        end_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        shape_ids: Tensor | None = None,
    ) -> CharBertOutput:
        """Return the states of both channels, (B, T, H) each; with ``return_dict=False`` as a tuple.

        Args:
            input_ids: subwords, (B, T); None with ``inputs_embeds``.
            attention_mask: 1 on subwords and 0 on padding, (B, T); all subwords when None.
            token_type_ids: segments, (B, T), for trunks that have them.
            char_input_ids: characters, (B, C), padded with ``config.char_pad_id``.
            start_ids: position in C of each subword's first character, (B, T), 0 on padding.
            end_ids: position in C of each subword's last character, (B, T), 0 on padding.
            inputs_embeds: vectors in place of the subword embeddings, (B, T, E), in the width of
                ``get_input_embeddings()``. They replace the input of the token channel only: the char channel still
                needs the three char inputs, whose spans are those of the T positions.
            output_hidden_states: whether to return the states after every layer.
            output_attentions: whether to return the attention weights; needs eager attention.
            shape_ids: the shape of each subword's word, (B, T), with ``config.word_shapes``.

        Raises:
            DataError: if the model has a char channel and a char input is missing, or word shapes and ``shape_ids`` is
                missing, or if not exactly one of ``input_ids`` and ``inputs_embeds`` is given.
            SettingsError: if attention weights are requested and the attention implementation does not compute them.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise DataError("expected either input_ids or inputs_embeds, and not both")
        embedded = {"token_type_ids": token_type_ids, "attention_mask": attention_mask, "inputs_embeds": inputs_embeds}
        token = self._adapter.embed(self.trunk, input_ids, **embedded)  # (B, T, H)
        if self.shape_embedding is not None:
            token = token + self._embed_shapes(self.shape_embedding, shape_ids)
        char = self._encode_chars(char_input_ids, start_ids, end_ids)
        states = [_in_run_precision(channel) for channel in ((token,) if char is None else (token, char))]
        mask = None  # of the interactions
        if attention_mask is not None:
            mask = None if self.config.variant == "released" else attention_mask.bool()  # (B, T)
            attention_mask = attention_mask.repeat(len(states), 1)  # (2B, T)
        keeps_states = self._option(output_hidden_states, "output_hidden_states")
        keeps_attentions = self._option(output_attentions, "output_attentions")
        context = self._adapter.layer_inputs(
            self.trunk, torch.cat(states), attention_mask, output_attentions=keeps_attentions
        )
        folded = self._folded_interactions(token.shape[0] * token.shape[1])
        history = [states] if keeps_states else []  # otherwise the states would stay in memory
        with recorded_attentions(self.trunk, self._adapter, wanted=keeps_attentions) as attentions:
            for index, inputs in enumerate(context):
                states = _unbatch(self._run_layer(index, torch.cat(states), inputs), len(states))
                if self.interactions:
                    which = index % len(self.interactions)
                    states = list(self.interactions[which](*states, mask, folded[which]))
                if keeps_states:
                    history.append(states)
        states = [self._adapter.finish(self.trunk, channel) for channel in states]
        output = CharBertOutput(*states)
        if keeps_states:
            channels = [tuple(channel) for channel in zip(*history[:-1], states, strict=True)]
            output["token_hidden_states"], output["char_hidden_states"] = _pair(channels)
        if attentions:
            channels = [tuple(c) for c in zip(*(_unbatch(a, len(states)) for a in attentions), strict=True)]
            output["attentions"], output["char_attentions"] = _pair(channels)
        return output

    def _run_layer(self, index: int, states: Tensor, inputs: dict[str, Any]) -> Tensor:
        """Map the states before a layer of the trunk to those after it, (2B, T, H) each."""

        def run(states: Tensor, *values: Any) -> Tensor:
            return self._adapter.run_layer(self.trunk, index, states, dict(zip(inputs, values, strict=True)))

        layer = self._adapter.layers(self.trunk)[index]
        if self.gradient_checkpointing and self.training and not isinstance(layer, GradientCheckpointingLayer):
            # Set by the library. What has a gradient must be an argument and not in a closure.
            return self._gradient_checkpointing_func(run, states, *inputs.values())
        return run(states, *inputs.values())

    def _build_interactions(self) -> Iterator[Interaction]:
        """Return one interaction per layer, one for all, or none."""
        config = self.config
        if config.has_char_channel and config.interaction != "none":
            norm_eps = self._adapter.norm_eps(config.trunk_config)
            for _ in range(1 if config.share_interaction else config.num_hidden_layers):
                yield INTERACTIONS[config.interaction](config.hidden_size, config.interaction_window, norm_eps)

    def _folded_interactions(self, subwords: int) -> list[FoldedConvolution | None]:
        """Return each interaction's folded convolution where it reads enough subwords, None for the others."""
        read = subwords * self.config.num_hidden_layers // max(1, len(self.interactions))
        pays = folding_pays(read, self.config.hidden_size)
        return [cast(Interaction, interaction).fold() if pays else None for interaction in self.interactions]

    def _encode_chars(self, *char_inputs: Tensor | None) -> Tensor | None:
        """Return the first states of the char channel, (B, T, H), or None without one."""
        if self.char_encoder is None:
            return None
        missing = [name for name, value in zip(CHAR_INPUTS, char_inputs, strict=True) if value is None]
        if missing:
            raise DataError(
                f"the batch has no {', '.join(missing)}, but config.char_encoder="
                f"{self.config.char_encoder!r} needs {', '.join(CHAR_INPUTS)}; encode the text with a "
                "CharBertTokenizer that has a character vocabulary"
            )
        if self.config.variant == "paper" and not torch.compiler.is_compiling():
            _check_padding(char_inputs[0], self.config.char_pad_id)
        exports = torch.compiler.is_exporting()
        states = self.char_encoder(*char_inputs) if exports else _uncompiled(self.char_encoder, *char_inputs)
        return self.char_dropout(states)

    @staticmethod
    def _embed_shapes(embedding: nn.Embedding, shape_ids: Tensor | None) -> Tensor:
        """Return the embeddings of words' shapes, (B, T, H)."""
        if shape_ids is None:
            raise DataError(
                f"the batch has no {SHAPE_INPUT}, but config.word_shapes=True needs it; encode the text with a "
                "CharBertTokenizer that has word_shapes=True"
            )
        states: Tensor = embedding(shape_ids)
        return states

    def _option(self, argument: bool | None, setting: str) -> bool:
        """Return the argument, or the configuration's setting where it was not given."""
        return bool(getattr(self.config, setting) if argument is None else argument)


def _check_padding(char_input_ids: Any, pad_id: int) -> None:
    """Raise a DataError if a row of characters is padded at its beginning, from where spans are counted."""
    if bool(((char_input_ids[:, 0] == pad_id) & (char_input_ids[:, -1] != pad_id)).any()):
        raise DataError(
            f"{CHAR_INPUTS[0]} must be padded at the end of a row, got padding at its beginning; pad with "
            "CharBertTokenizer.pad; for a pipeline with batch_size set tokenizer.padding_side='right'"
        )


@torch.compiler.disable
def _uncompiled(module: nn.Module, *inputs: Tensor | None) -> Tensor:
    """Run a module as it is where the model is compiled: a recurrence would become one step per character."""
    states: Tensor = module(*inputs)
    return states


def _in_run_precision(states: Tensor) -> Tensor:
    """Return states in autocast's precision on a CPU.

    Its norms and sums keep the precision they are given, so states in float32 would be converted before and after every
    product, which takes longer than the products.
    """
    if states.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
        return states.to(torch.get_autocast_dtype("cpu"))
    return states


def _unbatch(states: Tensor, channels: int) -> list[Tensor]:
    """Split (channels x B, ...) into channels of (B, ...); unlike ``chunk``, an exported graph can do it for any B."""
    return list(states.unflatten(0, (channels, -1)).unbind())


def _pair(channels: list[tuple[Tensor, ...]]) -> tuple[Any, Any]:
    """Return the two channels' values, None for an absent channel."""
    return channels[0], channels[1] if len(channels) > 1 else None
