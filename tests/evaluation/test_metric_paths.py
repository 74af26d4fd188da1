import pytest

from charbert.evaluation.metric_paths import metric_path, name_of, version_of


@pytest.mark.parametrize(
    ("version", "prefix"), [("clean", "eval/ner"), ("dev", "dev/ner"), ("two_edits", "attack/ner/two_edits")]
)
def test_the_path_of_a_score_says_its_set(version: str, prefix: str) -> None:
    assert metric_path("ner", version) == prefix
    assert version_of(f"{prefix}/f1") == version
    assert version_of(f"{prefix}/LOC/f1") == version
    assert name_of(f"{prefix}/f1") == "f1"
    assert name_of(f"{prefix}/LOC/f1") == "LOC/f1"


def test_a_score_of_no_set_has_no_version() -> None:
    assert version_of("right/ner") == ""
