"""Generated newswire in place of data sets that are not at hand."""

from __future__ import annotations

import logging
from pathlib import Path

from charbert.config.data import DataSettings, NewswireSettings
from charbert.data.newswire import Newswire, write_conll, write_corpus
from charbert.data.newswire.generator import Split
from charbert.records import settings_key, write_atomically

log = logging.getLogger(__name__)


def write_newswire(root: Path, settings: NewswireSettings, data: DataSettings) -> None:
    """Write corpus and task files below ``root``, unless the ones there come from the same settings.

    A stamp is written last, so that an interrupted generation is done again.
    """
    stamp = root / "settings.key"
    key = settings_key({"newswire": settings, "files": data.sets, "corpus": data.corpus})
    if stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == key:
        return
    log.info("generating newswire in %s", root)
    stamp.unlink(missing_ok=True)
    wire = Newswire(settings.seed)
    write_corpus(root / data.corpus.train, wire.documents(settings.corpus_documents, split="train"))
    write_corpus(root / data.corpus.dev, wire.documents(settings.corpus_dev_documents, split="dev"))
    sizes: dict[Split, int] = {
        "train": settings.train_sentences,
        "dev": settings.dev_sentences,
        "test": settings.test_sentences,
    }
    for split, size in sizes.items():
        write_conll(root / getattr(data.sets["ner"], split), wire.sentences(size, split=split))
    write_atomically(stamp, key + "\n")
