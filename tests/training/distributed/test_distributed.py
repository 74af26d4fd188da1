"""Two processes that talk to each other over gloo, against one process alone."""

import json
import socket
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from charbert.errors import SettingsError
from charbert.training.distributed import processes
from charbert.training.distributed.batches import Filler, SharedBatches
from charbert.training.distributed.processes import from_first, refuse_several, share_of_batch
from tests.new_process import NewProcess

SCRIPT = Path(__file__).with_name("shared_run.py")
EXAMPLES = 21
"""In an epoch of the script."""
SCENARIOS = ("pretraining", "taught", "tagging", "workers")
APART = ("interrupted", "sharded", "sharded_interrupted")
"""Of two processes alone."""


class Reports(NamedTuple):
    """What a scenario left: alone, and in each of two processes."""

    alone: dict[str, Any]
    together: list[dict[str, Any]]


def start(folder: Path, count: int, index: int, port: int, *scenarios: str) -> NewProcess:
    """Start one of several processes as torchrun does."""
    place = {"RANK": index, "LOCAL_RANK": index, "WORLD_SIZE": count, "MASTER_ADDR": "localhost", "MASTER_PORT": port}
    environment = {name: str(value) for name, value in place.items()} if count > 1 else {}
    return NewProcess([str(SCRIPT), str(folder), *scenarios], folder / f"log-{count}-{index}", **environment)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reports]:
    """The reports of all scenarios, which run once."""
    folder = tmp_path_factory.mktemp("shared")
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    running = [start(folder, 1, 0, port, *SCENARIOS)]
    running += [start(folder, 2, index, port, *SCENARIOS, *APART) for index in range(2)]
    try:
        for process in running:
            assert process.wait(timeout=240) == 0, [path.read_text()[-3000:] for path in folder.glob("log-*")]
    finally:
        for process in running:
            process.kill_group()

    def read(scenario: str, count: int) -> list[dict[str, Any]]:
        paths = [folder / f"{scenario}-{count}-{index}.json" for index in range(count)]
        return [json.loads(path.read_text()) for path in paths if path.is_file()]

    return {name: Reports((read(name, 1) or [{}])[0], read(name, 2)) for name in (*SCENARIOS, *APART)}


def lines(report: dict[str, Any], *names: str) -> list[dict[str, float]]:
    """Return the log without times."""
    return [{name: line[name] for name in names if name in line} for line in report["log"]]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["pretraining", "taught", "tagging"])
def test_two_processes_have_the_losses_of_one_on_the_same_batches(scenario: str, reports: dict[str, Reports]) -> None:
    alone, together = reports[scenario]
    names = ["loss", "grad_norm", "mlm_loss", "nlm_loss", "mlm_accuracy", "nlm_accuracy", "eval_mlm_loss", "eval_share"]
    if scenario == "taught":
        names.append("trunk_distance_loss")
        assert "trunk_distance_loss" in alone["log"][0]
    if scenario != "tagging":
        names.append("eval_loss")  # where predictions are gathered, the last rows of the set count twice in it
    wanted = lines(alone, *names)
    assert sum("loss" in line for line in wanted) >= 6
    assert lines(together[0], *names) == [pytest.approx(line, abs=1e-4) for line in wanted]
    assert together[0]["weights"] == pytest.approx(alone["weights"], abs=1e-3)
    assert together[1]["weights"] == pytest.approx(together[0]["weights"], abs=1e-9)
    assert [report["tokens"] for report in together] == [alone["tokens"]] * 2


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["pretraining", "tagging"])
def test_each_example_is_seen_once_in_each_epoch(scenario: str, reports: dict[str, Reports]) -> None:
    for processes_seen in ([reports[scenario].alone], reports[scenario].together):
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
    reports: dict[str, Reports],
) -> None:
    alone, together = reports["pretraining"]
    with_workers = reports["workers"]
    for epoch in range(2):
        wanted = texts_by_example(alone, epoch)
        assert len(wanted) == EXAMPLES
        for pair in (together, with_workers.together):
            assert texts_by_example(pair[0], epoch) | texts_by_example(pair[1], epoch) == wanted
        assert texts_by_example(with_workers.alone, epoch) == wanted
    assert texts_by_example(alone, 0) != texts_by_example(alone, 1)


@pytest.mark.slow
def test_predictions_are_gathered_in_the_order_of_the_examples(reports: dict[str, Reports]) -> None:
    alone, together = reports["tagging"]
    assert len(alone["logits"]) == 7
    for report in together:
        for row, wanted in zip(report["logits"], alone["logits"], strict=True):
            assert row == [pytest.approx(position, abs=1e-4) for position in wanted]


@pytest.mark.slow
def test_weights_without_gradient_are_looked_for_only_where_there_are_some(reports: dict[str, Reports]) -> None:
    assert reports["pretraining"].together[0]["looks_for_unused"] is False
    assert reports["tagging"].together[0]["looks_for_unused"] is True  # of the char channel's end nobody reads


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["pretraining", "tagging"])
def test_every_process_keeps_the_best_checkpoint(scenario: str, reports: dict[str, Reports]) -> None:
    best = [report["best"] for report in reports[scenario].together]
    assert best == [reports[scenario].alone["best"]] * 2


@pytest.mark.slow
def test_shards_have_the_losses_of_whole_models_and_come_together_at_the_end(reports: dict[str, Reports]) -> None:
    alone, sharded = reports["pretraining"].alone, reports["sharded"].together
    names = ["loss", "mlm_loss", "nlm_loss", "eval_loss"]
    assert lines(sharded[0], *names) == [pytest.approx(line, abs=1e-4) for line in lines(alone, *names)]
    for report in sharded:
        assert report["weights"] == pytest.approx(alone["weights"], abs=1e-3)
        assert report["share"] < 0.6  # of the weights in each process while it trained


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["", "sharded_"])
def test_an_interrupted_run_of_two_goes_on_as_if_nothing_had_been(kind: str, reports: dict[str, Reports]) -> None:
    before = reports[kind.removesuffix("_") or "pretraining"].together
    for whole, resumed in zip(before, reports[f"{kind}interrupted"].together, strict=True):
        assert [step for step, _, _ in resumed["seen"]] == [8, 9, 10, 11]
        assert resumed["seen"] == whole["seen"][8:]  # the noise and masks of the second epoch too
        assert lines(resumed, "loss", "eval_loss") == lines(whole, "loss", "eval_loss")
        assert resumed["weights"] == whole["weights"]


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
