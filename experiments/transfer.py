"""Noise that models were trained on, in pretraining or in fine-tuning, against the noise that they are tested on.

python experiments/transfer.py recipe=quick
python experiments/transfer.py recipe=minilm paths.data=FOLDER model=bert,adv_bert robust_training=none,adversarial
"""

from functools import partial

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses.robustness import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="transfer")
@partial(reported, check=catalog.TRANSFER.check)
def main(cfg: DictConfig) -> None:
    """Score one model on all sets, as robustness.py does, and draw the matrix of all models."""
    catalog.TRANSFER.run(load_settings(cfg))


if __name__ == "__main__":
    main()
