import json

from charbert.config.renamed import with_new_names


def test_older_records_are_read_under_the_new_names() -> None:
    old = {
        "seed": 1,
        "judging": {"bins": 3},
        "compression": {"versions": ["clean"], "threads": 2},
        "model": {"name": "TF-IDF", "baseline": {"strength": 2.0}},
        "robust_training": {"method": "self_teaching"},
        "analysis": {"correction": {"words": 5, "weight": 0.25}},
    }
    new = {
        "seed": 1,
        "calibration": {"bins": 3},
        "compression": {"eval_sets": ["clean"], "threads": 2},
        "model": {"name": "TF-IDF", "baseline": {"C": 2.0}},
        "robust_training": {"method": "consistency"},
        "analysis": {"correction": {"words": 5}},
    }
    unchanged = json.dumps(old)
    assert with_new_names(old) == new
    assert with_new_names(new) == new
    assert json.dumps(old) == unchanged, "the record itself is left alone"
