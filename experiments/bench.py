"""Speed and memory of training and inference: CharBERT, its trunk, and an implementation after the released code.

python experiments/bench.py recipe=quick
python experiments/bench.py recipe=minilm paths.data=FOLDER bench.threads=1
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="bench")
@reported
def main(cfg: DictConfig) -> None:
    """Measure, and write record and table."""
    settings = load_settings(cfg)
    from charbert.pipelines.analyses import bench

    bench.run(settings)


if __name__ == "__main__":
    main()
