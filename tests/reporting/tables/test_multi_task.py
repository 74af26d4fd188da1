"""The table of several tasks on one encoder: which runs are one row."""

from typing import Any

from charbert.records import ResultRecord
from charbert.reporting.tables.multi_task import multi_task_table


def record(**chosen: Any) -> ResultRecord:
    named = {"trunk": "tiny-bert", "data": "newswire", "task": "ner", "model": "BERT"}
    settings: dict[str, Any] = {section: {"name": name} for section, name in named.items()}
    return ResultRecord(
        kind="shared_task",
        experiment="multi_task",
        name="ner",
        key=str(chosen),
        settings=settings | {"recipe": "quick", "multi_task": chosen},
        seed=1,
        metrics={"eval/ner/f1": 0.5, "attack/ner/charbert/f1": 0.25},
    )


def test_each_way_to_share_an_encoder_is_a_row_of_its_own() -> None:
    ways = [{"temperature": 2.0}, {"temperature": 5.0}, {"temperature": 2.0, "own_lengths": False}]
    runs = [record(sampling="temperature", **way) for way in ways] + [record(sampling="uniform", temperature=2.0)]
    rows = [row.label for row in multi_task_table([], runs, {"ner": "f1"}, "charbert").rows]
    together = ("temperature 2", "temperature 2, one length", "temperature 5", "uniform")
    assert rows == [f"BERT together, {how}" for how in together]
