"""Raw text to predictions: ``from charbert.deploy.predict import Predictor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charbert.deploy.predict.predictor import Predictor

__all__ = ["Predictor"]


def __getattr__(name: str) -> Any:
    """Import the class only when it is asked for: the command line reads its options without torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from charbert.deploy.predict import predictor

    return getattr(predictor, name)
