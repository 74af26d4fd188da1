import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig

from charbert.config.load import load_settings
from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.pipelines.build.composition import Composition

CONF = Path(__file__).parents[3] / "conf"
Composing = Callable[..., Composition]


@pytest.fixture
def composing() -> Composing:
    def build(*overrides: str) -> Composition:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            choices = compose("search", overrides=list(overrides), return_hydra_config=True).hydra.runtime.choices
        groups = {name: choice for name, choice in choices.items() if not name.startswith(("hydra/", "search/"))}
        return Composition(str(CONF), "search", overrides, groups)

    return build


def reloaded(file: str, folder: Path, overrides: Sequence[str] = ()) -> Settings:
    shutil.copytree(CONF, folder / "conf")
    (folder / "conf" / "best.yaml").write_text(file)
    with initialize_config_dir(str(folder / "conf"), version_base="1.3"):
        return load_settings(compose("best", overrides=list(overrides)))


def test_values_and_groups_can_be_changed(composing: Composing) -> None:
    composition = composing("recipe=quick", "task=qnli")
    settings = composition.settings({"model": "bert", "finetuning.optimizer.learning_rate": 1.25e-05, "seed": 7})
    assert (settings.model.name, settings.seed, settings.task.name) == ("BERT", 7, "qnli")
    assert settings.finetuning.optimizer.learning_rate == 1.25e-05
    assert composition.settings() == composition.settings({})


def test_a_file_in_a_folder_of_the_user_is_found_in_another_process_too(tmp_path: Path) -> None:
    folder = tmp_path / "their own, 2"
    (folder / "search/space").mkdir(parents=True)
    (folder / "search/space/own.yaml").write_text("seed: {choices: [1, 2]}\n")
    given = ["recipe=quick", "search/space=own", f"hydra.searchpath=['file://{folder}']"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        HydraConfig.instance().set_config(compose("search", overrides=given, return_hydra_config=True))
        composition = Composition.current()
        assert composition.settings().search.space["seed"].choices == [1, 2]
    assert composition.settings().search.space["seed"].choices == [1, 2]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"finetuning.speed": 1}, "speed"),
        ({"model": "gpt"}, "model=gpt"),
        ({"finetuning.batch_size": 0}, r"finetuning\.batch_size"),
        ({"finetuning.batch_size": "many"}, r"finetuning\.batch_size"),
    ],
)
def test_an_impossible_change_is_refused_by_name(composing: Composing, changes: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        composing("recipe=quick").settings(changes)


def test_a_file_gives_another_experiment_the_same_settings(composing: Composing, tmp_path: Path) -> None:
    composition = composing(
        "recipe=quick",
        "task=qnli",
        "noise=keyboard",
        "finetuning.epochs=2",
        "attack.edits=[drop,add]",
        "search.trials=3",
        "search/space=devlin",
    )
    changes = {"model": "bert", "finetuning.optimizer.learning_rate": 1.25e-05, "finetuning.group_by_length": False}
    wanted = composition.settings(changes)
    reread = reloaded(composition.file("finetune", changes, ["The best."]), tmp_path)
    assert reread.experiment == "finetune"
    for name in ("model", "task", "data", "trunk", "noise", "finetuning", "attack", "newswire", "strategy", "seed"):
        assert getattr(reread, name) == getattr(wanted, name), name
    assert reread.finetuning.optimizer.learning_rate == 1.25e-05


def test_what_was_taken_out_of_the_settings_is_taken_out_again(composing: Composing, tmp_path: Path) -> None:
    composition = composing("recipe=minilm", "data=benchmarks", "~data.sets.ner.attacked.released")
    assert composition.removals == ["~data.sets.ner.attacked.released"]
    reread = reloaded(composition.file("finetune", {}, ["The best."]), tmp_path, composition.removals)
    assert "released" not in reread.data.sets["ner"].attacked
