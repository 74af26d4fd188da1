"""Two processes that talk to each other over gloo, against one process alone."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from charbert.errors import SettingsError
from charbert.training import processes
from charbert.training.batches import Filler, SharedBatches
from charbert.training.processes import from_first, refuse_several, share_of_batch

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("shared_run.py")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
EXAMPLES = 21
"""In an epoch of the script."""
Launch = Callable[..., list[dict[str, Any]]]


class Reports(NamedTuple):
    """What a scenario left: alone, and in each of two processes."""

    alone: dict[str, Any]
    together: list[dict[str, Any]]


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """Run a scenario in some processes and return their reports, if it came to its end."""
    folder = tmp_path_factory.mktemp("shared")

    def run(scenario: str, count: int, *more: str, ends: bool = True) -> list[dict[str, Any]]:
        command = [sys.executable, *(TORCHRUN if count > 1 else ()), str(SCRIPT), str(folder), scenario, *more]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert (done.returncode == 0) == ends, done.stdout[-2000:] + done.stderr[-3000:]
        paths = [folder / f"{scenario}-{count}-{index}.json" for index in range(count)]
        return [json.loads(path.read_text()) for path in paths] if ends else []

    return run


@pytest.fixture(scope="module")
def reports(launch: Launch) -> Callable[[str], Reports]:
    """The reports of a scenario; each runs once."""
    known: dict[str, Reports] = {}

    def find(scenario: str) -> Reports:
        if scenario not in known:
            known[scenario] = Reports(launch(scenario, 1)[0], launch(scenario, 2))
        return known[scenario]

    return find


def lines(report: dict[str, Any], *names: str) -> list[dict[str, float]]:
    """Return the log without times."""
    return [{name: line[name] for name in names if name in line} for line in report["log"]]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["pretraining", "tagging"])
def test_two_processes_have_the_losses_of_one_on_the_same_batches(
    scenario: str, reports: Callable[[str], Reports]
) -> None:
    alone, together = reports(scenario)
    names = ["loss", "grad_norm", "mlm_loss", "nlm_loss", "mlm_accuracy", "nlm_accuracy", "eval_mlm_loss", "eval_share"]
    if scenario == "pretraining":
        names.append("eval_loss")  # where predictions are gathered, the last rows of the set count twice in it
    wanted = lines(alone, *names)
    assert sum("loss" in line for line in wanted) >= 6
    assert lines(together[0], *names) == [pytest.approx(line, abs=1e-4) for line in wanted]
    assert together[0]["weights"] == pytest.approx(alone["weights"], abs=1e-3)
    assert together[1]["weights"] == pytest.approx(together[0]["weights"], abs=1e-9)
    assert [report["tokens"] for report in together] == [alone["tokens"]] * 2


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["pretraining", "tagging"])
def test_each_example_is_seen_once_in_each_epoch(scenario: str, reports: Callable[[str], Reports]) -> None:
    for processes_seen in ([reports(scenario).alone], reports(scenario).together):
        steps = max(step for report in processes_seen for step, _, _ in report["seen"]) + 1
        for epoch in range(2):
            counts = Counter(
                example
                for report in processes_seen
                for step, examples, _ in report["seen"]
                if step * 2 // steps == epoch
                for example in examples
            )
            assert counts == dict.fromkeys(range(EXAMPLES), 1)


def texts_by_example(report: dict[str, Any], epoch: int) -> dict[int, list[int]]:
    """Return what the model read of each example in an epoch of six steps, without padding."""
    return {
        example: [piece for piece in row if piece]
        for step, examples, rows in report["seen"]
        if step // 6 == epoch
        for example, row in zip(examples, rows, strict=False)
    }


@pytest.mark.slow
def test_noise_and_masks_are_fresh_in_each_epoch_whatever_the_number_of_processes_and_workers(
    reports: Callable[[str], Reports],
) -> None:
    alone, together = reports("pretraining")
    with_workers = reports("workers")
    for epoch in range(2):
        wanted = texts_by_example(alone, epoch)
        assert len(wanted) == EXAMPLES
        for pair in (together, with_workers.together):
            assert texts_by_example(pair[0], epoch) | texts_by_example(pair[1], epoch) == wanted
        assert texts_by_example(with_workers.alone, epoch) == wanted
    assert texts_by_example(alone, 0) != texts_by_example(alone, 1)


@pytest.mark.slow
def test_predictions_are_gathered_in_the_order_of_the_examples(reports: Callable[[str], Reports]) -> None:
    alone, together = reports("tagging")
    assert len(alone["logits"]) == 7
    for report in together:
        for row, wanted in zip(report["logits"], alone["logits"], strict=True):
            assert row == [pytest.approx(position, abs=1e-4) for position in wanted]


@pytest.mark.slow
def test_weights_without_gradient_are_looked_for_only_where_there_are_some(reports: Callable[[str], Reports]) -> None:
    assert reports("pretraining").together[0]["looks_for_unused"] is False
    assert reports("tagging").together[0]["looks_for_unused"] is True  # of the char channel's end nobody reads


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["pretraining", "tagging"])
def test_every_process_keeps_the_best_checkpoint(scenario: str, reports: Callable[[str], Reports]) -> None:
    best = [report["best"] for report in reports(scenario).together]
    assert best == [reports(scenario).alone["best"]] * 2


@pytest.mark.slow
def test_an_interrupted_run_of_two_goes_on_as_if_nothing_had_been(
    launch: Launch, reports: Callable[[str], Reports]
) -> None:
    whole = reports("pretraining").together
    launch("interrupted", 2, "8", ends=False)  # in the second epoch
    resumed = launch("interrupted", 2)
    assert [step for step, _, _ in resumed[0]["seen"]] == [8, 9, 10, 11]
    for before, after in zip(whole, resumed, strict=True):
        assert after["seen"] == before["seen"][8:]
        assert lines(after, "loss", "eval_loss") == lines(before, "loss", "eval_loss")
        assert after["weights"] == before["weights"]


def test_several_processes_share_every_batch_of_the_one() -> None:
    alone = SharedBatches(range(23), 6, 5)
    for count in (2, 3, 6):
        shares = [SharedBatches(range(23), 6, 5, index=index, count=count) for index in range(count)]
        for epoch in (0, 1):
            for each in (alone, *shares):
                each.set_epoch(epoch)
            for whole, *parts in zip(alone, *shares, strict=True):
                assert [index for part in parts for index in part if not isinstance(index, Filler)] == whole
    assert (len(alone), len(shares[0])) == (4, 4)


def test_the_order_of_an_epoch_is_its_own_and_that_of_similar_lengths_too() -> None:
    for options in ({}, {"lengths": [n * 7 % 11 for n in range(30)]}):
        batches = SharedBatches(range(30), 5, 5, **options)
        first = list(batches)
        assert list(batches) == first
        assert sorted(index for batch in first for index in batch) == list(range(30))
        batches.set_epoch(1)
        assert list(batches) != first


def test_one_process_decides_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert from_first(lambda: "seen") == "seen"
    assert share_of_batch(5, "training.batch_size") == 5
    refuse_several("a search")
    monkeypatch.setattr(processes, "process_count", lambda: 4)
    with pytest.raises(SettingsError, match=r"training\.batch_size .* a multiple of their number, 4, got 6"):
        share_of_batch(6, "training.batch_size")
    with pytest.raises(SettingsError, match="a search runs in one process, but 4 were started"):
        refuse_several("a search")
