"""Reads and writes SQuAD files (1.1 and 2.0) as questions about passages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from charbert.data.readers.example_errors import ExampleError
from charbert.errors import DataError
from charbert.files import read_text, write_atomically
from charbert.serialization import parse_strictly
from charbert.text.codepoints import composed


@dataclass(frozen=True)
class Answer:
    """An answer that is in the context from character ``start``."""

    text: str
    start: int
    moved: bool = field(default=False, compare=False)
    """Whether the file gave a wrong start."""


@dataclass(frozen=True)
class Question:
    """A question about a context, with its answers; without any, the context does not answer it."""

    question_id: str
    question: str
    context: str
    answers: tuple[Answer, ...]
    title: str = ""
    """Article of the context."""
    article: int = field(default=0, compare=False)
    """Index of the article in its file."""
    place: str = field(default="", compare=False)
    """File and question id, for errors."""


def read_squad(path: Path | str, *, no_answers: bool, errors: list[ExampleError] | None = None) -> list[Question]:
    """Return the questions of a SQuAD file, in its order.

    An answer that is not at its ``answer_start`` is moved to its nearest occurrence and marked. Plausible answers of
    SQuAD 2.0 are not read.

    Args:
        path: the file, JSON in UTF-8.
        no_answers: whether a question may have no answer.
        errors: None: a malformed question is an error. A list: it is left out and added to the list.

    Raises:
        DataError: with the line, if the file is missing or not of this layout, a question's id repeats, its
            answers contradict ``is_impossible``, or an answer is not in its context.
    """
    path = Path(path)
    text = read_text(path, "a SQuAD file (JSON)")
    try:
        content = parse_strictly(text)
    except json.JSONDecodeError as error:
        lines = error.msg == "Extra data"
        hint = "a SQuAD file is one object, not one a line" if lines else "is the file truncated?"
        raise DataError.at(path, error.lineno, expected="JSON", found=error.msg, hint=hint) from None
    except ValueError as error:
        raise DataError.at(path, None, expected="JSON", found=str(error)) from None
    questions = list(_questions(_Node(path, text, content), no_answers, errors))
    if not questions:
        raise DataError.at(path, None, expected="at least one question", found="none", hint="is it empty?")
    return questions


def write_squad(path: Path | str, questions: Sequence[Question], version: str = "v2.0") -> None:
    """Write questions as a SQuAD file that `read_squad` reads back.

    Consecutive questions of one article are grouped, and those with the same context share a paragraph.

    Raises:
        DataError: if an id repeats or an answer is not at its start; nothing is written then.
    """
    seen: set[str] = set()
    for question in questions:
        wrong = [answer for answer in question.answers if not _stands(question.context, answer)]
        if wrong or question.question_id in seen:
            problem = f"{wrong[0]!r} in" if wrong else "again the id of"
            expected = "answers at their start in the context, and ids that occur once"
            raise DataError.at(path, None, expected=expected, found=f"{problem} question {question.question_id!r}")
        seen.add(question.question_id)
    articles = []
    for (title, _), group in groupby(questions, key=lambda question: (question.title, question.article)):
        paragraphs = [
            {"context": context, "qas": [_to_json(question) for question in same]}
            for context, same in groupby(group, key=lambda question: question.context)
        ]
        articles.append({"title": title, "paragraphs": paragraphs})
    write_atomically(path, json.dumps({"version": version, "data": articles}, ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class _Node:
    """A part of the JSON file with its place."""

    path: Path
    text: str
    value: Any
    name: str = "the file"
    near: str | None = None
    """A string of the file close to this part."""

    @property
    def place(self) -> str:
        """File and line, found by searching the file."""
        if self.near is None:
            return str(self.path)
        at = max(self.text.find(json.dumps(self.near)), self.text.find(json.dumps(self.near, ensure_ascii=False)))
        return str(self.path) if at < 0 else f"{self.path}:{self.text.count(chr(10), 0, at) + 1}"

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        """Return a member of this object after checking its type."""
        value = self.value.get(key, default) if isinstance(self.value, Mapping) else None
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        raise DataError(
            f"{self.place}: expected {kind.__name__} {key!r} in {self.name}, "
            f"got {'none' if value is None else type(value).__name__}; the form of SQuAD is in docs/guide.md"
        )

    def each(self, key: str, name: str, default: Any = None) -> Iterator[_Node]:
        """Yield the members of a list in this object."""
        for number, value in enumerate(self.get(key, list, default)):
            inner = value if isinstance(value, Mapping) else {}
            near = inner.get("id") or inner.get("title") or self.near
            near = near if isinstance(near, str) else None
            yield _Node(self.path, self.text, value, f"{name} {number} of {self.name}", near)


def _questions(root: _Node, no_answers: bool, errors: list[ExampleError] | None) -> Iterator[Question]:
    seen: set[str] = set()
    number = -1
    for article_number, article in enumerate(root.each("data", "article")):
        title = article.get("title", str, "")
        for paragraph in article.each("paragraphs", "paragraph"):
            context = paragraph.get("context", str)
            for entry in paragraph.each("qas", "question"):
                number += 1
                try:
                    question = _question(entry, context, title, article_number)
                    _check_question(entry, question, no_answers, seen)
                except DataError as error:
                    if errors is None:
                        raise
                    content = json.dumps(entry.value, ensure_ascii=False)
                    errors.append(ExampleError(number, entry.place, str(error), content))
                    continue
                seen.add(question.question_id)
                yield question


def _question(entry: _Node, context: str, title: str, article: int) -> Question:
    answers = tuple(_answer(entry, node, context) for node in entry.each("answers", "answer", []))
    return Question(
        question_id=entry.get("id", str),
        question=entry.get("question", str),
        context=context,
        answers=answers,
        title=title,
        article=article,
        place=f"{entry.path}, question {entry.value['id']!r}",
    )


def _check_question(entry: _Node, question: Question, no_answers: bool, seen: Set[str]) -> None:
    if question.question_id in seen:
        raise DataError(
            f"{entry.place}: expected question ids that occur once, got {question.question_id!r} again; "
            "was the file joined from two?"
        )
    if not question.answers and not no_answers:
        raise DataError(
            f"{entry.place}: expected an answer to question {question.question_id!r}, got none; "
            "set task.spans.no_answers=true for SQuAD 2.0"
        )
    impossible = entry.get("is_impossible", bool, not question.answers)
    if impossible == bool(question.answers):
        raise DataError(
            f"{entry.place}: expected answers or is_impossible, not both, got {len(question.answers)} "
            f"answers and is_impossible={impossible} in question {question.question_id!r}"
        )


def _answer(entry: _Node, node: _Node, context: str) -> Answer:
    answer = Answer(node.get("text", str), node.get("answer_start", int))
    if answer.text and _stands(context, answer):
        return answer
    starts = list(occurrences(context, answer.text)) if answer.text else []
    if not starts:
        same = composed(answer.text) in composed(context) and answer.text
        hint = "compose the letters of both (NFC)" if same else "correct the text of the answer"
        raise DataError(
            f"{entry.place}: expected the answer {answer.text!r} in the context of question "
            f"{entry.value.get('id')!r}, got a context without it; {hint}"
        )
    nearest = min(starts, key=lambda start: abs(start - answer.start))
    return Answer(answer.text, nearest, moved=True)


def occurrences(context: str, text: str) -> Iterator[int]:
    """Yield the places of a text, those that overlap too."""
    at = context.find(text)
    while at >= 0:
        yield at
        at = context.find(text, at + 1)


def _stands(context: str, answer: Answer) -> bool:
    return answer.start >= 0 and context.startswith(answer.text, answer.start)


def _to_json(question: Question) -> dict[str, Any]:
    return {
        "question": question.question,
        "id": question.question_id,
        "answers": [{"text": answer.text, "answer_start": answer.start} for answer in question.answers],
        "is_impossible": not question.answers,
    }
