"""Weights & Biases: the only module that imports wandb; its failures never stop a training.

The default mode is offline: files in a folder, no login, no prompt, no network; ``wandb sync`` uploads them later. The
authoritative result is the record on disk (charbert/records.py).
"""

import os
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from charbert.errors import SettingsError, TrialPrunedError
from charbert.records import shareable

_SUBFOLDER = "wandb"
_REPLACED = "replaced"
_LONGEST_TAG = 64
STEP = "step"
"""The axis of every chart: optimizer steps."""


class TrackedRun:
    """A W&B run, or none: with tracking off every method returns immediately.

    What is logged at one step is one point, sent when the next step begins. The first failure gives one warning and
    turns tracking off for the rest of the run.
    """

    def __init__(self, handle: Any = None, last_step: int = -1) -> None:
        self._handle = handle
        self._failed = False
        self._point: dict[str, float] = {}
        self.last_step = last_step
        """Points up to this step were sent by earlier starts of the run and are not sent again; -1: none."""
        self.id: str | None = handle.id if handle else None
        self.path: str | None = handle.path if handle else None  # entity/project/id; offline without entity
        self.dir: Path | None = Path(handle.dir).parent if handle else None

    @property
    def is_on(self) -> bool:
        """Whether the run still logs."""
        return self._handle is not None and not self._failed

    @property
    def server(self) -> str:
        """Web address of the W&B server whose pages show the run; empty if the run is off."""
        return str(self._handle.settings.app_url) if self.is_on else ""

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log scores by path (``train/nlm_loss``), at an optimizer step; steps need not increase."""
        if step is None:
            self._send_point()
            self._attempt(lambda run: run.log(dict(metrics)))
        elif step > self.last_step:
            if step != self._point.get(STEP):
                self._send_point()
            self._point |= {**metrics, STEP: step}

    def summary(self, values: Mapping[str, float | str]) -> None:
        """Set the run's final values."""
        self._attempt(lambda run: run.summary.update(dict(values)))

    def table(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Log a table; one column may mix types."""
        self._send_point()
        data = [list(row) for row in rows]
        self._attempt(lambda run: run.log({name: _wandb().Table(list(columns), data, allow_mixed_types=True)}))

    def image(self, name: str, path: Path | str) -> None:
        """Log a picture file."""
        self._send_point()
        self._attempt(lambda run: run.log({name: _wandb().Image(str(path))}))

    def model(self, folder: Path, name: str, metadata: Mapping[str, Any], *, upload: bool) -> None:
        """Log a model's folder as an artifact: the files themselves, or where they are and their checksums.

        Args:
            name: of the artifact; the same content under the same name is the same version.
            upload: whether the files are copied to W&B. A reference holds absolute paths of this machine.
        """

        def add(run: Any) -> None:
            artifact = _wandb().Artifact(name, type="model", metadata=shareable(metadata))
            for file in sorted(path for path in folder.resolve().rglob("*") if path.is_file()):
                path = file.relative_to(folder.resolve()).as_posix()
                if upload:
                    artifact.add_file(str(file), name=path)
                else:
                    artifact.add_reference(file.as_uri(), name=path, checksum=True)
            run.log_artifact(artifact)

        self._attempt(add)

    def close(self, exit_code: int) -> None:
        """End the run: 0 finished, anything else failed. Calling it again does nothing."""
        self._send_point()
        handle, self._handle = self._handle, None
        if handle is not None:
            try:
                handle.finish(exit_code=exit_code)
            except TimeoutError:
                warnings.warn(
                    "W&B did not receive the whole run within tracking.timeout_seconds; nothing is lost, "
                    f"upload the rest: wandb sync {self.dir}",
                    stacklevel=4,
                )
            except Exception as error:
                self._give_up(error)

    def _send_point(self) -> None:
        point, self._point = self._point, {}
        if point:
            self._attempt(lambda run: run.log(point))

    def _attempt(self, action: Callable[[Any], object]) -> None:
        if not self.is_on:
            return
        try:
            action(self._handle)
        except Exception as error:  # no failure of the service may stop the training
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        if not self._failed:
            warnings.warn(f"W&B failed, the run goes on with tracking off: {error!r}", stacklevel=4)
        self._failed = True


def _wandb() -> Any:
    import wandb

    return wandb


@contextmanager
def tracking_run(
    *,
    mode: str,
    folder: Path | str,
    project: str,
    entity: str | None = None,
    group: str,
    job_type: str,
    name: str,
    run_id: str | None = None,
    resumes: bool = False,
    tags: Sequence[str] = (),
    config: Mapping[str, Any] | None = None,
    timeout_seconds: float = 30.0,
) -> Iterator[TrackedRun]:
    """Yield a run that is closed at the end of the block, as failed after an exception other than a pruned trial's.

    Exceptions are passed on. Under ``torchrun`` the first process tracks and the others get a run that is off.

    Args:
        mode: ``online``, ``offline``, or ``off`` (wandb is not even imported).
        folder: W&B's files go to ``folder/wandb``.
        entity: W&B user or team; None: the default of the account.
        job_type: the pipeline, as ``finetune``.
        name: of the run, as ``ner-charbert-s1``.
        run_id: the same for all starts of a run; None: a new one.
        resumes: whether this start continues an earlier one. Online the service's curves go on; an offline start has
            the whole curve and replaces the earlier ones, as does a start that continues nothing.
        tags: up to 64 characters each; longer ones are cut.
        config: nested settings; absolute paths in them are shortened.
        timeout_seconds: longest wait for the service before the run and again after it; without an answer the run is
            kept as files. A failing W&B raises nothing.

    Raises:
        SettingsError: if ``mode`` is online and no account is logged in.
    """
    if mode == "off" or os.environ.get("RANK", "0") != "0":
        yield TrackedRun()
        return
    about: dict[str, Any] = {"project": project, "entity": entity, "group": group, "job_type": job_type, "name": name}
    about |= {"id": run_id, "resume": "allow" if resumes else None, "tags": [tag[:_LONGEST_TAG] for tag in tags]}
    with _copies_kept_in(Path(folder)):
        if mode == "online":
            _check_login()
        run = _start(mode, Path(folder), config or {}, about, timeout_seconds)
        try:
            yield run
        except BaseException as error:
            run.close(exit_code=0 if isinstance(error, TrialPrunedError) else 1)
            raise
        run.close(exit_code=0)


def _check_login() -> None:
    """Raise an error unless wandb knows an account, which it would ask for at a terminal, and wait for the answer.

    ``wandb.login(prompt=False)`` does not tell where ``WANDB_MODE`` is offline.
    """
    try:
        from wandb.sdk.lib import wbauth

        host = _wandb().setup().settings.base_url
        account = wbauth.authenticate_session(host=host, source="tracking", prompt=False, update_session=False)
        known, problem = account is not None, f"no account of {host} is logged in"
    except Exception as error:  # a key that is no key; anything else is reported where the run is started
        known, problem = type(error).__name__ != "AuthenticationError", str(error)
    if not known:
        raise SettingsError(
            f"tracking=online needs a login to W&B: {problem}; run `wandb login` or set WANDB_API_KEY, or take "
            "tracking=offline and upload the runs later"
        )


def _start(
    mode: str, folder: Path, config: Mapping[str, Any], about: Mapping[str, Any], timeout_seconds: float
) -> TrackedRun:
    """Return a started run: offline if the service does not answer; off, after one warning, if that fails too."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):  # W&B would silently write elsewhere
            raise PermissionError(f"{folder} is not writable")
        if mode == "online":
            try:
                _ask_service(timeout_seconds)
                run = _open(mode, folder, config, about, timeout_seconds)
                _set_aside_pieces(folder / _SUBFOLDER, about["id"])
                return run
            except Exception as error:  # any failure of the service, a key that it does not know included
                warnings.warn(
                    f"W&B gave no run within tracking.timeout_seconds={timeout_seconds:g} ({error!r}); the run goes on "
                    f"offline, upload it later: wandb sync {folder}/wandb/offline-run-*",
                    stacklevel=4,
                )
                _wandb().teardown()  # its process holds the id of the run that failed
        _set_aside_pieces(folder / _SUBFOLDER, about["id"])
        return _open("offline", folder, config, {**about, "resume": None}, timeout_seconds)
    except Exception as error:
        run = TrackedRun()
        run._give_up(error)
        return run


def _ask_service(timeout_seconds: float) -> None:
    """Raise an error unless the service answers in time: wandb itself retries for minutes."""
    address = _wandb().setup().settings.base_url  # a web address, as wandb checks
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=timeout_seconds):
            return
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise


