"""Settings to files: data sets, the pretraining text, the trunk."""

import importlib.util
from pathlib import Path

from charbert.config.data.sets import SetFiles
from charbert.config.model.encoder import TrunkSettings, TrunkSource
from charbert.config.schema import Settings
from charbert.data.pretraining.corpus import Blocks, read_blocks
from charbert.data.readers.hub import fetch_corpus, fetch_split, is_reference, split_path
from charbert.data.readers.squad import Question, read_squad
from charbert.errors import CheckpointError, DataError, SettingsError
from charbert.records import file_checksum
from charbert.synthetic.data_sets import write_newswire
from charbert.tasks.catalog import TASKS, build_task


def prepare_data(settings: Settings) -> None:
    """Generate the data if they are missing and ``data.generated`` is set.

    Raises:
        DataError: if data that are not generated are missing; it names the folder and what to do.
    """
    root = Path(settings.data.root)
    if settings.data.generated:
        write_newswire(root, settings.newswire, settings.data, settings.task)
        return
    names = filter(None, set_names(task_files(settings)))  # `data_file` asks for a set that has no name
    if not root.is_dir() and not all(is_reference(name) or Path(name).is_absolute() for name in names):
        raise DataError.at(
            root,
            None,
            expected=f"the folder of the {settings.data.name} data",
            found="no such folder",
            hint="set paths.data=FOLDER, or run on generated text with recipe=quick",
        )


def data_file(settings: Settings, relative: str, purpose: str, own: str = "") -> Path:
    """Return the path of a data file, after fetching it if it is a split on the hub.

    Args:
        relative: its name, below ``paths.data``.
        purpose: what it is, for an error.
        own: for an error, the setting that names a file of the user's in its place.

    Raises:
        DataError: if it does not exist or cannot be fetched, or the settings name none.
    """
    if not relative:
        if settings.data.has_own_files:
            raise DataError(
                f"data.own names no file for {purpose}; give data.own.train, data.own.dev and data.own.test, or "
                "data.own.test and data.own.folds.number alone. docs/data_preparation.md splits a file"
            )
        raise DataError(f"data.sets.{settings.task.name} names no file for {purpose} (data={settings.data.name})")
    if is_reference(relative):
        task, columns = build_task(settings.task), task_files(settings).hub_columns
        root, folder = Path(settings.data.root), _hub_folder(settings)
        return fetch_split(relative, task.write_hub, task.suffix, columns, root, folder)
    path = Path(settings.data.root) / relative
    if not path.is_file():
        hint = "check the path"
        if not Path(relative).is_absolute():
            hint = "set paths.data to the folder that holds it"
            hint += f", or {own}=FILE to the whole path of a text of yours" if own else ""
        raise DataError.at(path, None, expected=f"a file with {purpose}", found="no such file", hint=hint)
    return path


def fetch_sets(settings: Settings) -> list[Path]:
    """Return the paths of the files of the task's sets, as `set_files` does, after fetching those on the hub.

    Files that are missing are left out; reading them says so.
    """
    for name in filter(is_reference, set_names(task_files(settings))):
        data_file(settings, name, "a set")
    return [path for path in set_files(settings) if path.is_file()]


def set_files(settings: Settings) -> list[Path]:
    """Return the paths of the files of the task's sets, of hub splits those of the fetched files, and of the attack."""
    sets = [
        split_path(name, TASKS[settings.task.kind].suffix, _hub_folder(settings))
        if is_reference(name)
        else Path(settings.data.root) / name
        for name in set_names(task_files(settings))
    ]
    return sets + settings.attack.files(settings.paths.data)


def set_names(files: SetFiles) -> list[str]:
    """Return the names, as in the settings, of what is read of a data set: its splits and the attacked copies.

    For folds only the test file is read, and the articles that keep examples together.
    """
    if files.folds.number:
        return [files.test, *files.attacked.values(), *filter(None, [files.folds.articles])]
    return [files.train, files.dev, files.test, *files.attacked.values()]


def _hub_folder(settings: Settings) -> Path:
    return Path(settings.paths.outputs) / "hub" / settings.task.name


def task_files(settings: Settings) -> SetFiles:
    """Return the files of the task.

    Raises:
        SettingsError: if the chosen data have no such set.
    """
    if settings.task.name not in settings.data.sets:
        known = ", ".join(sorted(settings.data.sets))
        raise SettingsError(
            f"data={settings.data.name} has no set for task={settings.task.name}, only {known}; for files of yours "
            "give data.own.train, data.own.dev and data.own.test"
        )
    return settings.data.sets[settings.task.name]


def read_articles(settings: Settings) -> list[Question] | None:
    """Return the questions of the file that names the articles of the task's examples, None if the data have none."""
    name = task_files(settings).folds.articles
    if not name:
        return None
    return read_squad(data_file(settings, name, "the articles that folds keep together"), no_answers=False)


def trunk_location(trunk: TrunkSettings) -> str:
    """Return the model id or folder of a trunk that is not pretrained here, after checking its checksum.

    Raises:
        CheckpointError: if the package or folder is missing, or the weights have another checksum.
    """
    if trunk.source is TrunkSource.hub:
        return trunk.location
    folder = _package_folder(trunk) if trunk.source is TrunkSource.package else Path(trunk.location)
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"{folder}: expected a checkpoint with config.json for trunk={trunk.name}, got none")
    if trunk.sha256 is not None:
        checksum = file_checksum(folder / "model.safetensors")
        if checksum != trunk.sha256:
            raise CheckpointError(
                f"{folder}/model.safetensors: expected sha256 {trunk.sha256}, got {checksum}; "
                "reinstall the trunk, or set trunk.sha256=null if it is another one"
            )
    return str(folder)


def refuse_baseline(settings: Settings) -> None:
    """Check that the model has an encoder.

    Raises:
        SettingsError: if it is a baseline.
    """
    if settings.model.is_baseline:
        raise SettingsError(
            f"{settings.experiment} needs a model with an encoder, but model={settings.model.name} is a baseline "
            f"(model.baseline.kind={settings.model.baseline.kind.name}); choose model=bert or model=charbert"
        )


def _package_folder(trunk: TrunkSettings) -> Path:
    package, _, inner = trunk.location.partition("/")
    if not package.isidentifier():  # finding a package inside another one runs that other one
        raise CheckpointError(f"trunk.location: expected PACKAGE/FOLDER with a package's plain name, got {package!r}")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise CheckpointError(
            f"trunk={trunk.name} needs the Python package {package}, which is not installed; `make minilm` installs it"
        )
    return Path(spec.submodule_search_locations[0]) / inner


def corpus_file(settings: Settings, split: str) -> Path:
    """Return the pretraining text of a split, train or dev."""
    name = getattr(settings.data.corpus, split)
    if name and is_reference(name):
        return fetch_corpus(name, Path(settings.data.root), Path(settings.paths.outputs) / "hub" / "corpus")
    return data_file(settings, name, f"the pretraining text ({split})", f"data.corpus.{split}")


def corpus_blocks(settings: Settings, split: str) -> Blocks:
    """Return the pretraining text of a split as blocks of words, memory-mapped."""
    limit = settings.corpus.max_words if split == "train" else settings.corpus.dev_words
    return read_blocks(
        [corpus_file(settings, split)],
        words_per_block=settings.corpus.words_per_block,
        max_words=limit,
        num_workers=settings.corpus.num_workers,
        cache_dir=Path(settings.paths.outputs) / "cache",
    )
