"""An ensemble of finished runs of a task, as one more row of the tables.

python experiments/ensemble.py recipe=quick task=qnli model=charbert
python experiments/ensemble.py recipe=quick task=qnli ensemble.models=[BERT,CharBERT] ensemble.rule=majority
python experiments/ensemble.py recipe=quick task=qnli model=bert ensemble.bags=5
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="ensemble")
@reported
def main(cfg: DictConfig) -> float:
    """Score one ensemble and redraw the tables; return the attacked score, which a sweeper maximizes."""
    settings = load_settings(cfg)
    from charbert.pipelines.analyses import ensembles

    record = ensembles.run(settings)
    return record.metrics[f"attack/{settings.task.name}/{settings.attack.name}/{settings.task.metric}"]


if __name__ == "__main__":
    main()
