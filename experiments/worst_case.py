"""The one or two edits of each text that hurt a fine-tuned model most, found by search on its scores.

python experiments/worst_case.py recipe=quick
python experiments/worst_case.py recipe=minilm paths.data=FOLDER task=ner worst_case.budget=200
"""

from functools import partial

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses.robustness import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="worst_case")
@partial(reported, check=catalog.WORST_CASE.check)
def main(cfg: DictConfig) -> None:
    """Search the worst edits of one model, and draw the table of all models."""
    catalog.WORST_CASE.run(load_settings(cfg))


if __name__ == "__main__":
    main()
