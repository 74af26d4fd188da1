"""Losses that are defined for every batch, even one without labels."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from charbert.batch import IGNORED_LABEL
from charbert.errors import SettingsError
from charbert.model.kernels.vocabulary_loss import vocabulary_cross_entropy

ROWS_AT_A_TIME = 128
"""The scored positions are padded with ignored ones to a multiple of this. The number of labels differs from batch to
batch, and the CPU's matrix library keeps a prepared copy of the vocabulary's weights for each number: without the
padding the memory of a long pretraining in bf16 grows by megabytes a step."""


def mean_cross_entropy(logits: Tensor, labels: Tensor, ignored: int = IGNORED_LABEL) -> Tensor:
    """Return the mean cross entropy of (N, K) logits over the labels, (N,) integers, that are not ``ignored``.

    Without any such label the loss is 0 and still has a graph, so that every process of a group can run backward.
    """
    total = F.cross_entropy(logits.float(), labels.long(), reduction="sum", ignore_index=ignored)
    return total / (labels != ignored).sum().clamp(min=1)


def problem_of(labels: Tensor, num_labels: int) -> str:
    """Return the ``problem_type`` that labels of sequences mean in the library's models.

    One output is a regression, whole numbers are classes, and others say of each class whether a sequence has it.
    """
    if num_labels == 1:
        return "regression"
    is_class = labels.dtype in (torch.int64, torch.int32)
    return "single_label_classification" if is_class else "multi_label_classification"


def sequence_loss(logits: Tensor, labels: Tensor, problem: str) -> Tensor:
    """Return the loss of (B, K) logits, of the kind that the library's ``problem_type`` names.

    Args:
        logits: (B, K).
        labels: numbers, (B,) or (B, K), for "regression"; classes, (B,), for "single_label_classification"; 0 or 1 for
            each class, (B, K), for "multi_label_classification".
        problem: one of these.

    Raises:
        SettingsError: if it is another one.
    """
    if problem == "regression":
        return F.mse_loss(logits.float().view_as(labels), labels.float())
    if problem == "multi_label_classification":
        return F.binary_cross_entropy_with_logits(logits.float(), labels.float())
    if problem != "single_label_classification":
        raise SettingsError(
            "problem_type must be regression, single_label_classification or multi_label_classification, "
            f"got {problem!r}"
        )
    return mean_cross_entropy(logits, labels.flatten())


@torch.compiler.disable  # the number of labeled positions differs from batch to batch
def labeled_loss(
    head: Callable[[Tensor], Tensor], states: Tensor, labels: Tensor, unknown: int | None = None
) -> dict[str, Tensor]:
    """Score only the labeled positions, since scores over a vocabulary at every position would be most of the work.

    Args:
        head: maps states (N, H) to logits over a vocabulary.
        states: (B, T, H).
        labels: (B, T), IGNORED_LABEL where nothing is to be predicted.
        unknown: the label of all words outside the vocabulary, counted separately; None where there is none.

    Returns:
        ``loss``, the mean, and the counts from which accuracies over many batches are computed, scalars without a
        graph: ``count`` of the labeled positions and ``correct`` of those that were predicted right. With ``unknown``
        also ``known_count`` and ``known_correct``, which leave that label out.
    """
    labeled = labels != IGNORED_LABEL
    places = labeled.flatten().nonzero()[:, 0]  # here alone a GPU is waited for
    spare = -len(places) % ROWS_AT_A_TIME
    targets = F.pad(labels.flatten().index_select(0, places), (0, spare), value=IGNORED_LABEL)  # (N,)
    logits = head(F.pad(states.flatten(0, 1).index_select(0, places), (0, 0, 0, spare)))  # (N, V) or (N, W)
    total, hits = vocabulary_cross_entropy(logits, targets)
    count = labeled.sum()
    scored = {"loss": total / count.clamp(min=1), "count": count, "correct": hits.sum()}
    if unknown is None:
        return scored
    is_known = (targets != IGNORED_LABEL) & (targets != unknown)
    return scored | {"known_count": is_known.sum(), "known_correct": (hits & is_known).sum()}
