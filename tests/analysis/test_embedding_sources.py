from pathlib import Path

import numpy as np
import torch

from charbert.analysis.embedding_sources import (
    BiLstmTagger,
    collate_states,
    name_tags,
    predict_tags,
    tagger_features,
)
from charbert.config.training.trainer import OptimizerSettings, TrainingSettings
from charbert.training.arguments import build_arguments
from charbert.training.trainer import CharBertTrainer

LABELS = ["O", "B-LOC"]
IDS = {"O": 0, "B-LOC": 1}


def sentences(rng: np.random.Generator, count: int) -> tuple[list[np.ndarray], list[list[str]]]:
    """Random states whose first feature gives the tag away."""
    states = [rng.normal(size=(int(rng.integers(1, 7)), 5)).astype(np.float32) for _ in range(count)]
    return states, [["B-LOC" if row[0] > 0 else "O" for row in rows] for rows in states]


def tagger() -> BiLstmTagger:
    torch.manual_seed(0)
    return BiLstmTagger(5, 8, 2, num_layers=1, dropout=0.1)


def test_padding_does_not_change_scores() -> None:
    states, tags = sentences(np.random.default_rng(0), 6)
    features = tagger_features(states, tags, IDS)
    model = tagger().eval()
    together = model(**collate_states(features))
    assert together.loss is not None
    for place, feature in enumerate(features):
        alone = model(**collate_states([feature])).logits[0]
        torch.testing.assert_close(together.logits[place, : len(alone)], alone)


def test_what_all_words_have_in_common_is_taken_off_before_reading() -> None:
    states, _ = sentences(np.random.default_rng(2), 30)
    fitted, unfitted = tagger().eval(), tagger().eval()
    moved = [1e-2 * rows + np.float32([9, -4, 0, 7, 5]) for rows in states]
    fitted.fit_scale(states)
    unfitted.fit_scale(moved)
    mask = torch.ones(1, len(states[0]), dtype=torch.int64)
    logits = [
        model(torch.from_numpy(rows[0])[None], mask).logits for model, rows in ((fitted, states), (unfitted, moved))
    ]
    torch.testing.assert_close(*logits, atol=1e-3, rtol=1e-3)


def test_a_feature_without_variation_gives_no_nan() -> None:
    model = tagger()
    model.fit_scale([np.ones((3, 5), np.float32)])
    assert torch.isfinite(model(torch.ones(1, 3, 5), torch.ones(1, 3, dtype=torch.int64)).logits).all()


def test_a_tag_that_training_lacks_does_not_count() -> None:
    features = tagger_features([np.zeros((2, 5), np.float32)], [["O", "B-NEW"]], IDS)
    assert features[0]["labels"].tolist() == [0, -100]


def test_names_stop_where_the_sentence_does() -> None:
    logits = np.array([[[0.0, 1.0], [1.0, 0.0], [-100.0, -100.0]]])
    assert name_tags(logits, [{"attention_mask": np.ones(2)}], LABELS) == [["B-LOC", "O"]]


def test_the_trainer_teaches_it_what_the_states_hold(tmp_path: Path) -> None:
    states, tags = sentences(np.random.default_rng(1), 200)
    features = tagger_features(states, tags, IDS)
    training = TrainingSettings(
        epochs=12, batch_size=20, checkpoints=0, optimizer=OptimizerSettings(learning_rate=2e-2)
    )
    trainer = CharBertTrainer(
        model=tagger(),
        args=build_arguments(training, tmp_path, 0, len(features)),
        train_dataset=features,
        eval_dataset=features,
        data_collator=collate_states,
    )
    trainer.train()
    predicted = predict_tags(trainer, features, LABELS)
    pairs = [
        (tag, other)
        for gold_tags, predicted_tags in zip(tags, predicted, strict=True)
        for tag, other in zip(gold_tags, predicted_tags, strict=True)
    ]
    assert np.mean([tag == other for tag, other in pairs]) > 0.9
