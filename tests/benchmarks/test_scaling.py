import pytest

from charbert.benchmarks.scaling import causes, fit_cost, measure_scaling, varied_shapes
from charbert.benchmarks.steps import PAPER, TRUNK, training_flops
from charbert.config.bench import BenchSettings, ShapeSettings

SHAPE = ShapeSettings(hidden_size=32, layers=4, heads=2, batch_size=2, length=32)
BENCH = BenchSettings(repetitions=1, subwords=50, words=40, base=SHAPE)


def test_costs_that_made_the_times_are_found_again() -> None:
    measured = [[1e12, 1e8, 500.0], [2e12, 1e8, 700.0], [1e12, 3e8, 900.0], [4e12, 2e8, 300.0], [3e12, 4e8, 100.0]]
    costs = (2e-12, 1e-9, 1e-4, 0.01)
    seconds = [sum(c * m for c, m in zip(costs, [*row, 1.0], strict=True)) for row in measured]
    model = fit_cost(measured, seconds)
    assert [model.seconds(row) for row in measured] == pytest.approx(seconds, rel=1e-9)
    assert model.seconds_per_operation == pytest.approx(2e-12)


def test_no_cost_is_negative() -> None:
    measured = [[1.0, 3.0, 1.0], [2.0, 2.0, 1.0], [3.0, 1.0, 1.0], [4.0, 0.5, 1.0]]
    model = fit_cost(measured, [1.0, 2.0, 3.5, 4.2])
    assert min(vars(model).values()) >= 0


def test_one_size_at_a_time_is_varied() -> None:
    first, *others = varied_shapes(SHAPE)
    assert first == SHAPE
    sizes = ("hidden_size", "layers", "batch_size", "length")
    assert all(sum(getattr(shape, size) != getattr(SHAPE, size) for size in sizes) == 1 for shape in others)


def test_operations_grow_with_layers_batch_and_a_second_channel() -> None:
    double = ShapeSettings(32, 8, 2, 2, 32), ShapeSettings(32, 4, 2, 4, 32)
    for shape in double:
        assert training_flops(PAPER, BENCH, shape) == 2 * training_flops(PAPER, BENCH, SHAPE)
    assert 2 < training_flops(PAPER, BENCH, SHAPE) / training_flops(TRUNK, BENCH, SHAPE) < 3


def test_every_shape_is_timed_and_predicted() -> None:
    shapes = [SHAPE, ShapeSettings(32, 1, 2, 2, 32), ShapeSettings(16, 4, 2, 2, 16)]
    scaling = measure_scaling(BENCH, shapes)
    assert [step["layers"] for step in scaling["steps"]] == [4, 1, 4]
    assert all(step["seconds"] > 0 and step["predicted_seconds"] > 0 for step in scaling["steps"])
    assert causes(BENCH, SHAPE)[1] > causes(BENCH, shapes[1])[1]
