"""Table 3: named entities (CoNLL-2003) and parts of speech (WSJ).

python experiments/table3_sequence_labeling.py recipe=quick
python experiments/table3_sequence_labeling.py recipe=paper hydra.mode=RUN task=pos trunk=roberta_base
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.tables import paper
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="table3_sequence_labeling")
@reported
def main(cfg: DictConfig) -> float:
    """Do one run and redraw the table; return its score, which a sweeper maximizes."""
    settings = load_settings(cfg)
    record = paper.run(settings)
    return record.metrics[f"eval/{settings.task.name}/{settings.task.metric}"]


if __name__ == "__main__":
    main()
