"""Settings as Hydra composes them, as the tests of pipelines have them."""

from tests.pipelines.conftest import benchmarks, composed, tiny_trunk

__all__ = ["benchmarks", "composed", "tiny_trunk"]
