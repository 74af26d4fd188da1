"""Table 2: scores on clean and attacked test sets.

python experiments/table2_robustness.py recipe=quick
python experiments/table2_robustness.py recipe=quick model=bert,charbert task=ner seed=1,2,3
python experiments/table2_robustness.py recipe=smoke hydra.mode=RUN task=ner model=charbert
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.tables import paper
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="table2_robustness")
@reported
def main(cfg: DictConfig) -> float:
    """Do one run and redraw the table; return the attacked score, which a sweeper maximizes."""
    settings = load_settings(cfg)
    record = paper.run(settings)
    return record.metrics[f"attack/{settings.task.name}/{settings.attack.name}/{settings.task.metric}"]


if __name__ == "__main__":
    main()
