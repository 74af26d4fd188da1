"""The benchmarks: ratios of times measured alternately in one process, and rates of the data pipeline."""

import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

from charbert.benchmarks import steps
from charbert.benchmarks.scaling import measure_scaling, varied_shapes
from charbert.benchmarks.steps import OURS, PAPER, RELEASED, TRUNK
from charbert.benchmarks.streams import attacked_words_per_second, subwords_per_second
from charbert.benchmarks.timing import median_seconds, peak_megabytes
from charbert.config.schema import Settings
from charbert.config.training.trainer import Precision
from charbert.data.collate import PadCollator
from charbert.data.pretraining.batches import PretrainingDataset
from charbert.files import write_atomically
from charbert.pipelines.analyses import bench_peers
from charbert.pipelines.build.data import corpus_blocks, prepare_data
from charbert.pipelines.build.encoder import build_processor
from charbert.pipelines.build.noise import build_attack, build_nlm_noise
from charbert.pipelines.build.vocabularies import load_word_vocab
from charbert.pipelines.train.pretrain import prepare_trunk
from charbert.records import ResultRecord, start_record, write_record
from charbert.reporting.tables.benchmarks import benchmark_table, scaling_table
from charbert.runs.recorder import accelerator_name
from charbert.text.words import words_of
from charbert.training.machine.memory import keep_freed_memory
from charbert.training.machine.precision import chosen_precision

log = logging.getLogger(__name__)

Times = dict[str, dict[str, float]]


def run(settings: Settings) -> ResultRecord:
    """Measure everything, or the peers, and write record and table below ``paths.results``/bench."""
    bench = settings.bench
    torch.set_num_threads(bench.threads or torch.get_num_threads())
    if bench.peers:
        return bench_peers.run(settings)
    chosen_precision(Precision.bf16)  # says where that is slow
    record = start_record(
        "bench", settings.experiment, "bench", settings=asdict(bench), seed=0, accelerator=accelerator_name()
    )
    rates = {"data/subwords_per_second": _data_rate(settings), "attack/words_per_second": _attack_rate(settings)}
    log.info("rates per second: %s", rates)
    megabytes = {
        name: peak_megabytes(steps.training_step, name, bench, bench.base, Precision.bf16, bench.dropout)
        for name in (RELEASED, OURS, PAPER, TRUNK)
    }
    log.info("megabytes: %s", megabytes)
    keep_freed_memory()
    seconds = _step_times(settings)
    record.details["seconds"], record.details["megabytes"] = seconds, megabytes
    if bench.scaling:
        record.details["scaling"] = measure_scaling(bench, varied_shapes(bench.base))
    record.details["threads"] = torch.get_num_threads()
    results = rates | _ratios(seconds) | {"memory/released": megabytes[OURS] / megabytes[RELEASED]}
    results |= _throughput(settings, seconds)
    record.finish({f"bench/{name}": value for name, value in results.items()})
    folder = Path(settings.paths.results) / "bench"
    write_record(folder / "record.json", record)
    table = benchmark_table(record)
    write_atomically(folder / "table.md", table)
    if bench.scaling:
        write_atomically(folder / "scaling.md", scaling_table(record))
    log.info("written to %s\n\n%s", folder, table)
    return record


def _step_times(settings: Settings) -> Times:
    bench = settings.bench
    times: Times = {}
    for name, precision, dropout in (
        ("train_bf16", Precision.bf16, 0.0),
        ("train_bf16_dropout", Precision.bf16, bench.dropout),
        ("train_fp32_dropout", Precision.fp32, bench.dropout),
    ):
        competitors = {
            model_name: steps.training_step(model_name, bench, bench.base, precision, dropout)
            for model_name in (RELEASED, OURS, PAPER, TRUNK)
        }
        times[name] = _timed(name, competitors, bench.repetitions)
        del competitors  # four models and their optimizers, before the next four
    passes = {
        model_name: steps.inference(model_name, bench, bench.base, Precision.bf16)
        for model_name in (OURS, PAPER, TRUNK)
    }
    times["inference_bf16"] = _timed("inference_bf16", passes, bench.repetitions)
    small = {
        model_name: steps.training_step(model_name, bench, bench.small, Precision.bf16, bench.dropout)
        for model_name in (PAPER, TRUNK)
    }
    small["char encoder"] = steps.char_encoder_step(bench, bench.small, Precision.bf16)
    times["small_bf16_dropout"] = _timed("small_bf16_dropout", small, bench.repetitions)
    return times


def _timed(name: str, steps: dict[str, Callable[[], None]], repetitions: int) -> dict[str, float]:
    seconds = median_seconds(steps, repetitions)
    log.info("%s: %s", name, ", ".join(f"{step} {value:.3f} s" for step, value in seconds.items()))
    return seconds


def _ratios(seconds: Times) -> dict[str, float]:
    """Return for every setting timed the time of the released code by each model's, and each model's by the trunk's."""
    ratios = {}
    for setting, times in seconds.items():
        for name, value in times.items():
            suffix = {OURS: "", PAPER: "_paper"}.get(name)
            if suffix is None:
                continue
            if RELEASED in times:
                ratios[f"{setting}/released{suffix}"] = times[RELEASED] / value
            ratios[f"{setting}/trunk{suffix}"] = value / times[TRUNK]
    small = seconds["small_bf16_dropout"]
    return ratios | {"small_bf16_dropout/char_encoder": small["char encoder"] / small[PAPER]}


def _throughput(settings: Settings, seconds: Times) -> dict[str, float]:
    """Return subwords per second of our training step, and the share of the device's operations where it is known."""
    bench = settings.bench
    step = seconds["train_bf16_dropout"][PAPER]
    rates = {"train_bf16_dropout/subwords_per_second": bench.base.batch_size * bench.base.length / step}
    if bench.peak_flops is not None:
        rates["train_bf16_dropout/flop_utilisation"] = (
            steps.training_flops(PAPER, bench, bench.base) / step / bench.peak_flops
        )
    return rates


def _data_rate(settings: Settings) -> float:
    prepare_data(settings)
    processor = build_processor(settings, prepare_trunk(settings))
    dataset = PretrainingDataset(
        corpus_blocks(settings, "train"),
        processor,
        max_length=settings.pretraining.max_length,
        noise=build_nlm_noise(settings.noise),
        word_vocab=load_word_vocab(settings),
        mlm_probability=settings.noise.mlm_probability,
    )
    return subwords_per_second(dataset, PadCollator(processor.pad_values, 16), settings.bench.workers, 3)


def _attack_rate(settings: Settings) -> float:
    blocks, words = corpus_blocks(settings, "train"), 0
    sentences: list[list[str]] = []
    for index in range(len(blocks)):
        sentences += map(words_of, blocks.texts([index]))
        words += len(sentences[-1])
        if words >= settings.bench.attacked_words:
            break
    return attacked_words_per_second(build_attack(settings.attack, settings.paths.data), sentences, 3)
