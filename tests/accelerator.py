"""A GPU to test with where there is none: tensors that are said to be on it are computed on the CPU.

What fails on a real one fails here too: an operation on tensors of both devices, and reading a tensor of the GPU as
NumPy. What the CPU would wait for is counted. cuDNN and other kernels of a GPU are not simulated.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode

_JOINING = ("cat", "stack")
"""Functions that take not even a single number from the other device."""
_CROSSING = ("copy_", "__set__", "_has_compatible_shallow_copy_type")
"""Functions that take tensors of both devices."""
_ON_CPU = {"_pack_padded_sequence": 1, "_pad_packed_sequence": 1, "gru": 1, "lstm": 1}
"""Position of the argument that must be on the CPU: lengths of rows, or of a packed sequence the rows of each step."""
_WAITING = ("__bool__", "__int__", "__float__", "__index__", "item", "tolist", "nonzero", "masked_select")


class Recurrence(NamedTuple):
    """A call of a GRU or an LSTM for a packed sequence."""

    autocast: bool
    """Whether autocast was on."""
    trains: bool
    """Whether cuDNN was told to keep what the backward pass needs."""


class PretendedGpu(TorchFunctionMode):
    """While it is entered, ``to(gpu.device)`` and ``device=gpu.device`` give tensors of a GPU that is not there.

    It sees what Python calls, in the project, in transformers and in backward passes; what a function of torch does
    inside counts as one operation.

    Args:
        kind: cuda, or mps, which has no numbers of 64 bits.
    """

    def __init__(self, kind: str = "cuda") -> None:
        super().__init__()
        self.device = torch.device(kind, 0)
        self._there: dict[int, StorageWeakRef] = {}
        self._here: dict[int, StorageWeakRef] = {}
        self._in_backward = False
        self.waits: list[str] = []
        """Functions for which the CPU waited."""
        self.recurrences: list[Recurrence] = []

    def holds(self, tensor: Tensor) -> bool:
        """Return whether a tensor is on the GPU."""
        return tensor.untyped_storage()._cdata in self._there

    def put(self, thing: Any) -> Any:
        """Move a tensor, those of a mapping, or those of a model, to the GPU."""
        if isinstance(thing, nn.Module):
            for tensor in (*thing.parameters(), *thing.buffers()):
                self.put(tensor)
        elif isinstance(thing, Mapping):
            return {name: self.put(value) for name, value in thing.items()}
        elif isinstance(thing, Tensor):
            if self.device.type == "mps" and thing.dtype is torch.float64:
                raise TypeError("mps has no float64")
            _note(self._there, thing)
        return thing

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name, options = func.__name__, dict(kwargs or {})
        if name == "__get__":
            return self._attribute(func, *args)
        if name == "backward":
            return self._go_backward(*args, **options)
        if name in ("to", "cpu", "cuda", "double", "float"):
            return self._move(name, *args, **options)
        given = list(_tensors((args, options)))
        there = any(map(self.holds, given))
        if there:
            self._check(name, args, given)
        if self._is_gpu(options.get("device")):
            options["device"], there = "cpu", True
        result = func(*args, **options)
        outputs = list(_tensors(result))
        if there:
            for output in outputs[:1] if name in _ON_CPU and name.startswith("_") else outputs:
                self.put(output)
        elif not given:
            for output in outputs:
                _note(self._here, output)
        return result

    def _attribute(self, func: Callable[..., Any], owner: Any, *args: Any) -> Any:
        told = {"device": self.device, "is_cuda": self.device.type == "cuda", "is_cpu": False}
        attribute = func.__self__.__name__  # type: ignore[attr-defined]
        return told[attribute] if attribute in told and self.holds(owner) else func(owner, *args)

    def _check(self, name: str, args: tuple[Any, ...], given: list[Tensor]) -> None:
        """Check that an operation could be done on the GPU; note what it waits for, and recurrent networks."""
        if name in ("numpy", "__array__"):
            raise TypeError(f"a tensor of the GPU has no {name}: copy it to the CPU first")
        if name in _WAITING or (name == "__getitem__" and any(part.dtype is torch.bool for part in _tensors(args[1]))):
            self.waits.append(name)
        counted = args[_ON_CPU[name]] if name in _ON_CPU else None
        if isinstance(counted, Tensor) and counted.dtype is torch.int64:  # a start state where the rows are not packed
            if self.holds(counted):
                raise RuntimeError(f"{name}: lengths must be on the CPU")
            given = [tensor for tensor in given if tensor is not counted]
            if name in ("gru", "lstm"):
                self.recurrences.append(Recurrence(torch.is_autocast_enabled("cuda"), trains=args[7]))
        for tensor in given if name not in _CROSSING else ():
            if self._is_here(tensor) and (tensor.dim() or name in _JOINING):
                raise RuntimeError(f"{name}: tensors of both devices, that of the CPU {tuple(tensor.shape)}")

    def _is_here(self, tensor: Tensor) -> bool:
        """Return whether a tensor is on the CPU; of a gradient that arrives in a backward pass nothing is known."""
        if self._in_backward:
            return tensor.untyped_storage()._cdata in self._here
        return not self.holds(tensor)

    def _move(self, name: str, tensor: Tensor, *args: Any, **options: Any) -> Tensor:
        short = {"double": torch.float64, "float": torch.float32}
        wanted = [*args, *options.values()] if name == "to" else [short.get(name, name)]
        dtypes = [getattr(part, "dtype", part) for part in wanted if isinstance(part, torch.dtype | Tensor)]
        places = [part for part in wanted if isinstance(part, str | torch.device | Tensor)]
        before = after = self.holds(tensor)
        if places:
            after = self.holds(places[0]) if isinstance(places[0], Tensor) else self._is_gpu(places[0])
        if before and not after:
            self.waits.append("cpu")
        moved = tensor.to(dtypes[0] if dtypes else tensor.dtype, copy=before != after)
        return self.put(moved) if after else moved

    def _is_gpu(self, device: Any) -> bool:
        return isinstance(device, str | torch.device) and torch.device(device).type == self.device.type

    def _go_backward(self, loss: Tensor, **unused: Any) -> None:
        """Compute the gradients of a loss as its own method does, which would hide the backward pass."""
        self._in_backward = True
        try:
            with self:
                torch.autograd.Variable._execution_engine.run_backward(
                    (loss,), (torch.ones_like(loss),), False, False, (), allow_unreachable=True, accumulate_grad=True
                )
        finally:
            self._in_backward = False
        for weight in _weights_of(loss):
            if weight.grad is not None and self.holds(weight):
                self.put(weight.grad)


def _weights_of(loss: Tensor) -> Iterator[Tensor]:
    """Return the leaves of the graph of a loss."""
    seen, waiting = set(), [loss.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            yield node.variable
        waiting += [following for following, _ in node.next_functions]


def _note(known: dict[int, StorageWeakRef], tensor: Tensor) -> None:
    storage = tensor.untyped_storage()
    known[storage._cdata] = StorageWeakRef(storage)  # which keeps the number from being used again


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)
