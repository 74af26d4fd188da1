"""Sec. 1: nouns that a tokenizer splits, and what deleting one character does to their subwords.

python experiments/intro_fragility.py recipe=quick
python experiments/intro_fragility.py recipe=minilm analysis.fragility.vocabulary=vocab/bert-base-cased-vocab.txt
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="intro_fragility")
@reported
def main(cfg: DictConfig) -> float:
    """Count one tokenizer's nouns and redraw the table; return the share left without any of their subwords."""
    (record,) = catalog.FRAGILITY.run(load_settings(cfg))
    return record.metrics["share/new_subwords"]


if __name__ == "__main__":
    main()
