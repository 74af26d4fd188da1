"""Redraw every table and figure from the records of a recipe; runs nothing and imports no torch.

python experiments/tables.py recipe=quick
python experiments/tables.py recipe=minilm
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="tables")
@reported
def main(cfg: DictConfig) -> None:
    """Redraw all tables and figures that have records."""
    settings = load_settings(cfg)
    from charbert.pipelines import redraw

    redraw.run(settings)


if __name__ == "__main__":
    main()
