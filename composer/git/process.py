"""Running git: the only place that does. A caller gets bytes, a running process, or GitFailed."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Thread
from types import TracebackType
from typing import IO, Any

_FORGOTTEN = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE"),
    *("GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_REPLACE_REF_BASE", "GIT_NAMESPACE"),
    *("GIT_QUARANTINE_PATH", "GIT_DEFAULT_HASH", "GIT_DEFAULT_REF_FORMAT", "GIT_TEMPLATE_DIR"),
)
"""Variables that say which repository is meant; git sets them for hooks, and the composer may run in one."""

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    # zlib's working memory comes and goes with every object. Without room to spare, glibc gives it back to
    # the kernel each time, which takes longer than the compression.
    "MALLOC_TOP_PAD_": str(16 << 20),
}

_OWN_CONFIGURATION_ONLY = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}

_NO_PROGRAMS = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0")

_SMALL = ("-c", "core.packedGitWindowSize=1m", "-c", "core.packedGitLimit=32m")
"""So that git does not map whole packs, which are as large as all sites together."""


class GitFailed(Exception):  # noqa: N818 - the name says what happened
    """git could not do it; the text is what git said. *killed* tells that it had no chance to clear up.

    *output* is what it wrote to its standard output until then, *errors* all that it wrote to the other one.
    """

    def __init__(self, reason: str, *, killed: bool = False, output: bytes = b"", errors: bytes = b"") -> None:
        super().__init__(reason)
        self.killed = killed
        self.output = output
        self.errors = errors


def in_delivery(git_dir: Path, *words: str) -> list[str]:
    """A command on a delivery repository: neither its hooks nor anybody's settings have a say.

    Since nothing in it is run, it does not matter who owns it.
    """
    return ["git", f"--git-dir={git_dir}", "-c", f"safe.directory={git_dir}", *_NO_PROGRAMS, *_SMALL, *words]


def in_source(folder: Path, *words: str) -> list[str]:
    """A command on the working copy around *folder*, to be run with the person's own settings."""
    return ["git", "-C", str(folder), *_NO_PROGRAMS, *words]


def run(
    command: Sequence[str], content: bytes = b"", *, own: bool = False, keep: Sequence[int] = (), **environment: str
) -> bytes:
    """What the command writes to its standard output, given *content* on its standard input.

    With *own*, the person's Git configuration counts; the descriptors to *keep* stay open in it.
    Raises GitFailed where it ends with an error.
    """
    process = _start(command, {**({} if own else _OWN_CONFIGURATION_ONLY), **environment}, keep)
    output, errors = process.communicate(content)
    if process.returncode:
        reason = _text(errors) or f"git ended with code {process.returncode}"
        raise GitFailed(reason, killed=process.returncode < 0, output=bytes(output), errors=bytes(errors))
    return bytes(output)


class Process:
    """A git process that is fed and read while it runs. Leaving the `with` block early ends it."""

    def __init__(self, command: Sequence[str], *, own: bool = False, keep: Sequence[int] = ()) -> None:
        self._process = _start(command, {} if own else _OWN_CONFIGURATION_ONLY, keep)
        assert self._process.stdin
        assert self._process.stdout
        self.input: IO[bytes] = self._process.stdin
        self.output: IO[bytes] = self._process.stdout
        self._errors: deque[bytes] = deque(maxlen=20)
        # Somebody has to read the errors, or git would wait for it and the composer for git.
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._close()

    def finish(self) -> None:
        """Waits for the end. Raises GitFailed where git ended with an error."""
        with suppress(BrokenPipeError):
            self.input.close()
        if self._process.wait():
            raise self.failure()
        self._close()

    def failure(self) -> GitFailed:
        """Why git stopped, once it has; only then may this be asked."""
        code = self._process.wait()
        self._listener.join()
        return GitFailed(_text(b"".join(self._errors)) or f"git ended with code {code}", killed=code < 0)

    def _listen(self) -> None:
        assert self._process.stderr
        self._errors.extend(self._process.stderr)

    def _close(self) -> None:
        self._process.wait()
        self._listener.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(BrokenPipeError):
                if stream:
                    stream.close()


def _start(command: Sequence[str], environment: dict[str, str], keep: Sequence[int]) -> Popen[Any]:
    try:
        from git import Git  # noqa: PLC0415 - a tenth of a second, and it looks for the program git
        from git.exc import GitCommandNotFound  # noqa: PLC0415
    except ImportError as missing:
        raise GitFailed(f"git cannot be run: {missing}") from missing
    # Ctrl-C reaches the whole group of the terminal. What works on a repository here is the composer's to end; what may ask
    # somebody for the words of a key has to stay at the terminal.
    apart = environment.get("GIT_CONFIG_GLOBAL") == _OWN_CONFIGURATION_ONLY["GIT_CONFIG_GLOBAL"]
    words = ["env", *(word for name in _FORGOTTEN for word in ("-u", name)), *command]
    try:
        started = Git().execute(
            words,
            istream=PIPE,
            as_process=True,
            env={**_ENVIRONMENT, **environment},
            pass_fds=tuple(keep),
            start_new_session=apart,
        )
    except (GitCommandNotFound, OSError) as problem:
        raise GitFailed(f"git cannot be run: {problem}") from problem
    # Taken out of GitPython's wrapper, which would end the process when it is collected.
    process, started.proc = started.proc, None
    assert process
    return process


def _text(errors: bytes) -> str:
    """What git said, on one line, without its notes about files it dumps for its own developers."""
    lines = (line.strip() for line in errors.decode("utf-8", "replace").splitlines())
    return "; ".join(line for line in lines if line and "crash report" not in line)[:1000]
