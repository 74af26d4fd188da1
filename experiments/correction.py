"""Typo correction: word error rate, precision, recall, F0.5 and false alarms on attacked sets and attacked text.

python experiments/correction.py recipe=quick
python experiments/correction.py recipe=minilm_2m paths.data=FOLDER analysis.correction.text=wikipedia/test.txt \
    model=bert_dictionary,bert_repair,charbert_trunk_teacher
"""

from functools import partial

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses.robustness import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="correction")
@partial(reported, check=catalog.CORRECTION.check)
def main(cfg: DictConfig) -> None:
    """Correct all sets with what one model corrects words with, and draw the table of all models."""
    catalog.CORRECTION.run(load_settings(cfg))


if __name__ == "__main__":
    main()
