"""Fine-tuned models on noise outside the paper's attack: two edits a word, first letters, OCR, typos that people made.

python experiments/other_noise.py recipe=quick
python experiments/other_noise.py recipe=minilm paths.data=FOLDER task=ner model=bert,charbert_pretrained seed=1,2,3
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="other_noise")
@reported
def main(cfg: DictConfig) -> None:
    """Score one model on all sets, and draw the table of all models."""
    catalog.OTHER_NOISE.run(load_settings(cfg))


if __name__ == "__main__":
    main()
