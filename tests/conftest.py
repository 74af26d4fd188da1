"""Tiny tokenizers and a character vocabulary, trained on a few sentences of our own, and experiments; no network."""

import os

# What the tests need from the environment, whatever the shell says; processes that they start inherit it. It stands
# before the other imports because OpenMP reads its variables when torch is imported. One thread each: several processes
# share the cores, and the order of a sum depends on the number of threads.
os.environ.update(
    OMP_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    HF_HUB_OFFLINE="1",
    TOKENIZERS_PARALLELISM="false",
)

import gc
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from filelock import FileLock
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from charbert.data.pretraining.wordpiece import choose_pieces
from charbert.text.char_vocab import CharVocab
from tests.cpu_time import (  # noqa: F401  hooks of this folder and those below
    pytest_addoption,
    pytest_runtest_call,
    pytest_runtest_logreport,
    pytest_runtest_setup,
    pytest_runtest_teardown,
    pytest_terminal_summary,
)
from tests.in_process import run_script
from tests.new_process import run_new

# A tracked or distributed run that the shell is set up for is not the tests'.
for _name in ("RANK", "WORLD_SIZE", "SUBMITIT_EXECUTOR", *[name for name in os.environ if name.startswith("WANDB_")]):
    os.environ.pop(_name, None)

# The same examples in each run and no deadline by the clock, so that no run fails by chance. Others, to look for
# defects: --hypothesis-profile=explore.
hypothesis.settings.register_profile("same examples", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, print_blob=True)
hypothesis.settings.load_profile("same examples")

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True, scope="session")
def hear_ctrl_c() -> Iterator[None]:
    """Hear SIGINT, here and in processes started by tests, as in a terminal; a shell's background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True, scope="module")
def fast_garbage_collection() -> None:
    """Take what is imported by now out of garbage collection.

    Each training calls ``gc.collect``, which takes 0.3 s among all those objects, and a test may train ten times.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_wandb_session() -> Iterator[None]:
    """End a W&B session that began under variables which a test set: wandb reads them once in the life of a process."""
    yield
    setup = sys.modules.get("wandb.sdk.wandb_setup")
    if setup is not None and setup.singleton().did_environment_change():
        setup.teardown()


SENTENCES = (
    "The old lighthouse keeper counted seven ships before breakfast.",
    "Nobody in Kraków remembered who had painted the café door green!",
    "She didn't answer; her well-known smile was answer enough.",
    "In 1987 the ferry to Île-de-Bréhat cost 12.50 francs (return).",
    "Zürich, Malmö and Ålesund share a taste for strong coffee.",
    "Was it the U.S. team or the visitors who won 3-2 on Tuesday?",
    "Keep the keys, keep the kettle, and keep counting the counters.",
    "A # sign opens the heading, two ## signs open the next one.",
)
BERT_SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ROBERTA_SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


@pytest.fixture(scope="session")
def sentences() -> tuple[str, ...]:
    """A few sentences with case, diacritics, numbers and ``#``."""
    return SENTENCES


def _wordpiece(lowercase: bool) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words = Counter(
        word
        for sentence in SENTENCES
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(sentence))
    )
    pieces = choose_pieces(words, 220)  # the library's own trainer gives another vocabulary at each start
    tokenizer.model = models.WordPiece({piece: index for index, piece in enumerate(pieces)}, unk_token="[UNK]")
    ends = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    tokenizer.decoder = decoders.WordPiece()
    names = dict(zip(("pad", "unk", "cls", "sep", "mask"), BERT_SPECIALS, strict=True))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=512,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **{f"{role}_token": name for role, name in names.items()},
    )


@pytest.fixture(scope="session")
def wordpiece_tokenizer() -> PreTrainedTokenizerFast:
    """A cased WordPiece tokenizer with BERT's special tokens."""
    return _wordpiece(lowercase=False)


@pytest.fixture(scope="session")
def uncased_tokenizer() -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer that lower-cases and strips accents, as uncased BERT does."""
    return _wordpiece(lowercase=True)


@pytest.fixture(scope="session")
def bpe_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with RoBERTa's special tokens and its leading space before every word."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(ROBERTA_SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    sep, cls = (("</s>", tokenizer.token_to_id("</s>")), ("<s>", tokenizer.token_to_id("<s>")))
    tokenizer.post_processor = processors.RobertaProcessing(sep, cls)
    tokenizer.decoder = decoders.ByteLevel()
    names = dict(zip(("bos", "pad", "eos", "unk", "mask"), ROBERTA_SPECIALS, strict=True))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=512,
        model_input_names=["input_ids", "attention_mask"],
        cls_token="<s>",
        sep_token="</s>",
        **{f"{role}_token": name for role, name in names.items()},
    )


@pytest.fixture(scope="session")
def char_vocab() -> CharVocab:
    """A character vocabulary that misses some characters of the sentences."""
    return CharVocab.build(SENTENCES, size=64)


@pytest.fixture(scope="session")
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python on the arguments as a user does, without network; the output is shown where it ends otherwise."""

    def run(
        *arguments: str, cwd: Path = ROOT, expect: int = 0, timeout: int = 240, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == expect, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    return run


@pytest.fixture(scope="session")
def run_experiment(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run an experiment under recipe=smoke with all folders below ``folder``, in this process.

    Or with ``forked`` in one that has the imports (`tests.new_process`), with ``new_process`` in a new one.
    """
    import charbert.pipelines.redraw  # here, so that no test's time holds the seconds that these imports take
    import charbert.pipelines.search.search
    import charbert.pipelines.train.finetune  # noqa: F401

    def run(
        script: str, folder: Path, *overrides: str, expect: int = 0, forked: bool = False, new_process: bool = False
    ) -> subprocess.CompletedProcess[str]:
        folders = [f"paths.outputs={folder / 'outputs'}", f"paths.results={folder / 'results'}"]
        arguments = (str(ROOT / "experiments" / script), "recipe=smoke", *folders, *overrides)
        if new_process:
            return run_python(*arguments, expect=expect)
        done = run_new(arguments) if forked else run_script(Path(arguments[0]), *arguments[1:], cwd=ROOT)
        assert done.returncode == expect, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    return run


@pytest.fixture(scope="session")
def pretrained_folder(
    tmp_path_factory: pytest.TempPathFactory, run_experiment: Callable[..., subprocess.CompletedProcess[str]]
) -> Callable[[], Path]:
    """A maker of folders for ``run_experiment`` in which newswire, trunk and encoder of recipe=smoke already lie.

    They are made once for all tests and all worker processes; each folder is a copy.
    """
    base = tmp_path_factory.getbasetemp()
    common = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "pretrained"
    with FileLock(f"{common}.lock"):
        if not common.exists():
            run_experiment("pretrain.py", common.with_suffix(".made"), "tracking=off")
            common.with_suffix(".made").rename(common)
    return lambda: shutil.copytree(common, tmp_path_factory.mktemp("runs"), dirs_exist_ok=True)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def bit_flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.fixture(params=[truncated, bit_flipped, emptied, Path.unlink], ids=lambda damage: damage.__name__)
def damage(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """Damage a file as disks, kills and people do."""
    return request.param
