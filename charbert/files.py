"""Reading of text, atomic writing of files and folders, locks, and paths without information about the machine."""

import errno
import glob
import logging
import os
import re
import secrets
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import BinaryIO

from filelock import FileLock, Timeout

from charbert.errors import DataError, RecordError, first_line

log = logging.getLogger(__name__)

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PROTECTED = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENOLCK, errno.ENOTSUP)
_READ_TOO = (errno.EIO, errno.ESTALE, errno.ENAMETOOLONG, errno.ELOOP)
"""Errors that reading and writing have in common."""
_DISK_ERROR = re.compile(r"No space left|\(os error (28|27|30|122)\)|PytorchStreamWriter failed|iostream error")
"""Messages about a full or unwritable disk from libraries that do not raise OSError."""

_ROLES = ("tmp", "old", "lock")
"""Endings of the names beside a folder that is replaced: its draft, what it replaces, and the lock of the process."""
_PACKED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"\xfd7zXZ", b"BZh")
"""First bytes of .xlsx, .ods and .zip files, of .xls, .gz, .xz and .bz2 files."""
_WESTERN = "WINDOWS-1252"  # ISO-8859-1 and more
_OTHER_ENCODINGS = (
    "take WINDOWS-1250 for Polish or Czech, -1251 for Cyrillic, -1253 for Greek, -1254 for Turkish, -1256 for Arabic, "
    "GB18030 for Chinese"
)
"""Those whose bytes the same command reads as wrong letters, without an error."""
MAX_NAME_BYTES = 200
"""Longest name to derive other names from; file systems allow 255 bytes."""


def read_text(path: Path, kind: str) -> str:
    """Return the text of a file, without a byte order mark.

    In a file without any line feed, carriage returns end the lines.

    Args:
        path: the file, in UTF-8.
        kind: of the expected file, for the error.

    Raises:
        DataError: if the file is missing or not UTF-8.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        problem = "a folder" if path.is_dir() else "no such file"
        raise DataError.at(path, None, expected=kind, found=problem, hint="check the path") from None
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        bad_byte = f"byte 0x{data[error.start]:02x}"
        encoding = _likely_encoding(data)
        hint = f"convert the file, as with: iconv -f {encoding} -t UTF-8 {shlex.quote(path.name)} > NEW"
        if encoding == _WESTERN:
            hint += f"; {encoding} is for Western Europe: {_OTHER_ENCODINGS}"
        if data.startswith(_PACKED):
            hint = "is it a spreadsheet or an archive? Save it as CSV in UTF-8, or unpack it"
        raise DataError.at(path, line, expected="UTF-8 text", found=bad_byte, hint=hint) from None
    return text if "\n" in text else text.replace("\r", "\n")


def _likely_encoding(data: bytes) -> str:
    """Return the encoding that bytes which are no UTF-8 probably have."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    return "UTF-16LE" if b"\0" in data else _WESTERN


