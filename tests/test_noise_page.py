"""docs/noise.md names every attack, and its sentences are what the attacks make."""

import re
import unicodedata
from pathlib import Path

import pytest

from charbert.noise.attack import attack_sentences
from charbert.pipelines.build.noise import build_attack
from tests.composition import CONF, compose_settings

PAGE = (Path(__file__).parents[1] / "docs/noise.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \|[^|]+\| ([^|]+) \|$", PAGE, re.MULTILINE))
SENTENCE = re.search(r"^> (.+)$", PAGE, re.MULTILINE)
LIST = re.search(r"^printf '(.+)' > misspellings.tsv$", PAGE, re.MULTILINE)


def test_the_page_has_every_attack() -> None:
    assert sorted(ROWS) == sorted(path.stem for path in (CONF / "attack").glob("*.yaml"))


@pytest.mark.parametrize("name", ROWS)
def test_the_sentence_of_an_attack_is_what_it_makes(name: str, tmp_path: Path) -> None:
    assert SENTENCE and LIST
    (tmp_path / "misspellings.tsv").write_text(LIST[1].encode().decode("unicode_escape"), encoding="utf-8")
    own_list = ["attack.misspellings=[misspellings.tsv]"] if name == "natural" else []
    attack = compose_settings("attack_sets", f"attack={name}", *own_list).attack
    words = attack_sentences([SENTENCE[1].split()], build_attack(attack, tmp_path), attack.seed)[0].words
    shown = "".join("·" if unicodedata.category(letter) == "Cf" else letter for letter in " ".join(words))
    assert unicodedata.normalize("NFC", ROWS[name]) == unicodedata.normalize("NFC", shown)
