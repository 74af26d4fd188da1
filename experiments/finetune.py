"""One model fine-tuned on one task: clean and attacked scores, and the folder of the model.

python experiments/finetune.py recipe=quick task=qnli model=charbert
python experiments/finetune.py task=ner data.own.train=train.txt data.own.dev=dev.txt data.own.test=test.txt
"""

import hydra
from omegaconf import DictConfig

from charbert.config.load import load_settings
from charbert.runs.errors import reported


@hydra.main(version_base="1.3", config_path="../conf", config_name="finetune")
@reported
def main(cfg: DictConfig) -> float:
    """Fine-tune and score one model; return its dev score, which a sweeper maximizes."""
    settings = load_settings(cfg)
    from charbert.pipelines.train import finetune

    record = finetune.run_and_report(settings)
    return record.metrics.get(f"dev/{settings.task.name}/{settings.task.metric}", 0.0)


if __name__ == "__main__":
    main()
