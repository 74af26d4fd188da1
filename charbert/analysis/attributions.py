"""Attribution of outputs to subwords and characters: integrated gradients on both embeddings at once."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from charbert.analysis.questions import Question
from charbert.errors import import_extra
from charbert.evaluation.explanation import Attribution, Values

log = logging.getLogger(__name__)

Output = Callable[[Any], Tensor]
"""From a model's output for B rows to the explained numbers, (B)."""
_ROWS_AT_ONCE = 16


@dataclass(eq=False)
class Explainer:
    """Attributes a model's outputs to its subwords and characters, by integrated gradients (Sundararajan et al. 2017).

    Both embeddings move together on a straight path from a baseline, in which the words are unknown, to the text. So
    the attributions of subwords and characters add up to the difference between the two outputs. This is checked, and
    the number of points is doubled until it holds. Special subwords, and characters outside words, are the same on the
    whole path and have no attribution.

    Raises:
        SettingsError: if the extra ``explain`` is not installed.
    """

    model: PreTrainedModel
    """With a fine-tuning head, on the CPU; it is put into evaluation mode."""
    _: KW_ONLY
    baseline_id: int | None
    """Subword whose embedding represents an unknown one; None: zeros. The characters' baseline is always zeros."""
    steps: int = 64
    """Initial number of points on the path."""
    max_steps: int = 1024
    """Most points; an attribution that is incomplete then is returned with a warning."""
    tolerance: float = 0.02
    """Largest relative distance of the sum from the difference of the outputs."""

    def __post_init__(self) -> None:
        self.model.eval()
        self._captum = import_extra("captum.attr", "an attribution", "explain")
        encoder = self.model.base_model.char_encoder
        self._embeddings: list[nn.Module] = [self.model.get_input_embeddings()]
        self._embeddings += [] if encoder is None else [encoder.embedding]

    def attribute(self, question: Question, title: str, output: Output) -> Attribution:
        """Return the attribution of an output to each subword and character.

        Args:
            output: selects it.
        """
        embeddings = self._embedded(question.batch)
        baselines = self._baselines(question, embeddings)
        names = list(question.batch)

        def run(*tensors: Tensor) -> Tensor:
            embedded, fields = tensors[: len(embeddings)], tensors[len(embeddings) :]
            with self._replaced(embedded):
                return output(self.model(**dict(zip(names, fields, strict=True))))

        fields = tuple(question.batch.values())
        with torch.no_grad():
            whole, nothing = (float(run(*inputs, *fields)) for inputs in (embeddings, baselines))
        steps = self.steps
        while True:
            parts = self._captum.IntegratedGradients(run).attribute(
                embeddings, baselines, additional_forward_args=fields, n_steps=steps, internal_batch_size=_ROWS_AT_ONCE
            )
            values: list[Values] = [part.detach().sum(-1)[0].numpy() for part in parts]
            characters = values[1] if len(values) > 1 else None
            attribution = Attribution(title, whole, nothing, values[0], characters, steps, self.tolerance)
            if attribution.is_complete or 2 * steps > self.max_steps:
                break
            steps *= 2
        if not attribution.is_complete:
            log.warning("%s: the sum is off by %.1f %% with %d points", title, 100 * attribution.gap, steps)
        return attribution

    def _embedded(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Return the embeddings of a batch's subwords, (1, T, F), and characters, (1, C, E)."""
        seen: list[Tensor] = []
        hooks = [
            module.register_forward_hook(lambda _module, _inputs, embedded: seen.append(embedded))
            for module in self._embeddings
        ]
        try:
            with torch.no_grad():
                self.model(**batch)
        finally:
            for hook in hooks:
                hook.remove()
        return tuple(embedded.clone() for embedded in seen)

    def _baselines(self, question: Question, embedded: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        unknown = torch.zeros(embedded[0].shape[-1])
        if self.baseline_id is not None:
            unknown = self.model.get_input_embeddings().weight.detach()[self.baseline_id]
        baselines = [torch.where(question.known[..., None], unknown, embedded[0])]
        if len(embedded) > 1:
            known = question.known_characters(embedded[1].shape[1])
            baselines.append(embedded[1].masked_fill(known[..., None], 0.0))
        return tuple(baselines)

    @contextmanager
    def _replaced(self, embedded: tuple[Tensor, ...]) -> Iterator[None]:
        """Let the embeddings return ``embedded`` for any input."""
        hooks = [
            module.register_forward_hook(lambda _module, _inputs, _output, given=given: given)
            for module, given in zip(self._embeddings, embedded, strict=True)
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


@torch.inference_mode()
def attention_maps(model: PreTrainedModel, question: Question) -> dict[str, Values]:
    """Return the attention weights of each channel of a model, (L, heads, T, T); a row is the attending subword.

    Raises:
        SettingsError: if the model's attention does not compute them; load it with ``attn_implementation="eager"``.
    """
    output = model.base_model(**question.batch, output_attentions=True)
    channels = {"token channel": output.attentions, "char channel": output.char_attentions}
    return {
        name: np.stack([layer[0].float().numpy() for layer in layers])
        for name, layers in channels.items()
        if layers is not None
    }
