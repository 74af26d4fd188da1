"""Perplexity of pretrained encoders and of n-grams on held-out text, clean and attacked.

python experiments/perplexity.py recipe=quick model=charbert
python experiments/perplexity.py -m recipe=minilm paths.data=FOLDER model=adv_bert,charbert perplexity.words=5000
"""

from functools import partial

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="perplexity")
@partial(reported, check=catalog.PERPLEXITY.check)
def main(cfg: DictConfig) -> float:
    """Score one encoder and redraw the table; return its pseudo-perplexity per attacked word."""
    (record,) = catalog.PERPLEXITY.run(load_settings(cfg))
    return record.metrics["mlm/attacked/all/word_perplexity"]


if __name__ == "__main__":
    main()
