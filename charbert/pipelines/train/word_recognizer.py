"""Train the word recognizer in front of BERT (BERT+WordRec, Sec. 4.5), once for each task."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from transformers import EvalPrediction

from charbert.batch import IGNORED_LABEL
from charbert.config.schema import Settings
from charbert.config.training.trainer import TrainingSettings
from charbert.data.word_recognition import (
    BlockSentences,
    Sentences,
    WordRecognitionDataset,
    collate_words,
    frequent_words,
)
from charbert.metrics.word_recognition import recognition_scores
from charbert.model.word_recognizer.network import WordRecognizer, WordRecognizerConfig
from charbert.pipelines.build.data import corpus_blocks, corpus_file, fetch_sets, prepare_data
from charbert.pipelines.build.noise import build_recognizer_noise
from charbert.pipelines.train.recorded_training import record_training
from charbert.runs.recorder import seed_everything
from charbert.runs.run import Run, recognizer_run
from charbert.tasks.task import Task
from charbert.text.char_vocab import CharVocab
from charbert.text.codepoints import looked_up
from charbert.training.trainer import build_trainer

log = logging.getLogger(__name__)


def prepare_recognizer(settings: Settings, task: Task[Any, Any], sets: Mapping[str, Sequence[Any]]) -> str:
    """Return the folder of the recognizer of the task's words, after training it if it is missing.

    It is trained on the words of the training set that an attack may change, without labels.
    """
    run, chosen = recognizer_run(settings), settings.model.recognizer

    def make() -> None:
        run.will_read(fetch_sets(settings))
        sentences = {split: [words for words in task.sentences(sets[split]) if words] for split in ("train", "dev")}
        _train(settings, run, sentences, chosen.vocab_size, chosen.training)

    run.make_once(make)
    return str(run.model_folder)


def prepare_background_recognizer(settings: Settings) -> str:
    """Return the folder of the recognizer of the pretraining text's words, after training it if it is missing."""
    prepare_data(settings)
    run, chosen = recognizer_run(settings, background=True), settings.model.recognizer

    def make() -> None:
        run.will_read([corpus_file(settings, split) for split in ("train", "dev")])
        sentences = {split: BlockSentences(corpus_blocks(settings, split)) for split in ("train", "dev")}
        _train(settings, run, sentences, chosen.background_vocab_size, chosen.background_training)

    run.make_once(make)
    return str(run.model_folder)


def _train(
    settings: Settings, run: Run, sentences: Mapping[str, Sentences], vocab_size: int, training: TrainingSettings
) -> None:
    log.info("training the word recognizer %s", run.name)
    chosen = settings.model.recognizer
    words = frequent_words(sentences["train"], vocab_size)
    text = (looked_up(" ".join(sentence)) for sentence in sentences["train"])
    characters = CharVocab.build(text, chosen.char_vocab_size)
    sets = {
        split: WordRecognitionDataset(
            sentences[split],
            build_recognizer_noise(chosen),
            words,
            characters,
            seed=settings.pretraining_seed if split == "train" else 0,
            max_words=chosen.max_words,
            fresh_noise=split == "train",
        )
        for split in ("train", "dev")
    }
    seed_everything(settings.pretraining_seed, "word recogniser")  # the name is part of the seed
    model = WordRecognizer(
        WordRecognizerConfig(
            words=list(words.words[: words.unk_id]), char_vocab=characters.to_dict(), hidden_size=chosen.hidden_size
        )
    )

    def score_dev(prediction: EvalPrediction) -> dict[str, float]:
        return recognition_scores(prediction.label_ids, prediction.predictions, words.unk_id, IGNORED_LABEL)

    build = partial(
        build_trainer,
        training,
        model,
        sets["train"],
        sets["dev"],
        collate_words,
        folder=run.checkpoints_folder,
        seed=settings.pretraining_seed,
        best_metric="eval_word_accuracy",
        label_names=["labels"],
        compute_metrics=score_dev,
        # the logits of a whole set over 10,000 words would fill the memory
        preprocess_logits_for_metrics=lambda logits, labels: logits.argmax(-1),
    )
    record_training(settings, run, build, ("loss", "accuracy", "error_rate"), details={"words": words.unk_id})
