"""``charbert correct``: its arguments, and what it runs."""

import argparse
from collections.abc import Callable
from pathlib import Path

from charbert.config.analysis import CorrectionSettings

DESCRIPTION = """\
Correct the typos in lines of text. Only words change; spaces, punctuation and line ends stay. Each line is read by
itself.

MODEL is what corrects:
  repair        a dictionary of counted words; each line's share of typos is estimated from its own words, and the
                words beside a form help to choose
  dictionary    the same words, without estimate: every word that it does not hold is corrected
  a folder      of a model fine-tuned behind a corrector (as model=bert_repair), of a word recognizer, or of a
                pretrained CharBERT with its NLM head"""

EXAMPLES = """\
examples:
  charbert correct repair --counts wikipedia.txt letters.txt > corrected.txt
  echo 'The lihgthouse keeper' | charbert correct repair --counts counts.tsv --jsonl
  charbert correct models/charbert-minilm-ner letters.txt --output corrected.txt"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command, but for MODEL and the number of threads."""
    parser.add_argument("files", metavar="FILES", nargs="*", help="text, a line each; none or -: standard input")
    parser.add_argument(
        "--counts",
        metavar="FILE",
        type=Path,
        help="words of the dictionary: lines with a word, a tab and its count, a JSON object (.json), or a text to "
        "count, which may be compressed (.xz)",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="P",
        help="of an NLM head: replace a word where another one has more than this share of the "
        f"probability of all words near it, in [0, 1) (default: {CorrectionSettings.threshold})",
    )
    parser.add_argument("--jsonl", action="store_true", help="an object per line: text and changes with positions")
    parser.add_argument("--output", metavar="FILE", type=Path, help="file to write when done, instead of stdout")
    parser.add_argument(
        "--batch-size", type=int, default=32, metavar="N", help="lines per batch of a model (default: %(default)s)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")


def run(chosen: argparse.Namespace, configure: Callable[[int | None], None]) -> int:
    """Correct the files; ``configure`` prepares the libraries of a model for a number of threads."""
    from charbert.deploy.correct.files import correct_files
    from charbert.deploy.correct.sources import is_dictionary, load_any_corrector

    if not is_dictionary(chosen.model, chosen.counts):
        configure(chosen.threads)
    corrector = load_any_corrector(
        chosen.model, counts=chosen.counts, threshold=chosen.threshold, batch_size=chosen.batch_size
    )
    correct_files(corrector, chosen.files, output=chosen.output, jsonl=chosen.jsonl, progress=not chosen.quiet)
    return 0
