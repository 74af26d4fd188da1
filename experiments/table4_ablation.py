"""Table 4: CharBERT without its GRU, its interaction or its NLM, and the baselines.

python experiments/table4_ablation.py recipe=quick
python experiments/table4_ablation.py recipe=smoke hydra.mode=RUN task=qnli model=charbert_no_gru
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.tables import paper
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="table4_ablation")
@reported
def main(cfg: DictConfig) -> float:
    """Do one run and redraw the table; return its score, which a sweeper maximizes."""
    settings = load_settings(cfg)
    record = paper.run(settings)
    return record.metrics[f"eval/{settings.task.name}/{settings.task.metric}"]


if __name__ == "__main__":
    main()
