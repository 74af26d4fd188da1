"""The leaderboard: all models of a recipe and their scores under every kind of noise, as JSON and as a page.

python experiments/leaderboard.py recipe=minilm
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="leaderboard")
@reported
def main(cfg: DictConfig) -> None:
    """Draw the leaderboard of all records of scores under noise; runs nothing."""
    settings = load_settings(cfg)
    from charbert.pipelines.analyses.robustness import leaderboard

    leaderboard.run(settings)


if __name__ == "__main__":
    main()
