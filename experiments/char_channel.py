"""How well the char channel tells subwords apart, before and after pretraining.

python experiments/char_channel.py recipe=quick
python experiments/char_channel.py recipe=minilm paths.data=FOLDER model=charbert,charbert_char_start
"""

from functools import partial

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="char_channel")
@partial(reported, check=catalog.CHAR_CHANNEL.check)
def main(cfg: DictConfig) -> float:
    """Measure one encoder and redraw the table; return the deviation between subwords at initialization."""
    (record,) = catalog.CHAR_CHANNEL.run(load_settings(cfg))
    return record.metrics["char_channel/start/char_deviation"]


if __name__ == "__main__":
    main()
