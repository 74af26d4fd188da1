"""Size, speed, clean and attacked score of a fine-tuned model in smaller forms.

python experiments/compress.py recipe=quick
python experiments/compress.py recipe=smoke hydra.mode=RUN model=charbert 'compression.variants=[original,onnx_int8]'
"""

from functools import partial

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="compress")
@partial(reported, check=catalog.COMPRESSION.check)
def main(cfg: DictConfig) -> None:
    """Make and measure one model's forms, and draw the table of all."""
    catalog.COMPRESSION.run(load_settings(cfg))


if __name__ == "__main__":
    main()
