"""A model as a folder for the Hugging Face hub: weights, tokenizer, code and card; and its upload."""

import glob
from pathlib import Path

from huggingface_hub import HfApi

import charbert.model as models
from charbert.deploy.model_card import CardFacts, render_card
from charbert.deploy.predict.side_files import copy_usage
from charbert.deploy.predict.usage import USAGE_FILE, read_usage
from charbert.errors import CheckpointError, RecordError, first_line
from charbert.integrity import check_target, written_folder
from charbert.model import CharBertConfig, CharBertTokenizer
from charbert.model.loading.configurations import read_config
from charbert.model.loading.weights import load_whole
from charbert.model.portable import MODEL_MAP, TOKENIZER_MAP
from charbert.provenance import file_checksum
from charbert.records import ResultRecord, read_record

WRITER = "charbert publish"


def write_hub_folder(folder: Path, target: Path, facts: CardFacts, record_file: Path | None = None) -> bool:
    """Write a model with all that others need to use it, also without this package.

    Args:
        folder: of the model and its tokenizer.
        target: the folder to write; one that this function wrote is replaced.
        facts: what the card says besides.
        record_file: the ``record.json`` of the run that trained these weights, for the scores; None: looked for in
            ``results/*/records`` by the name of the run's folder.

    Returns:
        Whether the card has the scores of a record.

    Raises:
        CheckpointError: if the folder holds no whole model of this package.
        RecordError: if the record is of other weights.
        SettingsError: if the target holds files that this function has not written.
    """
    check_target(target, WRITER, folder)
    config = read_config(folder)
    model_class = getattr(models, (config.architectures or [""])[0], None)
    if not isinstance(config, CharBertConfig) or model_class is None:
        raise CheckpointError(f"{folder}: expected a model saved by charbert, got {config.architectures}")
    model, _ = load_whole(model_class.from_pretrained, folder, dtype=config.dtype)
    tokenizer = CharBertTokenizer.from_pretrained(folder)
    record = _read_record(folder, record_file)
    model.config.auto_map, tokenizer._auto_map = dict(MODEL_MAP), TOKENIZER_MAP
    with written_folder(target, WRITER, folder) as draft:
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
        copy_usage(folder, draft)
        corrected = "tokenizer" if tokenizer.repair else "model" if _is_corrected(folder, config) else None
        card = render_card(model.config, model.num_parameters(), facts, record, corrected=corrected)
        (draft / "README.md").write_text(card, encoding="utf-8")
    return record is not None


def push_folder(folder: Path, repository: str, *, private: bool) -> str:
    """Upload a folder to the hub, into a new repository or an existing one, and return its name there.

    Raises:
        CheckpointError: if the hub cannot be reached or refuses.
    """
    api = HfApi()
    try:
        name = str(api.create_repo(repository, private=private, exist_ok=True).repo_id)
        api.upload_folder(repo_id=name, folder_path=str(folder), commit_message="Upload a CharBERT model")
    except Exception as error:  # the client's errors have no narrower class in common
        raise CheckpointError(
            f"--push {repository}: the folder {folder} is written, but not uploaded: {first_line(error)}"
        ) from error
    return name


def _is_corrected(folder: Path, config: CharBertConfig) -> bool:
    return (folder / USAGE_FILE).is_file() and read_usage(folder, config).corrected


def _read_record(folder: Path, record_file: Path | None) -> ResultRecord | None:
    """Return the record of the run that trained the weights, None if there is none."""
    run = folder.parent if folder.name == "model" else folder
    found = sorted(Path("results").glob(f"*/records/{glob.escape(run.resolve().name)}/record.json"))
    files = found if record_file is None else [record_file]
    given = {file_checksum(path) for path in folder.rglob("*.safetensors")}  # adapters have a folder of their own
    for file in files:  # recipes may have runs of one name
        record = read_record(file)
        if given and given <= set(record.details.get("weights", {}).values()):
            return record
    if files:
        raise RecordError(
            f"{files[0]}: expected the record of the weights in {folder}, got that of others; "
            "name the run's own with --record"
        )
    return None
