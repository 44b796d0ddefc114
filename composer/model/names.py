"""Names: what Kubernetes, Git and certificates allow, and the short forms people write for many of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import product
from math import prod

from composer.model.units import UnitError

LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
"""An RFC 1123 label, such as the name of a namespace or a Service."""

HOSTNAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*")
"""An RFC 1123 subdomain, such as the name of most Kubernetes objects, or a host name."""

LONGEST_DEVICE_NAME = 64
"""A certificate's common name has at most 64 characters (RFC 5280)."""

MOST_DEVICE_NAMES = 1_000_000

DEFAULT_BRANCH = "site/{site}"

PROPOSED = "-next"
"""What the name of a branch ends in from which GitOps Promoter proposes to promote; no other branch of ours does."""


def is_label(text: object) -> bool:
    """Whether *text* is a DNS label: up to 63 lower-case letters, digits and inner dashes."""
    return isinstance(text, str) and LABEL.fullmatch(text) is not None


def is_hostname(text: object) -> bool:
    """Whether *text* is a DNS name: labels joined by dots, up to 253 characters."""
    return isinstance(text, str) and HOSTNAME.fullmatch(text) is not None


def _faults(*faults: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), fault) for pattern, fault in faults)


_SITE_FAULTS = _faults(
    (r"\A\Z", "it is empty"),
    (r"[A-Z]", "it has upper-case letters"),
    (r"/", "it has a slash"),
    (r"\.", "it has a dot"),
    (r"\A-", "it begins with a dash"),
    (r"-\Z", "it ends with a dash"),
    (r"-next\Z", "names that end in -next are kept for promotion branches"),
    (r".{64}", "it is longer than 63 characters"),
    (r"[^-a-z0-9]", "it has characters other than letters, digits and dashes"),
)

_BRANCH_FAULTS = _faults(
    (r"\A@?\Z", "it is empty or a single @"),
    (r"\A-", "it begins with a dash"),
    (r"[\x00-\x20\x7f~^:?*\[\\]", "it has a space, a control character or one of ~ ^ : ? * [ \\"),
    (r"\.\.", "it has two dots in a row"),
    (r"@\{", "it has @{"),
    (r"\A/|//|/\Z", "it begins or ends with a slash, or has two in a row"),
    (r"(?:\A|/)\.", "one of its parts begins with a dot"),
    (r"\.lock(?:/|\Z)", "one of its parts ends in .lock"),
    (r"\.\Z", "it ends with a dot"),
    (r"\Arefs/|\AHEAD\Z", "the name is Git's own"),
    (r"-next\Z", "names that end in -next are kept for promotion branches"),
)


def site_name_fault(name: str) -> str:
    """Why *name* cannot be a site's, or ""; it is part of branches, host names and object names."""
    return next((fault for pattern, fault in _SITE_FAULTS if pattern.search(name)), "")


def branch_fault(branch: str) -> str:
    """Why *branch* cannot be a branch's name (git check-ref-format's rules and the composer's own), or ""."""
    return next((fault for pattern, fault in _BRANCH_FAULTS if pattern.search(branch)), "")


def branch_of(pattern: str | None, site: str) -> str:
    """The branch that holds a site's objects; *pattern* has {site} in it."""
    return (pattern or DEFAULT_BRANCH).replace("{site}", site)


def proposed_branch(branch: str) -> str:
    """The branch from which commits are promoted to *branch*."""
    return f"{branch}{PROPOSED}"


