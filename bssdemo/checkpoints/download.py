"""One pinned checkpoint from the Hugging Face Hub into its local cache, or a reason in plain words.

`huggingface_hub` retries an unreachable server for more than a minute when nothing is cached, and
waits 3 s on a silent one for its own telemetry even when all is cached. So: the cache by looking at
its files, then one short question whether the Hub answers at all, and only then the download. All
checkpoints of one start share one time limit; a download that is overdue goes on in the background, into
the cache, for the next start.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

log = logging.getLogger(__name__)

OWNER_VARIABLE = "BSSDEMO_HUB_OWNER"
# Tags, not commit hashes: each owner's repositories have hashes of their own. Raised with new weights.
SETS = ("mnist", "fashion", "shoes-bags", "digit-drums")  # of mask networks, each with a supervised twin
PRIORS = ("speech", "drums", "piano", "guitar", "bass", "strings", "digit", "drums-dense", "piano-dense")
REVISIONS = (
    dict.fromkeys((*PRIORS, "tagger"), "v1")
    | {"drums": "v2", "piano": "v2"}
    | {f"mask-{name}{twin}": "v1" for name in SETS for twin in ("", "-supervised")}
)
ANSWER_SECONDS = 1.5  # a Hub that is silent for longer is treated as unreachable
HUB_SECONDS = 60.0  # that all checkpoints together may take, about 100 MB
RETRY_SECONDS = 600.0  # an unreachable Hub is not asked again for up to this long
CACHE_ERRORS = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.ENOTDIR,
    errno.EEXIST,
}

T = TypeVar("T")


def owner() -> str | None:
    """The user or organisation whose repositories are asked; None: the Hub is not asked."""
    return os.environ.get(OWNER_VARIABLE, "").strip() or None


def repository(owner: str, name: str) -> str:
    """The Hub repository of one checkpoint."""
    return f"{owner}/bssdemo-{name}"


def address(owner: str, name: str) -> str:
    """Repository and pinned revision, as people read it."""
    return f"{repository(owner, name)}@{REVISIONS[name]}"


def fetch(owner: str, name: str, files: tuple[str, ...]) -> Path | str:
    """The local folder with `files` of the pinned revision, or why there is none."""
    window = _window()
    return _refused.get((owner, name, window)) or _fetch(owner, name, files, window)


def kept(owner: str, name: str, files: tuple[str, ...]) -> Path | str:
    """The same, asking nobody: only what an earlier download has left in the cache."""
    try:
        there = _cached(repository(owner, name), REVISIONS[name], files)
    except Exception as error:
        return _reason(error, address(owner, name))
    return there or f"{address(owner, name)} is not downloaded yet"


def drop(owner: str, name: str, place: Path, files: tuple[str, ...]) -> str:
    """Remove damaged `files` from the cache; says so. What was downloaded just now is not asked for again at once."""
    for file in files:
        link = place / file
        for path in (link.resolve(), link):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("%s: cannot be removed (%s)", path, error.strerror)
    reason = f"the download of {address(owner, name)} was damaged"
    if (owner, name) in _fetched:
        _refused[owner, name, _window()] = reason
    return reason


_refused: dict[tuple[str, str, int], str] = {}  # owner, name, stretch of time -> why
_fetched: set[tuple[str, str]] = set()  # owner, name: downloaded by this process


def _window() -> int:
    """The number of this stretch of time; in one of them nothing that failed is tried again."""
    return int(time.monotonic() // RETRY_SECONDS)


@lru_cache(maxsize=4)
def _end(window: int) -> float:
    """When the Hub's time is over; the first question starts the clock."""
    return time.monotonic() + HUB_SECONDS


@lru_cache(maxsize=64)
def _fetch(owner: str, name: str, files: tuple[str, ...], window: int) -> Path | str:
    """`window` numbers the stretch of time in which an answer, also a failed one, is kept."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    repo, revision = repository(owner, name), REVISIONS[name]
    try:
        cached = _cached(repo, revision, files)
        if cached is not None:
            return cached
        _fetched.add((owner, name))
        silence = _silence(window)
        if silence is not None:
            return silence
        url = hf_hub_url(repo, files[0], revision=revision)
        left = _end(window) - time.monotonic()
        _within(min(left, ANSWER_SECONDS), lambda: get_hf_file_metadata(url, timeout=ANSWER_SECONDS))
        return _within(_end(window) - time.monotonic(), lambda: _download(repo, revision, files))
    except TimeoutError:
        if time.monotonic() < _end(window):
            return "the Hub could not be reached"
        return f"the Hub was too slow: all checkpoints together may take {HUB_SECONDS:.0f} s"
    except Exception as error:  # whatever went wrong on the way, the bundled copy is the answer
        return _reason(error, f"{repo}@{revision}")


def _cached(repo: str, revision: str, files: tuple[str, ...]) -> Path | None:
    """The cache folder of `revision`, when all `files` are in it; no network."""
    from huggingface_hub import try_to_load_from_cache

    first = try_to_load_from_cache(repo, files[0], revision=revision)
    folder = Path(first).parent if isinstance(first, str) else None
    return folder if folder is not None and all((folder / file).is_file() for file in files) else None


def _download(repo: str, revision: str, files: tuple[str, ...]) -> Path:
    """Fetch `files` into the cache, all of the one commit that `revision` names now."""
    from huggingface_hub import hf_hub_download

    first, *others = files
    folder = Path(hf_hub_download(repo, first, revision=revision)).parent
    for file in others:
        hf_hub_download(repo, file, revision=folder.name)
    return folder


@lru_cache(maxsize=4)
def _silence(window: int) -> str | None:
    """Why the Hub gives no answer at all, or None when it does; asked once for all checkpoints."""
    from huggingface_hub import constants, get_session

    try:
        _within(ANSWER_SECONDS, lambda: get_session().head(constants.ENDPOINT, timeout=ANSWER_SECONDS))
    except Exception as error:
        return _reason(error, constants.ENDPOINT)
    return None


def _within(seconds: float, task: Callable[[], T]) -> T:
    """`task()`, or TimeoutError after `seconds` of wall clock, at once where there are none.

    Needed because no network timeout covers name look-up or a row of dead addresses. An overdue
    task is left to end by itself in a daemon thread, which does not hold the program open.
    """
    if seconds <= 0:
        raise TimeoutError
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(task())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True, name="hub").start()
    return answer.result(timeout=seconds)


def _reason(error: Exception, what: str) -> str:
    """The failure in plain words; the details go to the log."""
    from huggingface_hub import constants, errors

    log.info("Hub: %s: %s: %s", what, type(error).__name__, error)
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "offline mode is on (HF_HUB_OFFLINE)"
    if isinstance(error, errors.HFValidationError):
        return f"{OWNER_VARIABLE} does not name a Hub account"
    missing = (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError)
    if isinstance(error, missing):
        return f"the Hub has no {what}, or it is private"
    if isinstance(error, errors.HfHubHTTPError):
        return f"the Hub answered with an error ({error.response.status_code})"
    if isinstance(error, OSError) and error.errno in CACHE_ERRORS:
        return f"the cache {constants.HF_HUB_CACHE} cannot be written ({os.strerror(error.errno)})"
    return "the Hub could not be reached"
