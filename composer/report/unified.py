"""A comparison as a patch: `patch -p1` in a folder of `composer render`, `git apply -p2` on a branch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import unified_diff

from composer.model.wording import count
from composer.report.visible import holds_commands, visible
from composer.stages.compare import SiteDiff, is_secret_file

_LAYOUT = {ord("\n"): None, ord("\t"): None}
"""What is not printable and yet harmless. The composer writes no other; a file that holds some came from elsewhere."""


def unified(diffs: Iterable[SiteDiff], *, most_lines: int = 100_000) -> Iterator[str]:
    """The patch in pieces, each a file or a remark (which begins with #, and patch tools pass over).

    Paths begin with the site's name. Secrets, and files that are no readable text, are named but not shown.
    When *most_lines* are passed, the files that follow are only counted.
    """
    lines = left_out = 0
    for diff in diffs:
        for path in sorted(diff.old.keys() | diff.new.keys()):
            if lines >= most_lines:
                left_out += 1
                continue
            piece = _file(diff, path)
            lines += piece.count("\n")
            yield piece
    if left_out:
        verb = "differs and is" if left_out == 1 else "differ and are"
        yield f"# {count(left_out, 'more file')} {verb} not shown\n"


def _file(diff: SiteDiff, path: str) -> str:
    old, new = diff.old.get(path), diff.new.get(path)
    name = f"{diff.site}/{path}"
    texts = [_text(content) for content in (old, new)]
    if any(content and is_secret_file(path, content) for content in (old, new)):
        return visible(f"# {name!a} is a Secret and differs") + "\n"
    if None in texts:
        return visible(f"# {name!a} is not plain text and differs") + "\n"
    head = [f"diff --git {_quoted(f'a/{name}')} {_quoted(f'b/{name}')}\n"]
    head += ["new file mode 100644\n"] if old is None else ["deleted file mode 100644\n"] if new is None else []
    from_ = "/dev/null" if old is None else _quoted(f"a/{name}")
    to = "/dev/null" if new is None else _quoted(f"b/{name}")
    before, after = (_lines(text or "") for text in texts)
    return "".join(head + [_ended(line) for line in unified_diff(before, after, from_, to)])


def _text(content: bytes | None) -> str | None:
    """The content as text, "" for none; None where it is not text that can be shown as it is, in a terminal or a CI job."""
    try:
        text = (content or b"").decode()
    except UnicodeDecodeError:
        return None
    return text if text.translate(_LAYOUT).isprintable() and not holds_commands(text) else None


def _lines(text: str) -> list[str]:
    """The lines with their ends. Only a line feed ends one, as for every patch tool."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _quoted(name: str) -> str:
    """A path as git writes it in a patch: quoted only where something in it needs that."""
    if re.fullmatch(r"[^\x00-\x20\"#\\\x7f-\U0010ffff]+", name):
        return name
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '"#\\' else f"\\{byte:03o}"
        for byte in name.encode("utf-8", "surrogateescape")
    )
    return f'"{escaped}"'
