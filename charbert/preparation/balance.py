"""Classes of different sizes: examples repeated or left out, or labels weighted in the loss."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charbert.config.data.preparation import BalanceSettings, ClassWeights, Sampling
from charbert.errors import SettingsError
from charbert.preparation.adapter import ExampleAdapter
from charbert.preparation.steps import Outcome, Row, Step
from charbert.seeding import numpy_generator


@dataclass(frozen=True)
class Balance(Step):
    """Repeat examples of rarer classes, or leave out some of more frequent ones."""

    name = "balance"
    training_only = True

    settings: BalanceSettings
    seed: int

    def apply(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> Outcome:
        """Balance the classes.

        Raises:
            SettingsError: if all examples are of one class.
        """
        members: dict[str, list[int]] = defaultdict(list)
        for number, name in enumerate(adapter.classes([row.example for row in rows])):
            members[name].append(number)
        if len(members) < 2:
            raise SettingsError(f"the step balance needs two classes or more, got {', '.join(members) or 'none'}")
        sizes, over = [len(own) for own in members.values()], self.settings.sampling is Sampling.over
        target = round(self.settings.ratio * max(sizes)) if over else round(min(sizes) / self.settings.ratio)
        outcome = self._over(rows, adapter, members, target) if over else self._under(rows, adapter, members, target)
        limit = max if over else min
        outcome.notes = {name: [len(own), limit(len(own), target)] for name, own in sorted(members.items())}
        return outcome

    def _over(
        self, rows: Sequence[Row], adapter: ExampleAdapter[Any], members: Mapping[str, list[int]], target: int
    ) -> Outcome:
        """Repeat each class, in a new order each time, until it is large enough."""
        fresh = adapter.fresh_names([row.example for row in rows])
        outcome = Outcome(list(rows))
        for name, own in sorted(members.items()):
            generator = numpy_generator(self.seed, "balance", name)
            missing = target - len(own)
            while missing > 0:
                for place in generator.permutation(len(own))[:missing]:
                    row = rows[own[place]]
                    outcome.rows.append(Row(fresh(row.example, "b"), row.index, row.place, self.name))
                missing -= len(own)
        return outcome

    def _under(
        self, rows: Sequence[Row], adapter: ExampleAdapter[Any], members: Mapping[str, list[int]], target: int
    ) -> Outcome:
        kept: set[int] = set()
        for name, own in members.items():
            order = numpy_generator(self.seed, "balance", name).permutation(len(own))
            kept |= {own[place] for place in order[:target]}
        dropped = [self.drop(row, adapter, "class is too large") for at, row in enumerate(rows) if at not in kept]
        return Outcome([row for at, row in enumerate(rows) if at in kept], dropped)


def class_weights(labels: Sequence[str], names: Sequence[str], how: ClassWeights) -> list[float] | None:
    """Return the weight of each label in the loss, in the order of ``names``; None: all the same.

    ``balanced`` gives a label N / (K n): N labels in all, K names, n of this one; ``root`` the square root of it. A
    label that does not occur has the weight 1.

    Raises:
        SettingsError: if the task has no labels.
    """
    if how is ClassWeights.none:
        return None
    if not names:
        raise SettingsError("preparation.class_weights needs a task with labels; answers in a context are none")
    counts = Counter(labels)
    power = 1.0 if how is ClassWeights.balanced else 0.5
    return [(len(labels) / (len(names) * counts[name])) ** power if counts[name] else 1.0 for name in names]
