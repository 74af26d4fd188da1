"""The sets of a task cleaned, augmented, balanced or split, as files with a report.

python experiments/prepare.py recipe=quick task=ner preparation=clean
python experiments/prepare.py recipe=minilm paths.data=FOLDER task=cola preparation.split.method=stratified
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="prepare")
@reported
def main(cfg: DictConfig) -> None:
    """Write the prepared sets of one task."""
    settings = load_settings(cfg)
    from charbert.pipelines.products import prepared_data

    prepared_data.run(settings)


if __name__ == "__main__":
    main()
