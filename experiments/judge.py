"""All finished models of a task compared: averages, areas under curves, calibration; no model is run.

python experiments/judge.py recipe=quick task=qnli
python experiments/judge.py recipe=quick task=ner calibration.bins=10 calibration.temperature=false
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="judge")
@reported
def main(cfg: DictConfig) -> None:
    """Score all finished runs again and draw table and reliability plots."""
    settings = load_settings(cfg)
    from charbert.pipelines.tables import calibration

    calibration.run(settings)


if __name__ == "__main__":
    main()
