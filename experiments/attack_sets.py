"""Sec. 4.5: the attacked copy of a test set as files, with a list of all edits.

python experiments/attack_sets.py recipe=quick
python experiments/attack_sets.py recipe=minilm paths.data=FOLDER task=ner,pos attack.seed=1,2
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="attack_sets")
@reported
def main(cfg: DictConfig) -> None:
    """Write the attacked copy of one task's test set."""
    settings = load_settings(cfg)
    from charbert.pipelines.products import attack_sets

    attack_sets.run(settings)


if __name__ == "__main__":
    main()
