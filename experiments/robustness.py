"""Fine-tuned models on families of noise: two edits a word, first letters, keys, upper case, typos that people made.

python experiments/robustness.py recipe=quick
python experiments/robustness.py recipe=minilm paths.data=FOLDER task=ner model=bert,charbert_pretrained seed=1,2,3
"""

from functools import partial

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses.robustness import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="robustness")
@partial(reported, check=catalog.ROBUSTNESS.check)
def main(cfg: DictConfig) -> None:
    """Score one model on all sets, and draw the table of all models."""
    catalog.ROBUSTNESS.run(load_settings(cfg))


if __name__ == "__main__":
    main()
