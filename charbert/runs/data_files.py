"""Which files a run read, data and the weights of a trunk: their checksums are taken before they are read, and compared
when the run is used again.

A file that was exchanged meanwhile would make a record that lies: it would name a file that its result is not from.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from charbert.config.data.preparation import PreparationStep
from charbert.config.model.encoder import TrunkSource
from charbert.config.schema import Settings
from charbert.errors import DataError
from charbert.files import shorten_path, write_atomically
from charbert.records import ResultRecord, file_checksum
from charbert.serialization import read_json

KEPT = "data.json"
"""File beside a run's checkpoints with the checksums of what its training reads."""


def keep_checksums(checkpoints: Path, sums: Mapping[str, str]) -> None:
    """Keep the checksums of a training's files beside its checkpoints, after `check_interrupted`."""
    check_interrupted(checkpoints, sums)
    write_atomically(checkpoints / KEPT, json.dumps(dict(sums), indent=1) + "\n")


def check_interrupted(checkpoints: Path, sums: Mapping[str, str]) -> None:
    """Check that an interrupted training began with the same files, if there are checkpoints of one.

    Raises:
        DataError: if it began with others.
    """
    kept = checkpoints / KEPT
    if kept.is_file() and any(checkpoints.glob("checkpoint-*")):
        again = f"delete {checkpoints} to train again from the first step"
        begun = read_json(kept, "the checksums of the training's files", again)
        check_same(begun, sums, "the interrupted training began with", checkpoints)


def check_same(begun: Mapping[str, str], now: Mapping[str, str], what: str, folder: Path) -> None:
    """Check that files have the contents that work began with; ``folder`` is what was made from them.

    Raises:
        DataError: naming the first file that has others.
    """
    for name in sorted(begun.keys() & now.keys()):
        if begun[name] != now[name]:
            raise DataError(
                f"{name} was exchanged: {what} other contents (sha256 {begun[name][:12]}, now {now[name][:12]}); put "
                f"the old file back, or delete {folder} to run again with the new one"
            )


def check_finished(settings: Settings, record: ResultRecord, path: Path) -> None:
    """Check that the data files that are there are those that a finished run has read.

    Generated files of other settings, which lie in the same place, are not compared: they are generated again.

    Raises:
        DataError: if one has other contents.
    """
    files, now = _data_files(settings), {}
    for name in record.data_checksums:  # with the data folder in front where that was given as a relative path
        known = max((end for end in files if name == end or name.endswith(f"/{end}")), key=len, default=None)
        if known is not None and files[known].is_file():
            now[name] = file_checksum(files[known])
    check_same(record.data_checksums, now, f"the finished run {record.name} has read", path.parent)


def trunk_weights(settings: Settings) -> list[Path]:
    """Return the files of weights in the folder that the trunk is read from, none of any other trunk."""
    model = settings.model
    has_trunk = not (model.is_baseline or model.released or model.pretrained)
    if not has_trunk or settings.trunk.source is not TrunkSource.folder:
        return []
    folder = Path(settings.trunk.location)
    return sorted([*folder.glob("model*.safetensors"), *folder.glob("pytorch_model*.bin")])


def preparation_files(settings: Settings) -> list[Path]:
    """Return the files that the preparation of training examples reads beside them.

    Files that are missing are left out; reading them says so.
    """
    chosen = settings.preparation
    names = {
        PreparationStep.suspicious: chosen.suspicious.probabilities,
        PreparationStep.augmentation: chosen.augmentation.synonyms,
    }
    paths = [Path(name) for step, name in names.items() if name and step in chosen.steps]
    return [path for path in paths if path.is_file()]


def _data_files(settings: Settings) -> dict[str, Path]:
    """Return the files that the settings name, by what their names in records end with."""
    data = settings.data
    hub = Path(settings.paths.outputs) / "hub"
    files: dict[str, Path] = {}
    left_out: set[str] = set()
    if data.generated:
        from charbert.synthetic.data_sets import unwritten_newswire  # imports the generator

        left_out = unwritten_newswire(Path(data.root), settings.newswire, data, settings.task)
    for folder, chosen in [*data.sets.items(), ("corpus", data.corpus)]:
        if folder in left_out:
            continue
        copies = [*chosen.attacked.values(), *(copy.operations for copy in chosen.noisy.values())]
        for name in (chosen.train, chosen.dev, chosen.test, chosen.folds.articles, *copies):
            if name.startswith(("hub:", "parquet:")):
                from charbert.data.readers.hub import split_path  # imports datasets

                stem = split_path(name, "", hub / folder).name
                files |= {path.name: path for path in (hub / folder).glob(f"{stem}*")}
            elif name:
                path = Path(data.root) / name
                files["/".join(path.parts[-2:]) if Path(name).is_absolute() else name] = path
    attacks = (settings.attack, settings.curves.attack, *settings.robustness.families.values())
    others = [path for chosen in attacks for path in chosen.files(settings.paths.data)]
    others += trunk_weights(settings) + preparation_files(settings)
    return files | {shorten_path(path.absolute(), Path(data.root).absolute()): path for path in others}
