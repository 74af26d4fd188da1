"""The two heads of pretraining: scores over subwords and scores over words."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedModel
from transformers.activations import ACT2FN

from charbert.model.configuration import CharBertConfig
from charbert.model.kernels import is_plain

MLM_HEAD_WEIGHTS = {
    "bert": {
        "dense": "cls.predictions.transform.dense",
        "norm": "cls.predictions.transform.LayerNorm",
        "bias": "cls.predictions.bias",
    },
    "roberta": {"dense": "lm_head.dense", "norm": "lm_head.layer_norm", "bias": "lm_head.bias"},
    "albert": {"dense": "predictions.dense", "norm": "predictions.LayerNorm", "bias": "predictions.bias"},
    "distilbert": {"dense": "vocab_transform", "norm": "vocab_layer_norm", "bias": "vocab_projector.bias"},
}
MLM_HEAD_WEIGHTS |= {"deberta-v2": MLM_HEAD_WEIGHTS["bert"], "mpnet": MLM_HEAD_WEIGHTS["roberta"]}
"""Names of the MLM head's weights in each trunk family; other families start with a new head."""


class MlmHead(nn.Module):
    """Scores over the subword vocabulary from the token channel.

    Paper: Sec. 3.5. The decoder's weights are the trunk's subword embeddings; the model that owns the head ties them.
    """

    def __init__(self, config: CharBertConfig, norm_eps: float) -> None:
        super().__init__()
        trunk = config.trunk_config
        embedding_size = getattr(trunk, "embedding_size", config.hidden_size)  # ELECTRA's may be narrower
        self.dense = nn.Linear(config.hidden_size, embedding_size)
        self.activation = ACT2FN[getattr(trunk, "hidden_act", "gelu")]
        self.norm = nn.LayerNorm(embedding_size, eps=norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.decoder = nn.Linear(embedding_size, config.vocab_size, bias=False, device="meta")  # until it is tied

    def forward(self, states: Tensor) -> Tensor:
        """Map (..., H) to logits (..., V)."""
        states = self.norm(self.activation(self.dense(states)))
        if is_plain(self.decoder, nn.Linear):
            return F.linear(states, self.decoder.weight, self.bias)
        logits: Tensor = self.decoder(states) + self.bias
        return logits

    @torch.no_grad()
    def replace_decoder(self, decoder: nn.Linear) -> None:
        """Score with a decoder of the same or another vocabulary; the bias of new subwords is 0."""
        self.decoder = decoder
        self.bias.data = F.pad(self.bias.data, (0, decoder.out_features - len(self.bias)))

    @torch.no_grad()
    def adopt(self, source: PreTrainedModel) -> bool:
        """Copy the MLM head of a Hugging Face model, and return whether it has one of a known family."""
        family = "roberta" if "roberta" in source.config.model_type else source.config.model_type
        names, weights = MLM_HEAD_WEIGHTS.get(family), source.state_dict()
        if names is None or names["bias"] not in weights:
            return False
        self.bias.copy_(weights[names["bias"]])
        for part in ("dense", "norm"):
            for leaf, weight in self.get_submodule(part).named_parameters():
                weight.copy_(weights[f"{names[part]}.{leaf}"])
        return True


class NlmHead(nn.Module):
    """Scores over the word vocabulary from the char channel.

    Paper: Sec. 3.5, Eq. 7: linear and GELU, then softmax over 30K words.
    Released code: a layer norm after the GELU; in RoBERTa it is shared with the MLM head.
    """

    def __init__(self, config: CharBertConfig, norm_eps: float) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=norm_eps) if config.nlm_norm == "own" else None
        self.decoder = nn.Linear(config.hidden_size, config.nlm_vocab_size)

    def forward(self, states: Tensor, shared_norm: nn.LayerNorm | None = None) -> Tensor:
        """Map (..., H) to logits (..., W)."""
        states = F.gelu(self.dense(states))
        norm = self.norm if self.norm is not None else shared_norm
        return self.decoder(states if norm is None else norm(states))
