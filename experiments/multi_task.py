"""Several tasks on one encoder, each scored clean and attacked, compared with the same models trained on one task.

python experiments/multi_task.py recipe=quick
python experiments/multi_task.py recipe=quick multi_task=three_heads multi_task.sampling=temperature
python experiments/multi_task.py recipe=smoke hydra.mode=RUN model=charbert multi_task=sequence_labeling
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.tables import multi_task
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="multi_task")
@reported
def main(cfg: DictConfig) -> float:
    """Train on all tasks and return their mean dev score, which a sweeper maximizes."""
    return multi_task.run(load_settings(cfg)).metrics["dev/mean"]


if __name__ == "__main__":
    main()
