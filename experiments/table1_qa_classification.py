"""Table 1: question answering (SQuAD 1.1 and 2.0) and classification (CoLA, MRPC, QQP, QNLI).

python experiments/table1_qa_classification.py recipe=quick
python experiments/table1_qa_classification.py recipe=paper hydra.mode=RUN task=squad2 trunk=roberta_base seed=2
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.tables import paper
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="table1_qa_classification")
@reported
def main(cfg: DictConfig) -> float:
    """Do one run and redraw the table; return its score, which a sweeper maximizes."""
    settings = load_settings(cfg)
    record = paper.run(settings)
    return record.metrics[f"eval/{settings.task.name}/{settings.task.metric}"]


if __name__ == "__main__":
    main()
