"""The command ``charbert`` as a person runs it."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.data.readers.conll import TaggedSentence, write_conll
from charbert.deploy.command import main
from charbert.deploy.predict.predictor import Predictor

TEXTS = ["The old lighthouse keeper counted seven ships.", "She didn't answer.", "Zürich, Malmö and Ålesund"]


class _Standard:
    """Standard input or output with the bytes behind it."""

    def __init__(self, content: bytes = b"") -> None:
        self.buffer = io.BytesIO(content)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process; return exit code, standard output and standard error."""

    def run_command(*arguments: str | Path, stdin: str | bytes = b"") -> tuple[int, str, str]:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        output = _Standard()
        monkeypatch.setattr(sys, "stdin", _Standard(content))
        monkeypatch.setattr(sys, "stdout", output)
        code = main([str(argument) for argument in arguments])
        return code, output.buffer.getvalue().decode(), capfd.readouterr().err

    return run_command


def test_lines_of_a_file_become_json_lines_in_order(run, tagger: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("\n".join([TEXTS[0], "", TEXTS[1], " ", TEXTS[2]]) + "\r\n", encoding="utf-8")
    code, output, progress = run("predict", tagger, path, "--batch-size", "2")
    rows = [json.loads(line) for line in output.splitlines()]
    assert code == 0
    assert [row["text"] for row in rows] == TEXTS
    for row, expected in zip(rows, Predictor.load(tagger).predict(TEXTS), strict=True):
        assert [(span["type"], span["start"], span["end"]) for span in row["spans"]] == [
            (span.type, span.start, span.end) for span in expected.spans
        ]
    assert "3/3" in progress


def test_standard_input_is_read_where_no_file_is_named(run, tagger: Path) -> None:
    named = run("predict", tagger, "-", stdin=TEXTS[0])
    code, output, progress = run("predict", tagger, "--quiet", stdin=TEXTS[0])
    assert (code, output) == named[:2]
    assert json.loads(output)["text"] == TEXTS[0]
    assert "texts/s" in named[2] and not progress


def test_json_lines_keep_their_ids(run, classifier: Path, tmp_path: Path) -> None:
    rows = [{"id": 7, "text": "Seven", "text_pair": "ships", "label": "x"}, {"id": "b", "text": "Seven"}]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    _, output, _ = run("predict", classifier, path)
    printed_rows = [json.loads(line) for line in output.splitlines()]
    assert [row["id"] for row in printed_rows] == [7, "b"]
    assert printed_rows[0]["text_pair"] == "ships" and "text_pair" not in printed_rows[1]
    assert printed_rows[0]["label"] in printed_rows[0]["probabilities"]


def test_a_file_may_be_one_text(run, classifier: Path, tmp_path: Path) -> None:
    path = tmp_path / "document.txt"
    path.write_text("\n\n".join(TEXTS * 8))
    _, output, _ = run("predict", classifier, path, "--format", "document")
    assert json.loads(output)["text"] == path.read_text()
    assert json.loads(output)["windows"] > 3


def test_an_output_file_is_written_whole_and_never_over_an_input(run, tagger: Path, tmp_path: Path) -> None:
    path, output = tmp_path / "texts.txt", tmp_path / "spans.jsonl"
    path.write_text("\n".join(TEXTS))
    assert run("predict", tagger, path, "--output", output)[:2] == (0, "")
    assert len(output.read_text().splitlines()) == 3
    code, _, message = run("predict", tagger, path, "--output", path)
    assert code == 2 and "got one of the inputs" in message
    assert path.read_text() == "\n".join(TEXTS)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("folder", "folder: expected a file to write, got a folder"),
        ("texts.txt/spans.jsonl", "texts.txt: could not be written"),
        ("pipe", "pipe: expected a file to write, got a device or pipe"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_the_model_is_loaded(
    run, tagger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, message: str
) -> None:
    (tmp_path / "texts.txt").write_text(TEXTS[0])
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(Predictor, "load", None)
    code, _, shown = run("predict", tagger, tmp_path / "texts.txt", "--output", tmp_path / place)
    assert code == 2 and message in shown


@pytest.mark.parametrize(
    ("model", "stdin", "expected"),
    [
        ("tagger", TEXTS[0], r"keeper"),
        ("classifier", TEXTS[0], "\t" + TEXTS[0]),
        ("reader", '{"question": "How many?", "context": "Seven ships"}', "How many?\t"),
    ],
)
def test_the_readable_form_is_a_line_for_each_input(
    run, request: pytest.FixtureRequest, model: str, stdin: str, expected: str
) -> None:
    form = "jsonl" if model == "reader" else "lines"
    code, output, _ = run("predict", request.getfixturevalue(model), "--format", form, "--readable", stdin=stdin)
    assert code == 0
    assert expected in output and output.count("\n") == 1 and not output.startswith("{")


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["nowhere.txt"], "", "nowhere.txt: expected a file of texts, got no such file"),
        (["--format", "jsonl"], '{"text": "a"}\n{"text": }', "standard input:2: expected a JSON object, got Expecting"),
        (["--format", "jsonl"], '{"text": "a"}\n["a"]', "standard input:2: expected a JSON object, got list"),
        (
            ["--format", "jsonl"],
            '{"text": "a"}\n{"txt": "a"}',
            "standard input:2: expected the fields text or words",
        ),
        (["--format", "jsonl"], '{"text": "a", "x": NaN}', "NaN, which is no JSON number"),
        (["--format", "jsonl"], '{"text": "a", "text": "b"}', "got the key 'text' more than once in one object\n"),
        (["--format", "jsonl"], '{"text": "\\ud800"}', "half of a surrogate pair"),
        (["--format", "jsonl"], '{"id": 1' + "0" * 5000 + "}", "which is too large"),
        (["--format", "jsonl"], "[" * 100_000, "nested too deeply"),
        ([], b"good\n\xff", "standard input:2: expected UTF-8 text, got byte 0xff"),
        (["--batch-size", "0"], "a", "batch_size must be at least 1"),
        (["--max-length", "4096"], "a", "at most 64 subwords"),
        (["--threads", "0"], "a", "--threads must be at least 1"),
        (["--device", "cuda:99"], "a", "device must be one that PyTorch finds here, cpu"),
        (["--no-answer-threshold", "1"], "a", "for a model that answers questions, got 1.0 for token_classification"),
    ],
)
def test_bad_input_ends_with_code_2_and_one_message(
    run, tagger: Path, arguments: list[str], stdin: str | bytes, message: str
) -> None:
    code, output, errors = run("predict", tagger, *arguments, stdin=stdin)
    assert (code, output) == (2, "")
    assert message in errors
    assert errors.startswith("charbert: error: ") and errors.count("\n") == 1


