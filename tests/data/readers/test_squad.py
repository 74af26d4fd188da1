import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from charbert.data.readers.squad import Answer, Question, read_squad, write_squad
from charbert.errors import DataError

CONTEXT = "The ferry left at noon. At noon it rained."


def entry(question_id: str, *answers: tuple[str, int], **more: Any) -> dict[str, Any]:
    given = [{"text": text, "answer_start": start} for text, start in answers]
    return {"id": question_id, "question": "When did the ferry leave?", "answers": given, **more}


def squad_file(folder: Path, *entries: dict[str, Any], indent: int | None = 1) -> Path:
    data = [{"title": "Ferries", "paragraphs": [{"context": CONTEXT, "qas": list(entries)}]}]
    path = folder / "dev.json"
    path.write_text(json.dumps({"version": "1", "data": data}, indent=indent), encoding="utf-8")
    return path


def test_questions_carry_article_context_and_answers(tmp_path: Path) -> None:
    path = squad_file(tmp_path, entry("a", ("noon", 18), ("at noon", 15)), entry("b", is_impossible=True))
    first, second = read_squad(path, no_answers=True)
    assert first.answers == (Answer("noon", 18), Answer("at noon", 15))
    assert (first.title, first.context, second.answers) == ("Ferries", CONTEXT, ())


def test_plausible_answers_are_no_answers(tmp_path: Path) -> None:
    plausible = [{"text": "noon", "answer_start": 18}]
    path = squad_file(tmp_path, entry("a", is_impossible=True, plausible_answers=plausible))
    assert read_squad(path, no_answers=True)[0].answers == ()


def test_a_wrong_start_is_moved_to_the_nearest_occurrence_and_marked(tmp_path: Path) -> None:
    path = squad_file(tmp_path, entry("a", ("noon", 29)), entry("b", ("noon", 0)), entry("c", ("noon", -4)))
    answers = [question.answers[0] for question in read_squad(path, no_answers=False)]
    assert [(answer.start, answer.moved) for answer in answers] == [(27, True), (18, True), (18, True)]


def test_an_answer_whose_letters_are_decomposed_is_named(tmp_path: Path) -> None:
    path = squad_file(tmp_path, entry("a", ("cafe\u0301", 0)))
    path.write_text(path.read_text(encoding="utf-8").replace(CONTEXT, "A caf\u00e9."), encoding="utf-8")
    with pytest.raises(DataError, match=r"dev\.json:\d+: .* compose the letters of both"):
        read_squad(path, no_answers=False)


def test_json_lines_are_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "Who?"}\n{"question": "When?"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"rows\.jsonl:2: expected JSON, .* one object, not one a line"):
        read_squad(path, no_answers=False)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([entry("a", ("midnight", 3))], r"dev\.json:\d+: expected the answer 'midnight' in the context.*'a'"),
        ([entry("a", ("", 3))], "expected the answer ''"),
        ([entry("a", ("noon", 18)), entry("a", ("noon", 18))], r":\d+: expected question ids that occur once"),
        ([entry("a")], r"expected an answer to question 'a'.*no_answers=true"),
        ([entry("a", ("noon", 18), is_impossible=True)], "expected answers or is_impossible, not both"),
        ([{"id": "a", "answers": []}], "expected str 'question' in question 0 of paragraph 0 of article 0"),
        ([entry("a", ("noon", True))], "expected int 'answer_start'"),
        ([], "expected at least one question"),
    ],
)
def test_bad_questions_are_refused(tmp_path: Path, entries: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_squad(squad_file(tmp_path, *entries), no_answers=False)


def test_the_line_of_a_bad_question_is_named(tmp_path: Path) -> None:
    path = squad_file(tmp_path, entry("good", ("noon", 18)), entry("bad", ("midnight", 3)))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if '"bad"' in text)
    with pytest.raises(DataError, match=rf"dev\.json:{line}: "):
        read_squad(path, no_answers=False)


def test_a_file_that_is_cut_short_is_refused_with_its_line(tmp_path: Path) -> None:
    path = squad_file(tmp_path, entry("a", ("noon", 18)))
    path.write_text("\n".join(path.read_text().splitlines()[:5]))
    with pytest.raises(DataError, match=r"dev\.json:\d+: expected JSON"):
        read_squad(path, no_answers=False)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    questions = [
        Question("a", "Où est-ce ?", "Là-bas, à Sète 🚢.", (Answer("Sète", 10),), "Ports", 0),
        Question("b", "Quand ?", "Là-bas, à Sète 🚢.", (), "Ports", 0),
        Question("c", "Who?", "Nobody.", (Answer("Nobody", 0),), "Nobody", 1),
        Question("d", "Who?", "No one.", (), "Nobody", 1),
    ]
    write_squad(tmp_path / "dev.json", questions)
    assert read_squad(tmp_path / "dev.json", no_answers=True) == questions


def test_nothing_is_written_when_an_answer_is_not_in_its_place(tmp_path: Path) -> None:
    good = Question("a", "Who?", "Nobody.", (Answer("Nobody", 0),))
    for bad in (replace(good, question_id="b", answers=(Answer("Nobody", 1),)), good):
        with pytest.raises(DataError, match="at their start"):
            write_squad(tmp_path / "dev.json", [good, bad])
    assert not list(tmp_path.iterdir())
