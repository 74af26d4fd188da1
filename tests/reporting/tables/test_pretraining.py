import pytest

from charbert.records import ResultRecord, start_record
from charbert.reporting.tables.pretraining import pretraining_table


def pretrained(**metrics: float) -> ResultRecord:
    settings = {"recipe": "minilm", "trunk": {"name": "minilm"}, "data": {"name": "benchmarks"}}
    record = start_record("pretrain", "pretrain", "a run", settings=settings, seed=1)
    record.training_tokens = 5_200_000
    record.finish({f"eval/{name}": score for name, score in metrics.items()})
    record.wall_seconds = 5400
    return record


def test_scores_are_in_their_units_and_missing_objectives_are_left_out() -> None:
    both = pretrained(mlm_loss=4.2, mlm_perplexity=66.7, nlm_loss=3.0, nlm_accuracy_known=0.47)
    table = pretraining_table({"CharBERT": both, "AdvBERT": pretrained(mlm_loss=4.4)})
    shown = {heading: table.cell("CharBERT", heading).mean for heading in ("hours", "MLM loss", "MLM perplexity")}
    assert shown == {"hours": 1.5, "MLM loss": 4.2, "MLM perplexity": 66.7}
    assert table.cell("CharBERT", "subwords seen, millions").mean == pytest.approx(5.2)
    assert table.cell("CharBERT", "NLM accuracy, known words").mean == pytest.approx(47.0)
    assert table.cell("AdvBERT", "NLM loss").mean is None
