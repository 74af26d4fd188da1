import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charbert.config.data.sets import SpanSettings
from charbert.config.schema import Settings
from charbert.data.readers.squad import Question
from charbert.errors import DataError, SettingsError
from charbert.noise.attack import Attack
from charbert.noise.edits import Change, Edit, EditRecord
from charbert.pipelines.build.data import data_file, task_files
from charbert.pipelines.products import attack_sets
from charbert.tasks.answering.task import QuestionAnsweringTask
from charbert.tasks.catalog import build_task
from tests.edit_records import replay

Composed = Callable[..., Settings]
Run = Callable[..., subprocess.CompletedProcess[str]]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def edit_lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "edits.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("task", "attack"),
    [
        *((task, "charbert") for task in ("ner", "pos", "cola", "qnli", "squad2")),
        *(("ner", "invisible"), ("pos", "ocr"), ("cola", "fullwidth"), ("qnli", "homoglyph"), ("squad2", "marks")),
    ],
)
def test_the_edits_lead_from_the_test_set_to_its_copy(composed: Composed, task: str, attack: str) -> None:
    settings = composed("recipe=smoke", f"task={task}", f"attack={attack}")
    folder = attack_sets.run(settings)
    assert folder.name == f"{task}-{attack}-s0"
    kind, source = build_task(settings.task), data_file(settings, task_files(settings).test, "the test set")
    clean, attacked = kind.read(source), kind.read(folder / source.name, attacked=True)
    edited = 0
    for number, (example, attacked_example) in enumerate(zip(clean, attacked, strict=True)):
        words = [word for sentence in kind.sentences([example]) for word in sentence]
        for line in edit_lines(folder):
            if line["example"] != number:
                continue
            assert words[line["word"]] == line["before"]
            operation = next(
                kind[line["operation"]] for kind in (Edit, Change) if line["operation"] in kind.__members__
            )
            words[line["word"]] = replay(
                EditRecord(line["word"], operation, line["position"], line["before"], line["after"])
            )
            edited += 1
        attacked_words = [word for sentence in kind.sentences([attacked_example]) for word in sentence]
        assert "".join(words) == "".join(attacked_words)  # a typo in "17,000" makes two words of it
    summary = json.loads((folder / "summary.json").read_text())
    assert edited == len(edit_lines(folder)) >= summary["modified_words"] > 0
    assert attack == "ocr" or edited == summary["modified_words"]


def test_a_copy_of_another_strength_is_not_replaced(composed: Composed) -> None:
    folder = attack_sets.run(composed("recipe=smoke", "task=cola"))
    before = contents(folder)
    weaker = ("recipe=smoke", "task=cola", "attack.probability=0.5")
    with pytest.raises(SettingsError, match=re.escape("attack.probability=1.0, now 0.5; give this one a name")):
        attack_sets.run(composed(*weaker))
    assert contents(folder) == before == contents(attack_sets.run(composed("recipe=smoke", "task=cola")))
    named = attack_sets.run(composed(*weaker, "attack.name=p${attack.probability}"))
    assert named.name == "cola-p0.5-s0"


def test_a_copy_can_be_given_as_an_attacked_set(composed: Composed) -> None:
    settings = composed("recipe=smoke", "task=qnli")
    folder = attack_sets.run(settings)
    kind, files = build_task(settings.task), task_files(settings)
    source = data_file(settings, files.test, "the test set")
    attacked = kind.read(folder / source.name, attacked=True)
    kind.check_aligned(kind.read(source), attacked, folder / source.name)
    expected, _ = kind.attack(kind.read(source), Attack(), 0)
    assert attacked == expected


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(composed: Composed) -> None:
    first = contents(attack_sets.run(composed("recipe=smoke")))
    assert contents(attack_sets.run(composed("recipe=smoke"))) == first
    other = attack_sets.run(composed("recipe=smoke", "attack.seed=1"))
    assert other.name == "ner-charbert-s1"
    assert contents(other)["test.txt"] != first["test.txt"]


def test_checksums_name_every_file_and_no_folder_of_the_machine(composed: Composed, tmp_path: Path) -> None:
    files = contents(attack_sets.run(composed("recipe=smoke")))
    sums = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert str(tmp_path) not in files["summary.json"].decode()


def test_words_of_a_shared_context_count_once() -> None:
    task = QuestionAnsweringTask("squad2", "best_f1", SpanSettings(no_answers=True))
    questions = [Question(str(i), "Who ruled there?", "A queen ruled the island.", ()) for i in range(2)]
    edits = [[EditRecord(1, Edit.drop, 1, "ruled", "rled")], []]
    summary = attack_sets.summarize(task, questions, edits)
    assert (summary["words"], summary["attackable_words"], summary["modified_words"]) == (14, 8, 1)
    assert summary["modified_share"] == pytest.approx(1 / 14)
    assert summary["modified_share_of_attackable"] == pytest.approx(1 / 8)
    assert summary["character_edits_share"] == pytest.approx(1 / 28)
    assert summary["operations"] == {"drop": {"edits": 1, "share": 1.0}}


