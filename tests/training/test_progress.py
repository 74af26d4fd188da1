"""What a training shows: a bar with name, time left and score on a terminal, few plain lines elsewhere."""

import io
import logging
import re
import sys
from pathlib import Path

import pytest

from charbert.training import progress
from charbert.training.progress import ProgressCallback
from tests.training.test_resuming import trainer_of


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def trained(folder: Path) -> None:
    trainer = trainer_of(best=True, evaluations=4, max_steps=20)(folder)
    trainer.add_callback(ProgressCallback("ner-charbert-s1", "eval_loss"))
    trainer.train()


def test_a_terminal_gets_one_bar_and_no_dictionaries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    trained(tmp_path)
    assert capsys.readouterr().out == ""
    *_, last = terminal.getvalue().rstrip("\n").split("\r")
    assert terminal.getvalue().count("\n") == 1
    bar = r"ner-charbert-s1 100%\|[█#]+\| 20/20 \[\d\d:\d\d<00:00, loss [\d.e-]+, dev loss [\d.e-]+\]"
    assert re.fullmatch(bar, re.sub(r"\x1b\[A", "", last).strip()), last


def test_a_file_gets_a_line_at_the_start_one_a_minute_and_one_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, progress.__name__):
        trained(tmp_path / "short")
        short = [record.message for record in caplog.records if record.name == progress.__name__]
        caplog.clear()
        monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
        trained(tmp_path / "long")
        long = [record.message for record in caplog.records if record.name == progress.__name__]
    assert short[0] == "ner-charbert-s1: 20 steps"
    assert len(short) == 2
    assert re.fullmatch(r"ner-charbert-s1: trained in \d\d:\d\d, loss \S+, dev loss \S+", short[1])
    assert len(long) == 22
    assert re.fullmatch(r"ner-charbert-s1: step 10 of 20, about \d\d:\d\d left, loss \S+, dev loss \S+", long[10])