@pytest.mark.parametrize("command", ["score", "serve"])
def test_a_device_that_is_not_there_is_refused_before_any_work(run, tagger: Path, tmp_path: Path, command: str) -> None:
    write_conll(tmp_path / "set.conll", [TaggedSentence(("Ada", "left"), ("B-PER", "O"))])
    rest = ("--task", "ner", "--set", tmp_path / "set.conll") if command == "score" else ()
    code, output, errors = run(command, tagger, *rest, "--device", "cuda:99")
    assert (code, output) == (2, "")
    assert "device must be one that PyTorch finds here, cpu" in errors


def test_unknown_models_and_arguments_end_with_code_2(run, tmp_path: Path) -> None:
    code, _, message = run("predict", tmp_path)
    assert code == 2 and "expected the folder of a fine-tuned model" in message
    for arguments in ([], ["predict"], ["predict", "m", "--format", "xml"], ["serve", "m", "--port", "x"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2


def test_services_of_different_heads_are_not_compared(run, tagger: Path, classifier: Path) -> None:
    code, _, message = run("serve", tagger, "--compare", classifier)
    assert code == 2
    assert "--compare needs a model with the same head, got token_classification and sequence_class" in message


def test_typos_are_corrected_with_words_alone(run, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("the keeper counted the ships")
    (tmp_path / "letter.txt").write_text("The  kepeer!\n")
    for files_first in (True, False):
        options = ["--counts", tmp_path / "text.txt", "--quiet"]
        files = [tmp_path / "letter.txt", "-"]
        arguments = [*files, *options] if files_first else [*options, *files]
        assert run("correct", "repair", *arguments, stdin="Cuonted\n") == (0, "The  keeper!\nCounted\n", "")
    code, output, message = run("correct", "repair", stdin="x")
    assert (code, output) == (2, "") and message.startswith("charbert: error: repair needs words: --counts FILE")
    code, output, message = run("correct", "repair", "--counts", tmp_path / "text.txt", stdin=b"a\n\xff")
    assert (code, output) == (2, "") and "standard input:2: expected UTF-8 text, got byte 0xff" in message


def test_unknown_options_are_refused_and_files_may_follow_options(run, tagger: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text(TEXTS[0])
    code, output, _ = run("predict", tagger, "--batch-size", "2", tmp_path / "texts.txt")
    assert code == 0 and json.loads(output)["text"] == TEXTS[0]
    for arguments in (["predict", str(tagger), "--quiet", "--batch"], ["export", str(tagger), "x", "y"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2


@pytest.mark.parametrize(
    ("command", "texts"),
    [
        ("predict", ["MODEL", "--max-length"]),
        ("serve", ["MODEL", "--max-body-bytes", "gets 413"]),
        ("correct", ["MODEL           repair, dictionary, or folder of a model", "(default: 0.5)"]),
    ],
)
def test_help_names_every_option(capsys: pytest.CaptureFixture[str], command: str, texts: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert [text for text in [*texts, "examples:"] if text not in shown] == []


@pytest.mark.slow
def test_the_module_runs_as_a_program_and_a_closed_pipe_is_no_error(tagger: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("Seven ships\n" * 1500)  # whose answers fill more than a pipe
    command = f'"{sys.executable}" -m charbert predict "{tagger}" "{path}" --quiet | head -n 1; echo ${{PIPESTATUS[0]}}'
    environment = os.environ | {"LC_ALL": "C"}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=120)
    first, code = done.stdout.splitlines()
    assert json.loads(first)["text"] == "Seven ships"
    assert code == "0"
    assert done.stderr == ""


def test_no_column_is_left_out_silently(run, tagger: Path, classifier: Path, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("one,two,three\nShips,Towers,Seas\n")
    columns = ("--column", "one", "--column", "two")
    assert run("predict", classifier, path, *columns)[0] == 0
    for model, more, most in ((tagger, (), 1), (classifier, ("--column", "three"), 2)):
        code, output, message = run("predict", model, path, *columns, *more)
        assert (code, output) == (2, "") and f"--column: expected at most {most} with a model for" in message


def test_a_column_of_a_table_is_read_and_a_table_without_it_warns(run, classifier: Path, tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text('day,review\n1,"Quick, and\nfriendly."\n2,Slow.\n', encoding="utf-8")
    code, output, message = run("predict", classifier, path, "--column", "review", "--quiet")
    texts = [json.loads(line)["text"] for line in output.splitlines()]
    assert (code, texts, message) == (0, ["Quick, and friendly.", "Slow."], "")
    code, output, message = run("predict", classifier, path, "--quiet")
    assert (code, len(output.splitlines())) == (0, 4)
    assert "reviews.csv: each line of the table is read as a text; --column NAME reads one column" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("reviews.csv", "--column", "none"),
            "reviews.csv:1: expected a header with the columns none, got day, review",
        ),
        (("-", "--column", "review"), "--column reads tables from files, got standard input"),
        (("rows.jsonl", "--column", "review"), "rows.jsonl:2: expected a text in the column review, got none"),
        (("rows.parquet",), "rows.parquet: expected the column of the texts of a table; give --column NAME"),
    ],
)
def test_a_table_without_its_column_ends_with_one_message(
    run, classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews.csv").write_text("day,review\n1,Quick.\n")
    (tmp_path / "rows.jsonl").write_text('{"review": "Quick."}\n{"reveiw": "Slow."}\n')
    code, _, shown = run("predict", classifier, *arguments)
    assert code == 2
    assert message in shown
