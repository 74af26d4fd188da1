"""Fig. 5: how far misspelled words move the states of BERT, AdvBERT and CharBERT.

python experiments/fig5_sensitivity.py recipe=quick
python experiments/fig5_sensitivity.py recipe=smoke hydra.mode=RUN analysis.sensitivity.stage=pretrained
"""

from functools import partial

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="fig5_sensitivity")
@partial(reported, check=catalog.SENSITIVITY.check)
def main(cfg: DictConfig) -> float:
    """Measure one model and redraw the figure; return its sensitivity, in [0, 1]."""
    settings = load_settings(cfg)
    (record,) = catalog.SENSITIVITY.run(settings)
    return record.metrics[f"sensitivity/{settings.task.name}/concat/all_words"]


if __name__ == "__main__":
    main()
