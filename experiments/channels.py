"""What each channel contributes: scores with the subwords or the characters of the attacked words hidden.

python experiments/channels.py recipe=quick
python experiments/channels.py recipe=smoke hydra.mode=RUN model=charbert task=pos
"""

from functools import partial

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="channels")
@partial(reported, check=catalog.CHANNELS.check)
def main(cfg: DictConfig) -> float:
    """Measure one model and redraw the table; return its score under attack, in [0, 1]."""
    settings = load_settings(cfg)
    (record,) = catalog.CHANNELS.run(settings)
    return record.metrics[f"channels/{settings.task.name}/attacked/all"]


if __name__ == "__main__":
    main()
