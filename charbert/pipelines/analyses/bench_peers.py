"""The benchmark of other ways to read misspelt text: times of each as ratios to the plain trunk."""

import logging
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from charbert.benchmarks.peers import Peer, build_peers, tagging_pass, tagging_step, texts_of
from charbert.benchmarks.timing import median_seconds
from charbert.config.schema import Settings
from charbert.config.training.trainer import Precision
from charbert.files import write_atomically
from charbert.model.tokenization import CharBertTokenizer
from charbert.pipelines.build.data import corpus_blocks, prepare_data
from charbert.pipelines.build.encoder import build_processor, load_tokenizer
from charbert.pipelines.build.noise import build_attack
from charbert.pipelines.train.pretrain import prepare_trunk
from charbert.records import ResultRecord, start_record, write_record
from charbert.reporting.tables.benchmarks import PEER_TIMES, peer_table
from charbert.runs.recorder import accelerator_name
from charbert.seeding import numpy_generator
from charbert.text.words import words_of
from charbert.training.machine.memory import keep_freed_memory
from charbert.training.machine.precision import chosen_precision

log = logging.getLogger(__name__)

MANY = 32
"""Texts of the larger batch in inference; the smaller one is a single text."""


def run(settings: Settings) -> ResultRecord:
    """Time all peers on noised text of the corpus, and write record and table below ``paths.results``/bench/peers."""
    bench, shape = settings.bench, settings.bench.small
    about: dict[str, Any] = {"settings": asdict(bench), "seed": 0, "accelerator": accelerator_name()}
    record = start_record("bench", settings.experiment, "peers", **about)
    prepare_data(settings)
    trunk = prepare_trunk(settings)
    plain, both = CharBertTokenizer(load_tokenizer(settings, trunk)), build_processor(settings, trunk)
    texts = (bench.repetitions + 1) * MANY
    counts, words = _read_corpus(settings, max(texts, shape.batch_size) * shape.length)
    rows = texts_of(words, plain, shape, max(texts, shape.batch_size))
    peers = build_peers(plain, both, counts, replace(bench, subwords=max(bench.subwords, len(plain))), shape)
    keep_freed_memory()
    precision = chosen_precision(Precision.auto)
    seconds = _times(peers, rows, precision, settings)
    record.details |= {
        "seconds": seconds,
        "precision": precision.value,
        "threads": torch.get_num_threads(),
        "attack_probability": settings.attack.probability,
        "dictionary_words": len(counts),
        "weights": {name: sum(weight.numel() for weight in peer.model.parameters()) for name, peer in peers.items()},
        "positions": {name: _positions(peer, rows[:MANY]) for name, peer in peers.items()},
    }
    ratios = {timed: {name: value / times["BERT"] for name, value in times.items()} for timed, times in seconds.items()}
    record.finish({f"bench/{timed}/{name}": ratio for timed, of in ratios.items() for name, ratio in of.items()})
    folder = Path(settings.paths.results) / "bench" / "peers"
    write_record(folder / "record.json", record)
    write_atomically(folder / "table.md", peer_table(record))
    log.info("written to %s\n\n%s", folder, peer_table(record))
    return record


def _times(
    peers: dict[str, Peer], rows: list[list[str]], precision: Precision, settings: Settings
) -> dict[str, dict[str, float]]:
    repetitions = settings.bench.repetitions
    batches = [rows[first : first + MANY] for first in range(0, (repetitions + 1) * MANY, MANY)]
    distinct = {name: peer for name, peer in peers.items() if peer.model is not peers["BERT"].model or name == "BERT"}
    competitors = {
        "train": {
            name: tagging_step(peer, rows[: settings.bench.small.batch_size], precision)
            for name, peer in distinct.items()
        },
        "one": {n: tagging_pass(peer, [rows[:1]], precision, from_text=False) for n, peer in distinct.items()},
        "many": {n: tagging_pass(peer, batches, precision, from_text=False) for n, peer in distinct.items()},
        "text": {n: tagging_pass(peer, batches, precision, from_text=True) for n, peer in peers.items()},
    }
    assert competitors.keys() == PEER_TIMES.keys()
    times = {}
    for timed, runs in competitors.items():
        times[timed] = median_seconds(runs, repetitions)
        log.info("%s: %s", timed, ", ".join(f"{name} {value:.3f} s" for name, value in times[timed].items()))
    return times


def _positions(peer: Peer, rows: list[list[str]]) -> float:
    """Return the positions of a text that the model reads, on average."""
    return float(peer.encode(rows)["attention_mask"].sum()) / len(rows)


def _read_corpus(settings: Settings, wanted: int) -> tuple[Counter[str], list[str]]:
    """Return how often each word occurs, in lower case, and a number of words under the attack."""
    blocks, attack = corpus_blocks(settings, "train"), build_attack(settings.attack, settings.paths.data)
    rng, counts = numpy_generator(0, "bench"), Counter[str]()
    noised: list[str] = []
    for index in range(len(blocks)):
        words = [word for text in blocks.texts([index]) for word in words_of(text)]
        counts.update(word.lower() for word in words)
        if len(noised) < wanted:
            noised += attack.corrupt(words, rng).words
    return counts, (noised * (wanted // len(noised) + 1))[:wanted]
