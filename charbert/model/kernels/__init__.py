"""Fast implementations of parts of the model; a test compares each with a slow one."""

from torch import nn


def is_plain(part: nn.Module, kind: type[nn.Module]) -> bool:
    """Return whether a module is of this class and nothing else: no adapter wraps it and no hook watches it.

    Only then its weights can be read without calling it.
    """
    hooks = (part._forward_hooks, part._forward_pre_hooks, part._backward_hooks, part._backward_pre_hooks)
    return type(part) is kind and not any(hooks) and "forward" not in vars(part)
