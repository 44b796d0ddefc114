"""The composer, ready to start: a process that has read the code once, and forks for each command.

A command runs as it does for people: in a process and a session of its own, in its folder, with its variables and files,
from the function behind the console script to its exit code. What it is spared is what is the same every time: that
Python starts, and that what comes with the composer is read. `python -IS ready.py SOCKET WORDS` asks for one from a shell.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 1 << 17
"""Bytes of a command and its variables."""

Files = tuple[int, int, int]
"""Standard input, output and error."""


def get_ready(address: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The process, which listens at *address* and ends with the one that started it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(address))
        listener.listen(64)
        return subprocess.Popen(
            [sys.executable, "-m", "tests.cli.ready", str(listener.fileno())],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )


def ask(address: str, words: Sequence[str], folder: str, environment: Mapping[str, str], files: Files) -> int:
    """How `composer WORDS` ended: its exit code, negative where a signal ended it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(address)
        said = json.dumps({"words": list(words), "folder": folder, "environment": dict(environment)}).encode()
        assert len(said) < LONGEST
        socket.send_fds(connection, [said], list(files))
        return int(connection.recv(16))


def serve(listener: socket.socket) -> None:
    """Starts the commands that are asked for, until standard input ends. Comes back in every command's process, too."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(listener, selectors.EVENT_READ)
        waiting.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is sys.stdin:
                    return
                if key.fileobj is not listener:
                    waiting.unregister(key.fileobj)
                    _tell(key.fd, *key.data)
                    continue
                connection, _ = listener.accept()
                child = os.fork()
                if child == 0:
                    _become(connection)
                    return
                waiting.register(os.pidfd_open(child), selectors.EVENT_READ, (child, connection))


def _tell(ended: int, child: int, connection: socket.socket) -> None:
    """Says how a command ended."""
    os.close(ended)
    _, status = os.waitpid(child, 0)
    with connection, suppress(OSError):
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(connection: socket.socket) -> None:
    """Runs the command that *connection* asks for in this process, and ends it."""
    from composer.cli.main import run  # noqa: PLC0415 - a shell's command needs none of it

    said, files, _, _ = socket.recv_fds(connection, LONGEST, 3)
    command = json.loads(said)
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    time.tzset()
    sys.argv = ["composer", *command["words"]]
    atexit.register(gc.freeze)  # Python looks for garbage at the end, among all that was read before
    run()


def import_everything() -> None:
    """Imports what commands import when they need it, but for the clients of forges, which hardly any of them does."""
    import composer  # noqa: PLC0415

    for module in pkgutil.walk_packages(composer.__path__, "composer."):
        if not module.name.startswith(("composer.__main__", "composer.forges")):
            import_module(module.name)


def compose_example() -> None:
    """Reads and compiles what comes with the composer, as far as the example fleet uses it."""
    from composer.pipeline.line import Line  # noqa: PLC0415
    from composer.stages.load import load_fleet  # noqa: PLC0415

    fleet, _ = load_fleet(ROOT)
    for site in fleet.sites:
        Line(fleet).compose(site)


def main(words: Sequence[str]) -> None:
    if words[0].isdigit():
        import_everything()
        compose_example()
        gc.freeze()
        serve(socket.socket(fileno=int(words[0])))
    else:
        code = ask(words[0], words[1:], str(Path.cwd()), os.environ, (0, 1, 2))
        sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main(sys.argv[1:])
