"""One prediction explained: attributions to subwords and characters, and attention, as a page and as pictures.

python experiments/explain.py recipe=quick model=charbert explain.text='Ada Lind left Rotterdam on Tuesday .'
python experiments/explain.py recipe=smoke task=qnli model=bert explain.example=3 explain.attacked=false
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="explain")
@reported
def main(cfg: DictConfig) -> None:
    """Write the explanation of one prediction."""
    settings = load_settings(cfg)
    from charbert.pipelines.analyses import explain

    explain.run(settings)


if __name__ == "__main__":
    main()
