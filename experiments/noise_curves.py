"""Scores of fine-tuned models against the share of words attacked and against the edits in each word.

python experiments/noise_curves.py recipe=quick
python experiments/noise_curves.py recipe=minilm paths.data=FOLDER model=bert,charbert attack@curves.attack=ocr
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses.robustness import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="noise_curves")
@reported
def main(cfg: DictConfig) -> None:
    """Score one model at all strengths, and draw the table and the curves of all models."""
    catalog.NOISE_CURVES.run(load_settings(cfg))


if __name__ == "__main__":
    main()
