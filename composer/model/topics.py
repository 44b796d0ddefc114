"""MQTT topics and topic filters: their rules, what matches what, and the placeholders documents may put in
them.

The rules are those of MQTT 3.1.1 and 5: levels are parted by slashes, `+` stands for one whole level, `#` for
all that follow (and the level above), wildcards at the front leave out topics that begin with `$`, and
`$share/<group>/` in front of a filter shares its messages among the group.
"""

from __future__ import annotations

import re
from functools import lru_cache

from composer.model.units import UnitError

LONGEST = 65_535
"""Bytes of UTF-8 that fit into an MQTT packet's topic."""

MOST_LEVELS = 128
"""What brokers take by default (EMQX 128, Mosquitto 200)."""

_PLACEHOLDER = re.compile(r"\{([a-z][A-Za-z0-9]*)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_VALUE = re.compile(r"[^/+#\x00-\x1f\x7f-\x9f]+")


def topic(text: object) -> str:
    """The topic, checked: no wildcards. Placeholders are allowed. Raises UnitError."""
    written = _checked(text, "an MQTT topic such as press/mean")
    if "+" in written or "#" in written:
        raise UnitError("an MQTT topic without wildcards (+ and #), such as press/mean")
    return written


def topic_filter(text: object) -> str:
    """The topic filter, checked: wildcards fill whole levels, # comes last. Raises UnitError."""
    expected = "an MQTT topic filter such as press/+/telemetry"
    written = _checked(text, expected)
    levels = written.split("/")
    if levels[0] == "$share":
        group = levels[1].replace("{site}", "") if len(levels) > 2 else "+"
        if not levels[1:2] or not levels[1] or any(char in group for char in "+#{"):
            raise UnitError("a shared subscription such as $share/workers/press/+/telemetry")
        levels = levels[2:]
        if levels == [""]:
            raise UnitError("a shared subscription with a filter, such as $share/workers/press/+/telemetry")
    for level in levels:
        if len(level) > 1 and ("+" in level or "#" in level):
            raise UnitError(f"{expected}; a wildcard fills a whole level, unlike {level!r}")
    if "#" in levels[:-1]:
        raise UnitError(f"{expected}; # can only be the last level")
    return written


def _checked(text: object, expected: str) -> str:
    """What holds for topics and filters alike."""
    if not isinstance(text, str) or not text:
        raise UnitError(expected)
    if _CONTROL.search(text):
        raise UnitError(f"{expected}, without control characters")
    if len(text) > LONGEST or len(text.encode()) > LONGEST:
        raise UnitError(f"{expected}, of at most {LONGEST} bytes")
    if text.count("/") >= MOST_LEVELS:
        raise UnitError(f"{expected}, of at most {MOST_LEVELS} levels")
    bare = _PLACEHOLDER.sub("", text)
    if "{" in bare or "}" in bare:
        raise UnitError(f"{expected}; a placeholder is written {{device}}")
    return text


def placeholders(text: str) -> tuple[str, ...]:
    """The names of the placeholders in a topic or filter, each once, in order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def bind(text: str, **values: str) -> str:
    """The topic or filter with the placeholders that *values* names filled in; others stay. Raises UnitError.

    A value fills part of one level: it can neither add levels nor be a wildcard.
    """
    for name, value in values.items():
        placeholder = f"{{{name}}}"
        if placeholder not in text:
            continue
        if not _VALUE.fullmatch(value):
            raise UnitError(f"a value for {placeholder} without slashes, wildcards and control characters")
        text = text.replace(placeholder, value)
    return text


@lru_cache(maxsize=8192)
def to_filter(pattern: str) -> str:
    """The narrowest filter for what *pattern* stands for: every level with a placeholder becomes `+`."""
    if "{" not in pattern:
        return pattern
    return "/".join("+" if _PLACEHOLDER.search(level) else level for level in pattern.split("/"))


@lru_cache(maxsize=8192)
def is_widened(pattern: str) -> bool:
    """Whether `to_filter` matches more than *pattern* with values in its places: one is part of a level, or comes twice."""
    found = _PLACEHOLDER.findall(pattern)
    whole = sum(_PLACEHOLDER.fullmatch(level) is not None for level in pattern.split("/"))
    return len(set(found)) < len(found) or whole < len(found)


@lru_cache(maxsize=8192)
def whole_levels(pattern: str) -> str:
    """The pattern with `+` for each level of which a placeholder is only a part."""
    levels = (each if _PLACEHOLDER.fullmatch(each) else to_filter(each) for each in pattern.split("/"))
    return "/".join(levels)


def unshared(topic_filter: str) -> str:
    """The filter without `$share/<group>/` in front of it."""
    return topic_filter.split("/", 2)[2] if topic_filter.startswith("$share/") else topic_filter


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a subscription to *topic_filter* gets messages published to *topic*."""
    return covers(topic_filter, topic)


@lru_cache(maxsize=65_536)
def covers(wide: str, narrow: str) -> bool:
    """Whether *wide* matches every topic that *narrow* matches."""
    left, right = levels(wide), levels(narrow)
    if left[0] == "+" and right[0].startswith("$"):
        return False
    for index, level in enumerate(left):
        if level == "#":
            return True
        if index == len(right) or right[index] == "#" or level not in ("+", right[index]):
            return False
    return len(left) == len(right)


@lru_cache(maxsize=65_536)
def overlaps(one: str, other: str) -> bool:
    """Whether there is a topic that both filters match."""
    left, right = levels(one), levels(other)
    for a, b in ((left[0], right[0]), (right[0], left[0])):
        if a == "+" and b.startswith("$"):
            return False
    for a, b in zip(left, right, strict=False):
        if "#" in (a, b):
            return True
        if a != b and "+" not in (a, b):
            return False
    longer, length = max(left, right, key=len), min(len(left), len(right))
    return len(longer) == length or longer[length] == "#"


def meet(one: str, other: str) -> str:
    """A filter for the topics that both filters match; they have to overlap."""
    left, right = unshared(one).split("/"), unshared(other).split("/")
    found: list[str] = []
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if "#" in (a, b):
            return "/".join([*found, *(right if a == "#" else left)[index:]])
        found.append(b if a == "+" else a)
    return "/".join(found)


_SAME = {"#": ["+", "#"], "/#": ["", "+", "#"]}
"""Filters whose # cannot stand for nothing: no topic is without a level, and none is one empty level."""


def levels(topic_filter: str) -> list[str]:
    """The levels of a filter, written so that filters of the same meaning have the same levels."""
    plain = unshared(topic_filter)
    return _SAME.get(plain) or plain.split("/")