def test_edits_that_cancel_in_part_count_as_the_distance_between_the_words() -> None:
    task = QuestionAnsweringTask("squad2", "best_f1", SpanSettings(no_answers=True))
    edits = [[EditRecord(1, Edit.drop, 1, "ruled", "rled"), EditRecord(1, Edit.add, 1, "rled", "rxled")]]
    summary = attack_sets.summarize(task, [Question("0", "Who ruled there?", "A queen.", ())], edits)
    assert summary["character_edits_share"] == pytest.approx(1 / 14)
    assert (summary["modified_words"], summary["operations"]["add"]) == (1, {"edits": 1, "share": 0.5})


def test_two_edits_of_a_word_are_one_modified_word(composed: Composed) -> None:
    folder = attack_sets.run(composed("recipe=smoke", "attack.name=two_edits", "attack.edits_per_word=2"))
    summary = json.loads((folder / "summary.json").read_text())
    edits = edit_lines(folder)
    assert len({(edit["example"], edit["word"]) for edit in edits}) == summary["modified_words"] < len(edits)
    assert sum(operation["edits"] for operation in summary["operations"].values()) == len(edits)
    assert sum(operation["share"] for operation in summary["operations"].values()) == pytest.approx(1)
    assert summary["attack"]["edits_per_word"] == 2


def test_scanned_texts_lose_spaces_where_words_have_no_labels(
    composed: Composed, caplog: pytest.LogCaptureFixture
) -> None:
    spaced = ("recipe=smoke", "attack=ocr", "attack.spacing=0.4")
    operations = {}
    for task in ("cola", "ner"):
        with caplog.at_level("INFO"):
            folder = attack_sets.run(composed(*spaced, f"task={task}"))
        operations[task] = set(json.loads((folder / "summary.json").read_text())["operations"])
    assert operations == {"cola": {"confusion", "split", "joined"}, "ner": {"confusion"}}
    assert "task=ner: attack.spacing is left out, since each word has a label" in caplog.text


def test_the_words_that_a_list_of_misspellings_covers_are_counted(
    composed: Composed, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "list.tsv").write_text("teh\tthe\nsaied\tsaid\n", encoding="utf-8")
    chosen = ("recipe=smoke", "task=ner", "attack=natural", f"attack.misspellings=[{tmp_path}/list.tsv]")
    settings = composed(*chosen)
    with caplog.at_level("INFO"):
        attack_sets.run(settings)
    summary = (Path(settings.paths.results) / "attack_sets" / "ner-natural-s0" / "summary.json").read_text()
    assert str(tmp_path) not in summary
    assert re.search(r"natural: (\d+\.\d) % of the words of task=ner have a misspelling, \1 % are changed", caplog.text)
    with pytest.raises(DataError, match=r"none\.tsv: expected the file of attack\.misspellings"):
        attack_sets.run(composed(*chosen[:3], f"attack.misspellings=[{tmp_path}/none.tsv]", "attack.name=none"))


def test_a_copy_that_cannot_be_read_back_is_deleted(composed: Composed, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = composed("recipe=smoke")
    kind = type(build_task(settings.task))
    write = kind.write
    monkeypatch.setattr(kind, "write", lambda self, path, examples: write(self, path, examples[:-1]))
    with pytest.raises(DataError, match="as many as clean ones"):
        attack_sets.run(settings)
    folder = Path(settings.paths.results) / "attack_sets"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("task", "content", "message"),
    [
        ("ner", "", r"eng\.testb: expected at least one sentence, got none"),
        ("ner", "Kyoto NNP I-NP I-LOC\nwon VBD O\n", r"eng\.testb:2: expected 4 columns"),
        ("qnli", "index\tquestion\tsentence\tlabel\n", r"dev\.tsv: expected at least one row, got none"),
        ("qnli", "index\tquestion\tsentence\tlabel\n0\tWho?\tI.\tperhaps\n", r"dev\.tsv:2: .*perhaps"),
        ("squad2", "{", r"dev-v2\.0\.json"),
    ],
)
def test_a_test_set_that_cannot_be_read_leaves_nothing(
    composed: Composed, tmp_path: Path, task: str, content: str, message: str
) -> None:
    settings = composed("recipe=smoke", "data=benchmarks", f"paths.data={tmp_path / 'data'}", f"task={task}")
    path = tmp_path / "data" / task_files(settings).test
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        attack_sets.run(settings)
    assert not Path(settings.paths.results).exists()


def test_no_torch_is_imported() -> None:
    code = "import sys, charbert.pipelines.products.attack_sets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_experiment_writes_the_sets_of_table_2(tmp_path: Path, run_experiment: Run) -> None:
    run_experiment("attack_sets.py", tmp_path)
    names = {path.name for path in (tmp_path / "results/attack_sets").iterdir()}
    assert names == {"ner-charbert-s0", "qnli-charbert-s0", "squad2-charbert-s0"}


def test_a_missing_test_set_is_named(tmp_path: Path, run_experiment: Run) -> None:
    (tmp_path / "data").mkdir()
    done = run_experiment(
        "attack_sets.py", tmp_path, "hydra.mode=RUN", "data=benchmarks", f"paths.data={tmp_path / 'data'}", expect=2
    )
    assert "eng.testb" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()