def active_branch(branch: str) -> str:
    """The branch to which commits of a proposed branch are promoted; "" where it is no such branch."""
    return branch.removesuffix(PROPOSED) if branch.endswith(PROPOSED) else ""


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers of a range, each written with *width* digits at least."""

    span: range
    width: int

    def __len__(self) -> int:
        return len(self.span)

    def __iter__(self) -> Iterator[str]:
        return (f"{number:0{self.width}d}" for number in self.span)


_Part = tuple[str, ...] | _Numbers


@dataclass(frozen=True, slots=True)
class Names:
    """The names a pattern stands for, in order. They are counted without being made, and made one by one."""

    parts: tuple[_Part, ...]

    def __len__(self) -> int:
        return prod(len(part) for part in self.parts)

    def __iter__(self) -> Iterator[str]:
        return ("".join(chosen) for chosen in product(*self.parts))

    @property
    def longest(self) -> int:
        """How many characters the longest of them has."""
        return sum(max(map(len, words)) for words in _samples(self.parts))


_GROUP = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})")
_CHARACTERS = re.compile(r"[A-Za-z0-9_.-]*")


@lru_cache(maxsize=1024)
def expand_names(pattern: str) -> Names:
    """The names *pattern* stands for: "press-{000..399}" is 400, "door-{left,right}" 2. Raises UnitError."""
    expected = "a name, with a range such as press-{000..399} for many"
    pieces = _GROUP.split(pattern)
    if len(pattern) > 253 or any(c in piece for piece in pieces[::2] for c in "{}"):
        raise UnitError(expected)
    names = Names(tuple((piece,) if index % 2 == 0 else _group(piece) for index, piece in enumerate(pieces)))
    if len(names) > MOST_DEVICE_NAMES:
        raise UnitError(f"{expected}, and at most {MOST_DEVICE_NAMES} of them; say `count` for more")
    if fault := _fault(names.parts):
        raise UnitError(f"{expected}; {fault}")
    if len(pieces) > 3 and len(set(names)) < len(names):
        raise UnitError(f"{expected}, each of them once")
    return names


def _samples(parts: tuple[_Part, ...]) -> list[tuple[str, ...]]:
    """Every word of the lists, and of each range the last number, than which no other is longer."""
    return [(f"{part.span[-1]:0{part.width}d}",) if isinstance(part, _Numbers) else part for part in parts]


def _fault(parts: tuple[_Part, ...]) -> str:
    """Why some of the names cannot be a device's, judged by the longest number of a range and every word of a list."""
    samples = _samples(parts)
    written = all(_CHARACTERS.fullmatch(word) for words in samples for word in words)
    if not (written and _leading(samples).isalnum()):
        return "of letters, digits, dashes, dots and underscores, beginning with a letter or digit"
    if sum(max(map(len, words)) for words in samples) > LONGEST_DEVICE_NAME:
        return f"of at most {LONGEST_DEVICE_NAME} characters"
    return ""


def _leading(samples: list[tuple[str, ...]]) -> str:
    """The characters that names begin with; "" where a name may be empty."""
    leading = ""
    for words in samples:
        leading += "".join(word[:1] for word in words)
        if all(words):
            return leading
    return ""


def _group(text: str) -> _Part:
    found = _RANGE.fullmatch(text)
    if not found:
        words = tuple(text.split(","))
        if len(words) < 2 or len(set(words)) < len(words):
            raise UnitError(f"a range such as {{000..399}} or a list such as {{left,right}}, not {{{text}}}")
        return words
    first, last = found.groups()
    padded = first.startswith("0") and first != "0"
    if int(last) < int(first):
        raise UnitError(f"a range that goes up, not {{{text}}}")
    if padded and len(first) != len(last):
        raise UnitError(f"a range whose ends have the same number of digits, not {{{text}}}")
    return _Numbers(range(int(first), int(last) + 1), len(first) if padded else 1)


def shorten(name: str, limit: int = 63) -> str:
    """*name* itself where it fits, else its beginning and eight figures that tell it from others."""
    if len(name) <= limit:
        return name
    digest = sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-._')}-{digest}"


def slug(text: str, limit: int = 63) -> str:
    """A DNS label made from any text. What had to be changed gets figures of its own: no two become one."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if plain and plain == text:
        return shorten(text, limit)
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain[: limit - 9].rstrip('-')}-{digest}".lstrip("-")
