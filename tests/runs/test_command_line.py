"""The command line as users type it: names of files, and errors in one line."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

import charbert.runs.errors  # the module of every entry point
from charbert.runs.command_line import accept_file_names
from tests.composition import compose_settings

Run = Callable[..., subprocess.CompletedProcess[str]]
NAMES = [
    "my (1) file.tsv",
    "a=b.tsv",
    "v2#.tsv",
    "é ü/中文.tsv",
    "it's {new}.tsv",
    'a "b" [c];&.tsv',
    "back\\slash (1)\\",
]


@pytest.fixture(autouse=True)
def accepting() -> None:
    accept_file_names()
    accept_file_names()  # a second time changes nothing
    assert charbert.runs.errors.reported


def value(override: str) -> object:
    (parsed,) = OverridesParser.create().parse_overrides([override])
    return parsed.value()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_the_grammar_has_no_place_for_is_text(name: str) -> None:
    assert value(f"data.own.train={name}") == name
    assert compose_settings("finetune", f"paths.results={name}").paths.results == name


@pytest.mark.parametrize("name", ["a,b.tsv", "[x].tsv", "{y}", "choice(1,2)", "1,2"])
def test_the_name_of_a_file_that_exists_is_text(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).touch()
    assert value(f"data.own.train={name}") == name


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("seed=3", 3),
        ("x=[1,2]", [1, 2]),
        ("x={a: 1}", {"a": 1}),
        ("x='a,b'", "a,b"),
        ("x=null", None),
        ("x=1e-3", 1e-3),
    ],
)
def test_what_the_grammar_reads_stays_as_it_is(override: str, expected: object) -> None:
    assert value(override) == expected


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("a=[kötü,iyi]", ["kötü", "iyi"]),
        ("a={kötü:bad,çok iyi:[Ω,'ö, ü',\"中\"]}", {"kötü": "bad", "çok iyi": ["Ω", "ö, ü", "中"]}),
    ],
)
def test_lists_and_mappings_hold_letters_beyond_ascii(override: str, expected: object) -> None:
    (parsed,) = OverridesParser.create().parse_overrides([override])
    assert (parsed.value(), parsed.input_line) == (expected, override)
    again = f"a={parsed.get_value_element_as_str()}"  # as a sweep gives it to its runs
    assert value(again) == expected


def test_labels_are_named_in_any_letters() -> None:
    for given, names in {
        "[kötü,iyi]": {"0": "kötü", "1": "iyi"},
        "{kötü:neg,iyi:poz}": {"kötü": "neg", "iyi": "poz"},
        "{0:नहीं,1:हाँ}": {"0": "नहीं", "1": "हाँ"},
    }.items():
        settings = compose_settings("finetune", "task=texts", f"task.columns.label_names={given}")
        assert settings.task.columns.label_names == names
    cleaned = compose_settings("finetune", "task=texts", "+preparation.labels.aliases={çok kötü: kötü}")
    assert cleaned.preparation.labels.aliases == {"çok kötü": "kötü"}


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert value("data.own.train=~/my (1) file.txt") == f"{tmp_path}/my (1) file.txt"
    assert value("paths.results=~/results") == f"{tmp_path}/results"
    assert value("x=a~/b") == "a~/b"
    (sweep,) = OverridesParser.create().parse_overrides(["data.own.train=~/a.txt,~/b.txt"])
    assert list(sweep.sweep_string_iterator()) == [f"{tmp_path}/a.txt", f"{tmp_path}/b.txt"]


def test_a_folder_to_be_made_may_have_a_comma_in_its_name() -> None:
    (parsed,) = OverridesParser.create().parse_overrides(["paths.results=runs,old/results"])
    assert (parsed.is_sweep_override(), parsed.value()) == (False, "runs,old/results")


def test_a_sweep_stays_a_sweep() -> None:
    for text in ("seed=1,2,3", "seed=choice(1,2,3)", "seed=range(1,4)"):
        (parsed,) = OverridesParser.create().parse_overrides([text])
        assert list(parsed.sweep_string_iterator()) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["data.own.trainn=x"],
            "no setting data.own.trainn (did you mean data.own.train?); all are in docs/settings.md",
        ),
        (
            ["data.own.attacked={typos: x}"],
            "a plus sign adds one: '+data.own.attacked.NAME=VALUE'",
        ),
        (["data.own.attacked.typos=x"], "data.own.attacked has no entry of that name; a plus sign adds one: "),
        (["modell=bert"], "no setting modell (did you mean model?)"),
        (["recipe=smokee"], "no recipe=smokee (did you mean smoke?); choose one of minilm, "),
        (["model=berd"], "no model=berd (did you mean bert?); choose one of "),
        (["attack=null"], "no attack=null; choose one of alternating, "),
        (["tracking=false"], "no tracking=false; choose one of off, "),
        (["recipe"], "expected SETTING=VALUE, got 'recipe'"),
        (["finetuning.epochs=many"], "finetuning.epochs=many: Value 'many' of type 'str' could not be converted"),
        (["attack.misspellings=my.tsv"], "expected a list, got 'my.tsv'; give it as 'attack.misspellings=[my.tsv]'"),
        (["data.own.attacked={a: my (1).tsv}"], "quote each text in it, as in 'data.own.attacked=["),
        (["seed=choice(1,2"], "quote it twice: 'seed=\"choice(1,2\"'"),
        (["data.own.train=a,b"], "add -m to run each of them, or give them as one text: 'data.own.train=\"a,b\"'"),
        (["model=bert,charbert"], "model takes one choice, got bert,charbert; add -m to run each of them"),
        (
            ["model=[bert, charbert]"],
            "model takes one choice, got [bert, charbert]; to run each: -m model=bert,charbert",
        ),
        (["+seed=3"], "An item is already at 'seed'"),
        (["--config-name", "nothing"], "Cannot find primary config 'nothing'"),
        (["--config-dir", "nothing"], "nothing' not found"),
        (["model.name=${nothing}"], "setting model.name: Interpolation key 'nothing' not found"),
    ],
)
def test_an_error_of_the_command_line_is_one_line_that_says_what_to_do(
    arguments: list[str], message: str, tmp_path: Path, run_experiment: Run
) -> None:
    done = run_experiment("finetune.py", tmp_path, "tracking=off", *arguments, expect=2)
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ") and message in line
    assert not list(tmp_path.rglob("*.json"))
