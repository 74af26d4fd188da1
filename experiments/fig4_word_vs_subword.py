"""Fig. 4: entity F1 of words that are split into several subwords, and of whole words.

python experiments/fig4_word_vs_subword.py recipe=quick
python experiments/fig4_word_vs_subword.py recipe=smoke hydra.mode=RUN model=charbert
"""

from functools import partial

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="fig4_word_vs_subword")
@partial(reported, check=catalog.WORD_VS_SUBWORD.check)
def main(cfg: DictConfig) -> float:
    """Score one model and redraw the figure; return F1 on split words, which a sweeper maximizes."""
    settings = load_settings(cfg)
    (record,) = catalog.WORD_VS_SUBWORD.run(settings)
    return record.metrics.get(f"eval/{settings.task.name}/split/f1", 0.0)


if __name__ == "__main__":
    main()
