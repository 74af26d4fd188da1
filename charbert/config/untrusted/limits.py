"""Bounds on the work of reading settings, so that a small file cannot take all memory or time.

A few hundred bytes of YAML aliases, or of settings that refer to each other, can stand for billions of values.
"""

from collections.abc import Callable
from typing import Any

import yaml
from omegaconf import _utils
from omegaconf.base import Container
from omegaconf.errors import InterpolationResolutionError

from charbert.errors import SettingsError

MAX_VALUES = 20_000
"""Values in a settings file, those that aliases stand for included; our largest file has 70."""
MAX_DEPTH = 30
"""Levels of a settings file."""
MAX_REFERENCES = 1_000
"""References that are followed to find a single value."""


def bound_reading() -> None:
    """Make OmegaConf, and so Hydra, refuse a YAML file or a value beyond the bounds above."""
    if not hasattr(_utils.get_yaml_loader, "bounded"):
        _utils.get_yaml_loader = _bounded(_utils.get_yaml_loader)
        resolve = Container._resolve_interpolation_from_parse_tree
        Container._resolve_interpolation_from_parse_tree = _counted(resolve)  # type: ignore[method-assign]


def _bounded(get_loader: Callable[[], Any]) -> Callable[[], Any]:
    def get_yaml_loader() -> Any:
        class BoundedLoader(get_loader()):  # type: ignore[misc]
            depth = 0

            def __init__(self, stream: Any) -> None:
                super().__init__(stream)
                self.sizes: dict[int, tuple[int, int]] = {}

            def compose_node(self, parent: Any, index: Any) -> Any:
                alias, mark = self.check_event(yaml.AliasEvent), self.peek_event().start_mark
                self.depth += 1
                if self.depth > MAX_DEPTH:
                    raise _too_large(mark)
                node = super().compose_node(parent, index)
                self.depth -= 1
                if not alias:
                    self.sizes[id(node)] = self._measure(node, mark)
                elif id(node) not in self.sizes:  # of a node around it, which would have no end
                    raise _too_large(mark)
                return node

            def _measure(self, node: Any, mark: Any) -> tuple[int, int]:
                """Return the values and levels below a node whose children have been measured."""
                children = node.value if isinstance(node, yaml.CollectionNode) else []
                if isinstance(node, yaml.MappingNode):
                    children = [child for pair in children for child in pair]
                sizes = [self.sizes[id(child)] for child in children]
                values, levels = 1 + sum(size for size, _ in sizes), 1 + max((depth for _, depth in sizes), default=0)
                if values > MAX_VALUES or levels > MAX_DEPTH:
                    raise _too_large(mark)
                return values, levels

        return BoundedLoader

    get_yaml_loader.bounded = True  # type: ignore[attr-defined]
    return get_yaml_loader


def _too_large(mark: Any) -> SettingsError:
    return SettingsError(
        f"{mark.name}:{mark.line + 1}: expected settings of at most {MAX_VALUES} values on {MAX_DEPTH} levels, got "
        "more with their aliases; is this a file of settings?"
    )


def _counted(resolve: Callable[..., Any]) -> Callable[..., Any]:
    followed = 0
    running = False

    def counted(container: Container, *args: Any, **options: Any) -> Any:
        nonlocal followed, running
        if running:
            followed += 1
            if followed > MAX_REFERENCES:
                raise InterpolationResolutionError(f"its value takes more than {MAX_REFERENCES} references to find")
            return resolve(container, *args, **options)
        followed, running = 0, True
        try:
            return resolve(container, *args, **options)
        finally:
            running = False

    return counted
