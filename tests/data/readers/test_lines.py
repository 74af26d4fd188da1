from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.lines import check_aligned
from charbert.data.readers.squad import Answer, Question
from charbert.errors import DataError

QUESTIONS = [Question(name, "Who?", "Nobody.", (Answer("Nobody", 0),), place=f"clean, {name}") for name in "abc"]
ATTACKED = [replace(question, question="Whho?", place="copy") for question in QUESTIONS]
SAME = {name: attrgetter(name) for name in ("question_id", "context", "answers")}


@pytest.mark.parametrize(("name", "value"), [("context", "Nobdy."), ("answers", ()), ("question_id", "z")])
def test_the_first_misalignment_is_named(name: str, value: Any) -> None:
    check_aligned(QUESTIONS, ATTACKED, Path("dev.json"), "question", SAME)
    changed = [ATTACKED[0], replace(ATTACKED[1], **{name: value}), ATTACKED[2]]
    with pytest.raises(DataError, match=rf"dev\.json, question 1 \(copy, of .* clean, b\): expected {name} "):
        check_aligned(QUESTIONS, changed, Path("dev.json"), "question", SAME)


def test_another_number_of_examples_is_refused_and_lines_are_named() -> None:
    with pytest.raises(DataError, match="expected 3 attacked questions, as many as clean ones, got 2"):
        check_aligned(QUESTIONS, ATTACKED[:2], Path("dev.json"), "question", SAME)
    sentences = [TaggedSentence(("Anna",), (tag,), line=line) for tag, line in (("O", 1), ("B-PER", 7))]
    with pytest.raises(DataError, match=r"\(line 7, of the clean set line 1\): expected tags .*'O'.* got .*'B-PER'"):
        check_aligned(sentences[:1], sentences[1:], Path("ner"), "sentence", {"tags": attrgetter("tags")})
