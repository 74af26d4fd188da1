"""Fig. 6: a BiLSTM tagger on frozen states of BERT and of CharBERT's channels.

python experiments/fig6_embedding_sources.py recipe=quick
python experiments/fig6_embedding_sources.py recipe=smoke hydra.mode=RUN model=charbert
"""

from functools import partial

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.pipelines.analyses import catalog
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="fig6_embedding_sources")
@partial(reported, check=catalog.EMBEDDING_SOURCES.check)
def main(cfg: DictConfig) -> float:
    """Train the taggers of one model and redraw the figure; return the best F1, which a sweeper maximizes."""
    settings = load_settings(cfg)
    records = catalog.EMBEDDING_SOURCES.run(settings)
    return max(record.metrics[f"eval/{settings.task.name}/f1"] for record in records)


if __name__ == "__main__":
    main()
