import pytest

from charbert.config.data.sets import ColumnSettings, FoldSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.data.readers.squad import Question
from charbert.errors import SettingsError
from charbert.tasks.classification.task import ClassificationTask
from charbert.tasks.folds import cut_folds, take_fold
from charbert.tasks.tagging.entities import NamedEntityTask

TASK = ClassificationTask("pairs", "accuracy", ColumnSettings(first="one", second="two"))
ROWS = [LabeledText(f"Q{i}?", f"S{i // 2}.", "yes" if i % 2 else "no", str(i)) for i in range(40)]


def test_each_example_is_tested_in_one_fold_with_its_attacked_copy() -> None:
    copy = [LabeledText(f"x{row.first}", row.second, row.label, row.row_id) for row in ROWS]
    tested: list[str | None] = []
    for fold in cut_folds(TASK, ROWS, FoldSettings(number=4)):
        sets, test = take_fold(fold, ROWS, {"clean": ROWS, "released": copy})
        assert len(sets["train"]) + len(sets["dev"]) + len(test["clean"]) == len(ROWS)
        assert [row.first for row in test["released"]] == [f"x{row.first}" for row in test["clean"]]
        tested += [row.row_id for row in test["clean"]]
    assert sorted(tested, key=str) == sorted((row.row_id for row in ROWS), key=str)


def test_articles_keep_rows_together_that_share_no_text() -> None:
    articles = [Question(str(i), f"Q{i}?", f"Context {i}.", (), f"article {i // 8}") for i in range(40)]
    for fold in cut_folds(TASK, ROWS, FoldSettings(number=5), articles=articles):
        assert {len(part) % 8 for part in (fold.train, fold.dev, fold.test)} == {0}


def test_repeated_sentences_of_different_documents_stay_together() -> None:
    sentences = [TaggedSentence((f"word{i % 9}",), ("O",), document=i) for i in range(18)]
    for fold in cut_folds(NamedEntityTask("ner", "f1"), sentences, FoldSettings(number=3)):
        train, dev, test = ({sentences[i].words for i in part} for part in (fold.train, fold.dev, fold.test))
        assert not (train & dev or train & test or dev & test)


@pytest.mark.parametrize("first", [-1, 5, 6])
def test_running_more_folds_than_exist_is_refused(first: int) -> None:
    with pytest.raises(SettingsError, match=rf"folds\.run_first must be below folds\.number, 5, or 0.*got {first}"):
        FoldSettings(number=5, run_first=first)


@pytest.mark.parametrize(("number", "fold"), [(1, 0), (2, 0), (5, 5), (0, 1), (5, -1)])
def test_an_impossible_number_of_folds_is_refused(number: int, fold: int) -> None:
    with pytest.raises(SettingsError, match=r"folds\."):
        FoldSettings(number=number, fold=fold)
