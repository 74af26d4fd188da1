"""How questions with contexts and answers are read and changed: answers are located again in a changed context."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

from charbert.data.readers.squad import Answer, Question, occurrences
from charbert.preparation.adapter import ExampleAdapter, Normalize
from charbert.preparation.rewriting import Rewritten, Words, rewrite_text, text_words
from charbert.text.words import replace_words, split_words, words_of


class QuestionAdapter(ExampleAdapter[Question]):
    """Questions about contexts, with the answers in them.

    Args:
        no_answers: whether a question may have no answer.
    """

    name_field = "question_id"

    def __init__(self, *, no_answers: bool) -> None:
        self.no_answers = no_answers

    def texts(self, example: Question) -> tuple[str, ...]:
        """Return question and context."""
        return (example.question, example.context)

    def lengths(self, example: Question) -> tuple[int, ...]:
        """Return the words of the question."""
        return (len(split_words(example.question)),)

    def normalize(self, example: Question, normalize: Normalize) -> Question | None:
        """Normalize question, context and answers; None if an answer cannot be located again with certainty."""
        context = normalize(example.context, True)
        answers = []
        for answer in example.answers:
            carried = carry_answer(example.context, context, answer, lambda text: normalize(text, True))
            if carried is None:
                return None
            answers.append(carried)
        return replace(example, question=normalize(example.question, False), context=context, answers=tuple(answers))

    def verdict(self, example: Question) -> Hashable:
        """Return the answers' texts."""
        return frozenset(answer.text for answer in example.answers)

    def problem(self, example: Question) -> str:
        """Name what is missing, or an answer that is not at its place."""
        if not example.question.strip() or not example.context.strip():
            return "a text is empty"
        if not example.answers and not self.no_answers:
            return "no answer"
        wrong = [answer for answer in example.answers if not example.context.startswith(answer.text, answer.start)]
        return f"the answer {wrong[0].text!r} is not at its place" if wrong else ""

    def kinds(self, example: Question) -> set[str]:
        """Return whether the question has an answer."""
        return {"answer" if example.answers else "no answer"}

    def sentences(self, example: Question) -> list[list[str]]:
        """Return the words of the question. Paper: Sec. 4.5, in SQuAD only the questions are attacked."""
        return [words_of(example.question)]

    def with_sentences(self, example: Question, sentences: Sequence[Sequence[str]]) -> Question:
        """Return the question with other words; context and answers stay as they are."""
        (words,) = sentences
        return replace(example, question=replace_words(example.question, split_words(example.question), words)[0])

    def raw_texts(self, example: Question) -> tuple[str, ...]:
        """Return the question."""
        return (example.question,)

    def with_raw_texts(self, example: Question, texts: Sequence[str]) -> Question:
        """Return another question about the same context."""
        (question,) = texts
        return replace(example, question=question)

    def words(self, example: Question, *, contexts: bool = False) -> list[Words]:
        """Return the words of the question, and those of the context outside the answers."""
        words = [text_words(example.question)]
        return [*words, text_words(example.context, _answer_spans(example))] if contexts else words

    def rewrite(self, example: Question, rewritten: Sequence[Rewritten]) -> Question | None:
        """Return the question with other words, its answers at their new places."""
        question = rewrite_text(example.question, split_words(example.question), rewritten[0].words).text
        if not question.strip():
            return None
        if len(rewritten) == 1:
            return replace(example, question=question)
        context = rewrite_text(example.context, split_words(example.context), rewritten[1].words)
        answers = []
        for answer in example.answers:
            place = context.place(answer.start, len(answer.text))
            if place is None:
                return None
            answers.append(replace(answer, start=place))
        return replace(example, question=question, context=context.text, answers=tuple(answers))

    def describe(self, example: Question) -> dict[str, Any]:
        """Return the question with its context and answers."""
        return {
            "id": example.question_id,
            "question": example.question,
            "context": example.context,
            "answers": [{"text": answer.text, "answer_start": answer.start} for answer in example.answers],
            "title": example.title,
        }


def carry_answer(before: str, after: str, answer: Answer, normalize: Callable[[str], str]) -> Answer | None:
    """Return the answer in a context that was normalized, None if its place is not certain.

    It is certain where the normalized parts before, in and after the answer make the normalized context, or where the
    normalized answer occurs as often as the answer did: then it is the occurrence of the same number.
    """
    if before == after:
        return answer
    end = answer.start + len(answer.text)
    text, start = normalize(answer.text), len(normalize(before[: answer.start]))
    if not text:
        return None
    if normalize(before[: answer.start]) + text + normalize(before[end:]) == after:
        return replace(answer, text=text, start=start)
    old, new = list(occurrences(before, answer.text)), list(occurrences(after, text))
    return replace(answer, text=text, start=new[old.index(answer.start)]) if len(old) == len(new) else None


def _answer_spans(question: Question) -> list[tuple[int, int]]:
    return [(answer.start, answer.start + len(answer.text)) for answer in question.answers]
