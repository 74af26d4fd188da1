"""CharBERT: character-aware pretrained language models (Ma et al., COLING 2020).

``import charbert`` makes the models and the tokenizer known to the Auto classes of ``transformers``, whether that is
imported before or after. It imports neither ``transformers`` nor torch itself: the classes are loaded when the first of
them is needed.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

if os.environ.keys().isdisjoint({"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}):
    # OpenMP reads it when torch is imported. By default a thread that waits for another one keeps its core busy for
    # milliseconds, many times in each step: beside other work on the same cores a step then takes twenty times as long.
    os.environ["GOMP_SPINCOUNT"] = "1000"

__all__ = [
    "CharBertConfig",
    "CharBertForMaskedLM",
    "CharBertForPreTraining",
    "CharBertForQuestionAnswering",
    "CharBertForSequenceClassification",
    "CharBertForTokenClassification",
    "CharBertModel",
    "CharBertTokenizer",
    "CharVocab",
]


def __getattr__(name: str) -> Any:
    """Return a class of the package, importing its module now."""
    if name not in __all__:
        raise AttributeError(f"module 'charbert' has no attribute {name!r}")
    return getattr(import_module("charbert.text.char_vocab" if name == "CharVocab" else "charbert.model"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Deferred(type):
    """Stands for the class of its name until it is used; importing ``charbert.model`` puts the class in its place."""

    def __getattr__(cls, name: str) -> Any:
        return getattr(__getattr__(cls.__name__), name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return __getattr__(cls.__name__)(*args, **kwargs)


def _add_config(auto: ModuleType) -> None:
    auto.AutoConfig.register("charbert", _Deferred("CharBertConfig", (), {"__module__": __name__}), exist_ok=True)


def _add_tokenizer(auto: ModuleType) -> None:
    name = "CharBertTokenizer"
    auto.REGISTERED_TOKENIZER_CLASSES.setdefault(name, _Deferred(name, (), {"__module__": __name__}))
    # Folders saved before there was a CharBertTokenizer name the trunk's class instead, which this overrules.
    auto.TOKENIZER_MAPPING_NAMES["charbert"] = name
    auto.MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS.add("charbert")


_AUTO_MODULES: dict[str, Callable[[ModuleType], None]] = {
    "transformers.models.auto.configuration_auto": _add_config,
    "transformers.models.auto.tokenization_auto": _add_tokenizer,
}


class _AfterImport(MetaPathFinder):
    """Adds our classes to the modules of the Auto classes as soon as these are imported."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the module's own spec, with our step after its execution; None for every other module."""
        if name not in _AUTO_MODULES or (spec := PathFinder.find_spec(name, path, target)) is None or not spec.loader:
            return None
        execute = spec.loader.exec_module

        def execute_and_add(module: ModuleType) -> None:
            execute(module)
            _AUTO_MODULES[name](module)

        spec.loader.exec_module = execute_and_add  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, _AfterImport())
for _name, _add in _AUTO_MODULES.items():
    if _name in sys.modules:
        _add(sys.modules[_name])
