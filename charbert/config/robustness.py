"""Settings of the measurements of fine-tuned models under noise."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from charbert.config.checks import check_name, check_range
from charbert.config.data.noise import AttackSettings


@dataclass
class RobustnessSettings:
    """Families of noise that fine-tuned models are scored on, beside the paper's attack."""

    families: dict[str, AttackSettings] = field(default_factory=dict)
    """Attacks on the test set, by the name that the set has in records and tables; ``conf/robustness.yaml`` fills it
    from ``conf/attack``. Another one: ``+attack@robustness.families.NAME=charbert``; without one:
    ``~robustness.families.NAME``."""
    max_examples: int = 0
    """Number of test examples scored, drawn from ``attack.seed``, the same for all models and sets; 0: all."""

    def __post_init__(self) -> None:
        check_range("robustness", self, "[0, inf)", "max_examples")
        for name in self.families:
            check_name("a family of noise (robustness.families)", name)
        self.families = {name: replace(attack, name=name) for name, attack in self.families.items()}
