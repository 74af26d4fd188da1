"""``charbert score``: its arguments, and what it runs."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

DESCRIPTION = """\
Score a model of this project, or the predictions of any other, on a test set with labels.

SOURCE is the folder of a model, which then predicts as charbert predict does, or a file of predictions: JSON lines, an
object with id and tags, label or answer each, as charbert predict writes them, or a JSON object of predictions by id.
An id is that of the example in the set; where it has none, its number from 0. Ids, labels and numbers of words are
checked against the set."""

EXAMPLES = """\
examples:
  charbert score outputs/quick/finetune/RUN/model --task ner --set test.conll
  charbert score answers.json --task squad1 --set dev-v1.1.json
  charbert score tags.jsonl --task ner --set eng.testb.attacked --attack keyboard --output scores.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command, but for SOURCE, the number of threads and the device."""
    parser.add_argument("--task", required=True, help="name of a task, as ner (conf/task/ner.yaml), or FILE.yaml")
    parser.add_argument(
        "--set", required=True, metavar="FILE", type=Path, dest="file", help="the test set, with labels"
    )
    parser.add_argument("--attack", metavar="NAME", default="clean", help="name of the set's noise (default: none)")
    parser.add_argument(
        "--authors-layout", action="store_true", help="the set is one that the paper's authors attacked"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="JSON file of the scores")
    parser.add_argument(
        "--batch-size", type=int, default=32, metavar="N", help="windows per batch of a model (default: %(default)s)"
    )


def run(chosen: argparse.Namespace, configure: Callable[[int | None], None]) -> int:
    """Score the model or the predictions; ``configure`` prepares the libraries of a model for a number of
    threads."""
    from charbert.deploy.predict.sources import check_output
    from charbert.deploy.score.predictions import FIELDS, read_predictions, read_task, score_predictions
    from charbert.files import write_atomically
    from charbert.provenance import file_checksum

    task = read_task(chosen.task)
    check_output(chosen.output, [chosen.source, chosen.file])
    examples = task.read(chosen.file, attacked=chosen.authors_layout)
    if chosen.source.is_dir():
        configure(chosen.threads)
        from charbert.deploy.predict.predictor import Predictor
        from charbert.deploy.score.models import predict_examples

        predictor = Predictor.load(
            chosen.source, batch_size=chosen.batch_size, device=chosen.device, threads=chosen.threads
        )
        given = predict_examples(predictor, str(chosen.source), task, examples, chosen.file)
    else:
        task.learn_labels(examples)
        given = read_predictions(chosen.source, FIELDS[task.head.name])
    metrics = score_predictions(task, examples, given, chosen.attack, source=chosen.source)
    if chosen.output is not None:
        about = {"task": task.name, "set": {"name": chosen.file.name, "sha256": file_checksum(chosen.file)}}
        content = {**about, "attack": chosen.attack, "examples": len(examples), "metrics": metrics}
        write_atomically(chosen.output, json.dumps(content, indent=1) + "\n")
    sys.stdout.write("".join(f"{name}\t{value:.4f}\n" for name, value in metrics.items()))
    return 0
