"""Strategies of fine-tuning compared: trained weights, time, clean and attacked score.

python experiments/adaptation.py recipe=quick
python experiments/adaptation.py recipe=quick hydra.mode=RUN strategy=layer_decay strategy.reinit_layers=1
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.tables import adaptation
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="adaptation")
@reported
def main(cfg: DictConfig) -> float:
    """Do one run and redraw the table; return the attacked score, which a sweeper maximizes."""
    settings = load_settings(cfg)
    record = adaptation.run(settings)
    return record.metrics[f"attack/{settings.task.name}/{settings.attack.name}/{settings.task.metric}"]


if __name__ == "__main__":
    main()
