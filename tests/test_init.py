"""``import charbert`` is enough for the Auto classes, and imports nothing by itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import charbert

ENCODER = Path(__file__).parents[1] / "models" / "charbert-minilm"

LOAD = """
import sys
{imports}
from transformers import AutoConfig, AutoTokenizer
folder = {folder!r}
tokenizer = AutoTokenizer.from_pretrained(folder)
assert type(tokenizer).__module__ == "charbert.model.tokenization", type(tokenizer)
assert type(AutoConfig.from_pretrained(folder)).__name__ == "CharBertConfig"
assert {{"char_input_ids", "start_ids", "end_ids"}} <= set(tokenizer.model_input_names)
from transformers import AutoModel
assert type(AutoModel.from_pretrained(folder)).__name__ == "CharBertModel"
"""


def test_importing_the_package_imports_neither_torch_nor_transformers(run_python: Callable[..., Any]) -> None:
    code = "import sys, charbert; assert 'CharBertModel' in dir(charbert); print(*sys.modules)"
    modules = run_python("-c", code).stdout.split()
    assert "charbert" in modules
    assert not {"torch", "transformers", "numpy", "charbert.model"} & set(modules)


@pytest.mark.slow
@pytest.mark.parametrize(
    "imports",
    [
        "import charbert",
        "import transformers\nimport charbert",
        "from transformers import AutoTokenizer\nimport charbert",
        "import charbert\nimport transformers.pipelines",
        "from charbert import CharBertTokenizer",
    ],
)
def test_the_auto_classes_find_the_models_after_importing_the_package(
    run_python: Callable[..., Any], imports: str
) -> None:
    run_python("-c", LOAD.format(imports=imports, folder=str(ENCODER)))


@pytest.mark.slow
def test_a_folder_of_the_tokenizer_alone_is_enough(run_python: Callable[..., Any], tmp_path: Path) -> None:
    charbert.CharBertTokenizer.from_pretrained(ENCODER).save_pretrained(tmp_path)
    code = (
        "import charbert; from transformers import AutoProcessor, AutoTokenizer; "
        f"print(*(type(auto.from_pretrained({str(tmp_path)!r})).__name__ for auto in (AutoTokenizer, AutoProcessor)))"
    )
    assert run_python("-c", code).stdout.split() == ["CharBertTokenizer", "CharBertTokenizer"]


def test_a_name_that_the_package_lacks_is_named() -> None:
    with pytest.raises(AttributeError, match="'charbert' has no attribute 'CharBert'"):
        charbert.CharBert  # noqa: B018


def test_every_name_of_the_package_is_there() -> None:
    assert {getattr(charbert, name).__name__ for name in charbert.__all__} == set(charbert.__all__)


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, ["1000"]), ({"GOMP_SPINCOUNT": "7"}, ["7"]), ({"OMP_WAIT_POLICY": "active"}, [])],
)
def test_waiting_threads_give_their_core_away_unless_the_user_says_otherwise(
    given: dict[str, str], expected: list[str], run_python: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    code = "import charbert, os; print(os.environ.get('GOMP_SPINCOUNT', ''))"
    assert run_python("-c", code).stdout.split() == expected
