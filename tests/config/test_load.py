import copy
import re

import pytest
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException

from charbert.config.schema import Settings
from charbert.errors import SettingsError
from tests.composition import CONF, compose_settings

EXPERIMENTS = sorted(path.stem for path in CONF.glob("*.yaml") if path.stem != "base")
GROUPS = sorted({path.parent for path in CONF.glob("*/*.yaml")})
CHOICES = [
    (group.name, path.relative_to(group).with_suffix("").as_posix())
    for group in GROUPS
    for path in sorted(group.rglob("*.yaml"))
]


def composed(*overrides: str, experiment: str = "pretrain") -> Settings:
    return compose_settings(experiment, *overrides)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes_into_checked_settings(experiment: str) -> None:
    assert composed(experiment=experiment).experiment == experiment


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_choice_of_every_group_composes(group: str, choice: str) -> None:
    assert isinstance(composed(f"{group}={choice}"), Settings)


def test_what_is_loaded_from_a_copy_of_the_store_is_the_same_and_changes_nothing_in_it() -> None:
    store = ConfigStore.instance()
    copied = copy.deepcopy(store)
    node = copied.load("schema.yaml").node
    assert node == store.repo["schema.yaml"].node
    node.seed, copied.repo["other.yaml"] = 17, None
    assert store.repo["schema.yaml"].node.seed != 17 and "other.yaml" not in store.repo


def test_every_experiment_script_has_its_settings_and_is_short() -> None:
    for script in (CONF.parent / "experiments").glob("*.py"):
        assert len(script.read_text().splitlines()) <= 40, script
        assert script.stem in EXPERIMENTS


def test_a_recipe_changes_trunk_and_data_together() -> None:
    quick, minilm = composed("recipe=quick"), composed("recipe=minilm")
    assert (quick.trunk.name, quick.data.name) == ("tiny-bert", "newswire")
    assert (minilm.trunk.name, minilm.data.name) == ("minilm", "folds")


