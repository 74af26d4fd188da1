"""Pretraining only: MLM on the token channel and NLM on the char channel.

python experiments/pretrain.py recipe=quick
python experiments/pretrain.py recipe=minilm model=adv_bert corpus.max_words=100000
"""

import logging

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.runs.errors import reported

log = logging.getLogger(__name__)


@hydra.main(version_base="1.3", config_path="../conf", config_name="pretrain")
@reported
def main(cfg: DictConfig) -> None:
    """Pretrain the encoder of the settings, or log that it exists."""
    settings = load_settings(cfg)
    from charbert.pipelines.train import pretrain

    folder = pretrain.prepare_encoder(settings)
    log.info("%s: %s", settings.model.name, folder or "nothing to pretrain, model.objective=none")


if __name__ == "__main__":
    main()
