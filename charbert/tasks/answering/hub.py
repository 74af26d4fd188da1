"""Splits on the hub to questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charbert.data.readers.squad import Answer, Question

if TYPE_CHECKING:
    from charbert.data.readers.hub import HubRows


def hub_questions(rows: HubRows) -> list[Question]:
    """Return the questions of a split.

    Raises:
        DataError: naming the first row without a text, or with answers in another form.
    """
    questions: list[Question] = []
    article = 0
    read = rows.read("id", "question", "context", "answers", optional={"title": ""})
    for number, (question_id, question, context, answers, title) in enumerate(read):
        if questions and questions[-1].title != title:
            article += 1
        row_answers = _answers(rows, answers, number)
        questions.append(
            Question(
                rows.text(question_id, number, "id"),
                rows.text(question, number, "question"),
                rows.text(context, number, "context"),
                row_answers,
                rows.text(title, number, "title"),
                article,
            )
        )
    return questions


def _answers(rows: HubRows, answers: Any, number: int) -> tuple[Answer, ...]:
    """Return the answers to the question of a row; lists of texts and starts, both as long."""
    texts, starts = (answers.get(name) if isinstance(answers, dict) else None for name in ("text", "answer_start"))
    known = rows.texts(texts, number, "answers.text")
    if not isinstance(starts, list) or len(starts) != len(known) or not all(isinstance(start, int) for start in starts):
        raise rows.error(number, f"{len(known)} starts, one an answer, in answers.answer_start", starts)
    return tuple(Answer(text, start) for text, start in zip(known, starts, strict=True))
