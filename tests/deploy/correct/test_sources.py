from pathlib import Path

import pytest
import torch
from transformers import BertConfig, PreTrainedTokenizerFast

from charbert.data.pretraining.word_vocab import WordVocab
from charbert.deploy.correct.sources import load_any_corrector
from charbert.errors import CharBertError
from charbert.evaluation.nlm_correction import NlmCorrector
from charbert.model import CharBertForPreTraining
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.word_recognizer.correction import WordCorrector
from charbert.model.word_recognizer.network import WordRecognizer, WordRecognizerConfig
from charbert.text.char_vocab import CharVocab
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules

FORMS = [["The", "kepeer", "conutd", "ships"]]


@pytest.fixture
def counts(tmp_path: Path) -> Path:
    (tmp_path / "counts.tsv").write_text("the\t90000\nkeeper\t300\ncounted\t200\nships\t100\n")
    return tmp_path / "counts.tsv"


@pytest.fixture(scope="module")
def pretrained(
    tmp_path_factory: pytest.TempPathFactory, uncased_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> Path:
    """The run of a CharBERT with both heads."""
    folder = tmp_path_factory.mktemp("run") / "model"
    words = WordVocab(["the", "keeper", "counted", "ships"])
    trunk = BertConfig(
        vocab_size=len(uncased_tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    channels = {"char_vocab": char_vocab.to_dict(), "char_embedding_size": 8}
    CharBertForPreTraining.from_trunk(trunk, **channels, nlm_vocab_size=len(words)).save_pretrained(folder)
    CharBertTokenizer(uncased_tokenizer, char_vocab).save_pretrained(folder)
    words.save(folder / "word_vocab.json")
    return folder.parent


def test_words_with_counts_are_all_that_a_dictionary_needs(counts: Path) -> None:
    strict = load_any_corrector(Path("dictionary"), counts=counts)
    repair = load_any_corrector(Path("repair"), counts=counts)
    assert strict.correct_many(FORMS) == [["The", "keeper", "conutd", "ships"]]  # two edits
    assert repair.correct_many(FORMS) == [["The", "keeper", "counted", "ships"]]


def test_a_folder_gives_its_own_corrector(tmp_path: Path, tagger: Path, char_vocab: CharVocab) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_bytes((tagger / "config.json").read_bytes())
    DictionaryCorrector({"keeper": 1}, DictionaryRules()).save(model)
    for folder in (model, tmp_path):
        assert load_any_corrector(folder).correct_many(FORMS) == [["The", "keeper", "conutd", "ships"]]
    torch.manual_seed(0)
    recognizer = WordRecognizer(
        WordRecognizerConfig(words=["the", "keeper"], char_vocab=char_vocab.to_dict(), hidden_size=8)
    )
    recognizer.save_pretrained(tmp_path / "recognizer")
    behind = tmp_path / "behind"
    behind.mkdir()
    (behind / "config.json").write_bytes((tagger / "config.json").read_bytes())
    WordCorrector(recognizer).save(behind)
    expected = WordCorrector(recognizer).correct_many(FORMS)
    assert load_any_corrector(tmp_path / "recognizer").correct_many(FORMS) == expected
    assert load_any_corrector(behind).correct_many(FORMS) == expected


def test_a_text_in_lower_case_stays_so(tmp_path: Path, tagger: Path) -> None:
    (tmp_path / "config.json").write_bytes((tagger / "config.json").read_bytes())
    corrector = DictionaryCorrector(
        {"keeper": 3, "london": 1}, DictionaryRules(), capitalized={"london"}, restores_case=True
    )
    corrector.save(tmp_path)
    forms = [["keeper", "of", "lodnon"]]
    assert corrector.correct_many(forms) == [["Keeper", "of", "London"]]
    assert load_any_corrector(tmp_path).correct_many(forms) == [["keeper", "of", "london"]]


def test_a_pretrained_model_corrects_with_its_head(pretrained: Path) -> None:
    assert isinstance(load_any_corrector(pretrained, threshold=0.7), NlmCorrector)


@pytest.mark.parametrize(
    ("model", "options", "problem"),
    [
        ("repair", {}, "repair needs words: --counts FILE"),
        ("dictionary", {"counts": "counts.tsv", "threshold": 0.5}, "--threshold is of an NLM head"),
        ("repair", {"counts": "none.tsv"}, "none.tsv: expected"),
        ("pretrained", {"counts": "counts.tsv"}, "--counts is read with dictionary and repair"),
        ("pretrained", {"threshold": 1.0}, r"--threshold must be in \[0, 1\), got 1.0"),
        ("pretrained", {"batch_size": 0}, "--batch-size must be at least 1"),
        ("tagger", {}, "expected a model with a corrector .* got none of them"),
        ("tagger", {"counts": "counts.tsv"}, "--counts is read with dictionary and repair; leave it out with"),
        ("tagger", {"threshold": 0.5}, "--threshold is of an NLM head"),
        ("nowhere", {}, "nowhere: expected the folder"),
    ],
)
def test_what_does_not_fit_is_refused(
    request: pytest.FixtureRequest, counts: Path, model: str, options: dict, problem: str
) -> None:
    where = request.getfixturevalue(model) if model in ("pretrained", "tagger") else Path(model)
    if "counts" in options:
        options = options | {"counts": counts.with_name(options["counts"])}
    with pytest.raises(CharBertError, match=problem):
        load_any_corrector(where, **options)