def write_atomically(path: Path | str, content: str | bytes) -> None:
    """Replace the file at ``path`` in one step, so that a reader sees the old content or the new.

    Raises:
        RecordError: if it cannot be written; the old file is intact and no temporary file remains.
    """
    with replaced_file(path) as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def replaced_file(path: Path | str) -> Iterator[BinaryIO]:
    """Yield an empty file beside ``path`` that replaces it when the body ends without an error.

    Raises:
        RecordError: if it cannot be written; the old file is intact and no temporary file remains.
    """
    path = Path(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(draft, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, path)
        _sync(path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:  # an interrupt must not leave a draft either
        with suppress(OSError):  # the first error is the one to report
            draft.unlink(missing_ok=True)


@contextmanager
def replaced_folder(path: Path | str) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` that replaces it when the body ends without an error.

    Its files are on the disk before it takes its place. What a killed process left beside ``path`` is recovered first,
    see `recover_folder`.

    Raises:
        RecordError: if it cannot be written; the old folder is intact and no temporary folder remains.
    """
    path = Path(path)
    token = secrets.token_hex(4)
    draft, old, used = (path.with_name(f".{path.name}.{token}.{role}") for role in _ROLES)
    lock = FileLock(used)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        recover_folder(path)
        lock.acquire()  # tells others that a living process uses the draft
        draft.mkdir()
        yield draft
        sync_folder(draft)
        if path.exists():
            os.rename(path, old)  # a folder that holds files cannot be replaced in one step
        try:
            rename_folder(draft, path)
        except OSError:
            if old.exists() and not path.exists():
                os.rename(old, path)
            raise
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        _remove_drafts(path, draft, old)
        lock.release()
        used.unlink(missing_ok=True)


def recover_folder(path: Path | str) -> None:
    """Restore a folder whose replacement was killed between its two steps, and remove the drafts of killed processes.

    The drafts of living processes are left alone.
    """
    path = Path(path)
    for left in sorted(path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}.*")):
        draft, old, used = (left.with_suffix(f".{role}") for role in _ROLES)
        if left not in (draft, old, used) or not os.path.lexists(left):
            continue
        lock = FileLock(used)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            continue
        try:
            if old.exists() and not path.exists():
                rename_folder(old, path)
                log.warning("%s: restored; a process was killed while it replaced the folder", path)
            _remove_drafts(path, draft, old)
        finally:
            lock.release()
            used.unlink(missing_ok=True)


def rename_folder(folder: Path, name: Path) -> None:
    """Rename a folder, and wait until the new name is on the disk."""
    os.rename(folder, name)
    _sync(name.parent)


def sync_folder(folder: Path) -> None:
    """Wait until a folder and all that is in it are on the disk, so that a loss of power does not damage them.

    Its files may then be read by those who may read the folder: safetensors writes them for this user alone.
    """
    mode = folder.stat().st_mode & 0o666
    for parent, _, names in os.walk(folder, topdown=False):
        for path in (Path(parent) / name for name in names):
            with suppress(OSError):  # a file system without permissions
                if not path.is_symlink():
                    path.chmod(mode)
            _sync(path)
        _sync(Path(parent))


def _sync(path: Path) -> None:
    if path.is_symlink():
        return
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder on a system that does not open them
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that cannot write a folder by itself
            raise
    finally:
        os.close(descriptor)


def _remove_drafts(path: Path, draft: Path, old: Path) -> None:
    shutil.rmtree(draft, ignore_errors=True)
    if path.exists():  # else the old folder could not be restored, and is the only copy
        if old.is_symlink():
            old.unlink()
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def locked(path: Path | str, purpose: str) -> Iterator[None]:
    """Let one process at a time run the body; the others wait. The lock of a killed process is released.

    Args:
        path: of the lock file, which is not removed.
        purpose: of the body, for the log of waiting processes.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, is_singleton=True)  # reentrant within a process
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("waiting for another process: %s; it holds %s", purpose, path)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def check_writable(folder: Path | str) -> None:
    """Check that files can be written below a folder, which need not exist; nothing is written.

    Raises:
        RecordError: naming the folder, if it is read-only, not the user's, below a file or on a full disk.
    """
    there = Path(folder).absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        raise _not_written(Path(folder), NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(there, os.W_OK | os.X_OK):
        code = errno.EROFS if os.statvfs(there).f_flag & os.ST_RDONLY else errno.EACCES
        raise _not_written(Path(folder), OSError(code, os.strerror(code)))
    if not shutil.disk_usage(there).free:
        raise _not_written(Path(folder), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def disk_failure(error: BaseException) -> tuple[str, str, str] | None:
    """Return a file or folder, ``written`` or ``read`` for what could not be done with it, and why.

    None if the error is not about a full disk, a protected folder or a file that this user may not read.
    """
    if isinstance(error, OSError) and error.errno in (*_FULL, *_PROTECTED, *_READ_TOO):
        unreadable = isinstance(error, PermissionError) and error.filename and _is_unreadable(Path(error.filename))
        done = "read" if unreadable else "read or written" if error.errno in _READ_TOO else "written"
        return error.filename or "a file", done, error.strerror or str(error)
    if _DISK_ERROR.search(str(error)):
        return "a file", "written", first_line(error)
    return None


def _is_unreadable(path: Path) -> bool:
    """Return whether this user may not read what is there, or not look whether something is."""
    return not os.access(path, os.R_OK) and (os.path.lexists(path) or not os.access(path.parent, os.X_OK))


def _not_written(path: Path, error: OSError) -> RecordError:
    return RecordError(
        f"{path}: could not be written ({error.strerror or error}); what was there before is intact. "
        "Free space or choose another folder (of experiments: paths.results), then run again"
    )


def is_plain_name(name: str) -> bool:
    """Return whether a name is a single part of a path, so that what it names stays in its folder."""
    hidden = re.search(r"[/\\\x00-\x1f\x7f]", name)
    return name not in ("", ".", "..") and not hidden and len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES


def shorten_path(path: PurePath | str, root: Path | str | None = None) -> str:
    """Return a path without information about the machine, with forward slashes.

    A relative path is unchanged, a path inside ``root`` becomes relative to it, and of any other absolute path the last
    two parts remain (``conll2003/eng.train``).

    Args:
        path: the path; it need not exist.
        root: folder to be relative to; None: the working directory.
    """
    pure = PurePath(path)
    if not pure.is_absolute():
        return pure.as_posix()
    base = Path(root) if root is not None else Path.cwd()
    if pure.is_relative_to(base):
        return pure.relative_to(base).as_posix()
    return PurePath(*[part for part in pure.parts if part != pure.anchor][-2:]).as_posix()