def _open(
    mode: str, folder: Path, config: Mapping[str, Any], about: Mapping[str, Any], timeout_seconds: float
) -> TrackedRun:
    wandb = _wandb()
    handle = wandb.init(
        mode=mode,
        dir=str(folder),
        config=shareable(config),
        reinit="finish_previous",  # the jobs of a Hydra sweep follow each other in one process
        settings=wandb.Settings(
            silent=True,
            console="off",  # the experiment has its own log
            save_code=False,
            disable_code=True,
            disable_git=True,  # the record has the commit; the address of a remote may contain a token
            disable_job_creation=True,
            x_disable_meta=True,  # host, user and absolute paths
            x_save_requirements=False,
            init_timeout=timeout_seconds,
            finish_timeout=timeout_seconds,
            finish_timeout_raises=True,
        ),
        **about,
    )
    handle.define_metric("*", step_metric=STEP)
    return TrackedRun(handle, int(handle.summary.get(STEP, -1)) if handle.resumed else -1)


def _set_aside_pieces(folder: Path, run_id: str | None) -> None:
    """Move the offline pieces of a run to a subfolder that ``wandb sync FOLDER/offline-run-*`` does not see.

    A killed process loses the last seconds and may leave a torn piece, for which wandb 0.31 refuses to upload the
    others too. The start that follows has the whole curve, see `TrackingCallback`, and replaces them.
    """
    for piece in sorted(folder.glob(f"offline-run-*-{run_id}")) if run_id else ():
        (folder / _REPLACED).mkdir(exist_ok=True)
        piece.rename(folder / _REPLACED / piece.name)


@contextmanager
def _copies_kept_in(folder: Path) -> Iterator[None]:
    """Keep W&B's copies and logs beside its runs instead of in the home folder, unless the user set a folder."""
    root = (folder / _SUBFOLDER).absolute()
    wanted = {"WANDB_DATA_DIR": str(root), "WANDB_CACHE_DIR": str(root / "cache")}
    added = {key: value for key, value in wanted.items() if key not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for key in added:
            os.environ.pop(key, None)
