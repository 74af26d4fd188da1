from charbert.records import ResultRecord
from charbert.reporting.leaderboard.board import TaskScores, build_board
from charbert.reporting.leaderboard.page import render_leaderboard
from charbert.reporting.render.layout import Cell, Column, Row, Table

COLUMNS = (
    Column("NER F1", "original", "eval/ner/f1"),
    Column("NER F1", "attack", "attack/ner/charbert/f1"),
    Column("NER F1", "OCR", "attack/ner/ocr/f1"),
)


def finetuned(model: str, seconds: float) -> ResultRecord:
    record = ResultRecord("finetune", "e", f"ner-{model}", "k", {"model": {"name": model}}, 1)
    record.details, record.hardware = {"parameters": {"total": 22_000_000}}, {"cpu": "a processor"}
    record.wall_seconds = seconds
    return record


def board(*rows: Row) -> dict:
    table = Table("t", COLUMNS, rows, "Recipe quick.", ("A note.",))
    return build_board([TaskScores("ner", table, [], [finetuned("BERT", 90), finetuned("BERT", 150)])])


def test_an_entry_has_scores_the_mean_under_noise_and_the_cost() -> None:
    made = board(Row("BERT", (Cell((90.0, 91.0)), Cell((40.0,)), Cell((60.0,)))))
    assert made["boards"] == [
        {
            "title": "NER F1",
            "task": "ner",
            "sets": ["original", "attack", "OCR"],
            "clean": ["original"],
            "about": "Recipe quick. A note.",
        }
    ]
    (entry,) = made["models"]
    assert entry["scores"]["NER F1"]["original"] == {"mean": 90.5, "std": 0.71, "seeds": 2}
    assert entry["under_noise"] == {"NER F1": 50.0}
    assert entry["training"]["ner"]["parameters"] == 22_000_000
    assert entry["training"]["ner"]["minutes"] == 2.0
    assert entry["training"]["ner"]["records"] == ["ner-BERT-k"]


def test_a_model_without_a_score_on_some_noise_has_no_mean_under_noise() -> None:
    made = board(Row("BERT", (Cell((90.0,)), Cell((40.0,)), Cell())), Row("CharBERT", (Cell(), Cell(), Cell())))
    (entry,) = made["models"]  # a row without scores is no entry
    assert entry["under_noise"] == {}
    assert set(entry["scores"]["NER F1"]) == {"original", "attack"}


def test_names_are_short_and_what_they_mean_is_kept() -> None:
    made = board(Row("CharBERT (pretrained)", (Cell((90.0,)), Cell((40.0,)), Cell((50.0,)))))
    (entry,) = made["models"]
    assert (entry["name"], entry["model"]) == ("CharBERT-P", "CharBERT (pretrained)")
    assert "models/charbert-minilm" in entry["about"]


def test_no_name_can_end_the_script_of_the_page() -> None:
    page = render_leaderboard(board(Row("</script><b>", (Cell((90.0,)), Cell((40.0,)), Cell((50.0,))))))
    assert page.count("</script>") == 1
    assert "src=" not in page and "http" not in page