def test_the_paper_recipe_holds_the_numbers_of_section_4_1() -> None:
    paper = composed("recipe=paper")
    assert (paper.pretraining.max_steps, paper.pretraining.batch_size) == (320_000, 32)
    assert paper.pretraining.optimizer.learning_rate == 5e-5
    assert (paper.noise.probability, paper.noise.mlm_probability) == (0.15, 0.10)
    assert (paper.model.char_vocab_size, paper.model.word_vocab_size) == (1000, 30000)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("task.columns.label_names=[bad,'very, good']", {"0": "bad", "1": "very, good"}),
        ("task.columns.label_names={0:bad,1:good}", {"0": "bad", "1": "good"}),
        ("+task.columns.label_names={5:bad,true:good}", {"5": "bad", "true": "good"}),
        ("task.columns.label_names=[1,0]", {"1": "1", "0": "0"}),
    ],
)
def test_labels_of_a_file_are_named_by_a_list_or_by_numbers(given: str, names: dict[str, str]) -> None:
    columns = composed("task=texts", given, experiment="finetune").task.columns
    assert (columns.label_names, list(columns.label_names)) == (names, list(names))


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(HydraException, match="learning_speed"):
        composed("pretraining.optimizer.learning_speed=1")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+foo=1", "there is no setting foo;"),
        ("++finetuning.epoch=3", r"there is no setting finetuning\.epoch \(did you mean finetuning\.epochs\?\)"),
        ("+task.columns.frist=a", r"there is no setting task\.columns\.frist \(did you mean task\.columns\.first\?\)"),
    ],
)
def test_a_setting_that_a_plus_sign_adds_is_refused_unless_it_is_known(override: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        compose_settings("finetune", override)


def test_an_unknown_choice_is_refused_with_the_choices() -> None:
    with pytest.raises(HydraException, match=r"(?s)model/gpt.*charbert"):
        composed("model=gpt")


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("pretraining.batch_size=many", "batch_size"),
        ("attack.edits=[drop,smudge]", r"(?s)attack\.edits.*smudge"),
        ("robust_training.letters=upper", r"robust_training\.letters"),
    ],
)
def test_a_wrong_type_is_refused_by_name(override: str, named: str) -> None:
    with pytest.raises(HydraException, match=named):
        composed(override)


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("noise.probability=1.5", "noise.probability"),
        ("attack.min_word_length=2", "attack.min_word_length"),
        ("attack.edits=[drop,drop]", "attack.edits"),
        ("attack.case=title", "attack.case is read by attack.family=case alone, got attack.family=charbert"),
        ("attack.layout=azerty", "attack.layout=azerty is read by the edit adjacent_key alone"),
        ("model.interaction_window=4", "model.interaction_window"),
        ("model.hidden_share=2", "model.hidden_share"),
        ("model.trunk_teacher_weight=-1", "model.trunk_teacher_weight"),
        ("pretraining.optimizer.warmup_fraction=1", "warmup_fraction"),
        ("finetuning.max_length=3", "max_length"),
        ("finetuning.max_length=1000000000", "max_length"),
        ("finetuning.num_workers=1000000", "num_workers"),
        ("newswire.corpus_documents=0", "newswire.corpus_documents"),
        ("paths.outputs=", "paths.outputs is empty"),
        ("model.char_embedding_size=1000000000", "model.char_embedding_size"),
        ("+trunk.config.num_hidden_layers=10000000", "trunk.config.num_hidden_layers"),
        ("trunk.source=scratch", "trunk.config.model_type"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(override: str, named: str) -> None:
    recipe = "recipe=minilm"
    with pytest.raises(SettingsError, match=named.replace(".", r"\.")):
        composed(recipe, override)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("finetuning.batch_size=0", "finetuning.batch_size must"),
        ("trunk.pretraining.max_length=1", "trunk.pretraining.max_length must"),
        ("pretraining.optimizer.learning_rate=0", "pretraining.optimizer.learning_rate must"),
        ("model.recognizer.training.patience=0", "model.recognizer.training.patience must"),
        ("finetuning.epochs=0", "finetuning.epochs must be positive"),
        ("finetuning.epochs=inf", "finetuning.epochs must be positive"),
        ("finetuning.max_steps=0", "finetuning.max_steps must be positive, or -1"),
        ("finetuning.evaluations=-1", "finetuning.evaluations must be 0 or more"),
        ("pretraining.checkpoints=-1", "pretraining.checkpoints must be 0 or more"),
        ("finetuning.optimizer.adam_epsilon=-1e-8", "finetuning.optimizer.adam_epsilon must be 0 or more"),
        (
            "finetuning.optimizer.new_weights_learning_rate=-1e-3",
            "finetuning.optimizer.new_weights_learning_rate must be positive or null",
        ),
        ("data.sets.qnli.folds.number=2", "data.sets.qnli.folds.number must"),
        ("bench.base.heads=0", "bench.base.heads must"),
    ],
)
def test_the_error_of_a_section_used_in_several_places_names_its_key(override: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        composed("recipe=minilm", override)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("overrides", "cause"),
    [
        (["model=bert", "model.char_initializer_range=1.0"], "model.char_encoder=none"),
        (["model=adv_bert", "model.interaction_start=trunk"], "model.char_encoder=none"),
        (["model=charbert_no_interaction", "model.interaction_start=trunk"], "model.interaction=none"),
        (["model=nlm_bert", "model.hidden_share=0.5"], "model.char_encoder=none"),
        (["model=bert", "model.trunk_teacher_weight=1.0"], "model.objective=none"),
        (["model=charbert_no_nlm", "model.hidden_share=0.5"], "model.objective=mlm"),
        (["model=charbert_no_nlm", "model.nlm_norm=own"], "model.objective=mlm"),
        (["model=charbert_unpretrained", "model.word_start=trunk"], "model.objective=none"),
    ],
)
def test_settings_of_a_part_that_the_model_lacks_are_refused(overrides: list[str], cause: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{overrides[1]} changes nothing with {cause}")):
        composed("recipe=minilm", *overrides)


def test_a_missing_value_is_named() -> None:
    with pytest.raises(SettingsError, match=r"model\.name"):
        composed("model.name=???")
