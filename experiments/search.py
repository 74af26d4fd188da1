"""Search for the fine-tuning settings with the best dev score: grid, random or Bayesian.

python experiments/search.py recipe=quick task=ner model=charbert search.trials=20
python experiments/search.py recipe=quick task=ner model=bert search/space=devlin search.method=grid search.processes=2
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="search")
@reported
def main(cfg: DictConfig) -> float:
    """Run the trials that are missing; return the best dev score."""
    settings = load_settings(cfg)
    from charbert.pipelines.build.composition import Composition
    from charbert.pipelines.search import search

    record = search.run(Composition.current())
    return record.metrics[f"dev/{settings.task.name}/{settings.task.metric}"]


if __name__ == "__main__":
    main()
