from charbert.records import ResultRecord
from charbert.reporting.render.layout import render_markdown
from charbert.reporting.tables.perplexity import perplexity_table


def record(model: str, finished: str = "", compared: str = "same", **metrics: float) -> ResultRecord:
    settings = {"model": {"name": model}, "recipe": "quick", "trunk": {"name": "t"}, "data": {"name": "d"}}
    settings["perplexity"] = {"mask": "word"}
    details = {
        "compared": compared,
        "ngram": {"order": 3, "words": 1000, "subwords": 1500},
        "words": {"all": 90, "unchanged": 40},
    }
    common = {"ngram/clean/all/word_perplexity": 300.0}
    return ResultRecord("perplexity", "e", model, model, settings, 1, common | metrics, details, finished=finished)


CHARBERT = {
    "mlm/clean/all/word_perplexity": 20.0,
    "mlm/attacked/unchanged/word_perplexity": 9.0,
    "nlm/attacked/noised/accuracy": 0.25,
    "nlm/attacked/noised/perplexity": 50.0,
}


def test_encoders_and_ngrams_are_rows_perplexities_are_no_percent_and_accuracy_is() -> None:
    table = perplexity_table([record("CharBERT", **CHARBERT), record("BERT")])
    assert [row.label for row in table.rows] == ["BERT", "CharBERT", "3-grams"]
    assert table.cell("CharBERT", "all words, original").mean == 20.0
    assert table.cell("CharBERT", "NLM accuracy, noised words").mean == 25.0
    assert table.cell("BERT", "NLM accuracy, noised words").mean is None
    assert table.cell("3-grams", "all words, original").mean == 300.0
    assert table.cell("3-grams", "NLM perplexity, noised words").mean is None
    text = render_markdown(table)
    assert "90 words and punctuation marks, 40 of them left alone" in text
    assert "counted on 1000 words" in text


def test_the_later_record_of_a_model_counts() -> None:
    early, late = (record("BERT", f"2026-01-0{day}", **{"mlm/clean/all/word_perplexity": 10.0 * day}) for day in (1, 2))
    assert perplexity_table([late, early]).cell("BERT", "all words, original").mean == 20.0
