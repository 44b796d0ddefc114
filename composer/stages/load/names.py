"""What documents may be called: names that are safe as file names, as parts of branches, and as Kubernetes labels."""

from __future__ import annotations

import re

LONGEST = 63
"""The length of a DNS label, which names of objects are made of."""

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")

_RESERVED = frozenset(
    {"fleet", "head", "con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}
)
"""The fleet's own file; Git's HEAD where file names ignore case; devices that Windows finds in every folder."""

_SUFFIXES = {
    ".lock": "Git keeps such names for its own lock files",
    "-next": "branches that end in -next are those that changes wait on before they are promoted",
}


def name_fault(name: str) -> str:
    """Why nothing can be called *name*, or "" where the name is good."""
    for suffix, reason in _SUFFIXES.items():
        if name.endswith(suffix):
            return f"it ends in {suffix}: {reason}"
    if name in _RESERVED:
        return "the name is reserved"
    if len(name) > LONGEST:
        return f"it has {len(name)} characters, at most {LONGEST} are allowed"
    return "" if _LABEL.fullmatch(name) else _letter_fault(name)


def _letter_fault(name: str) -> str:
    if name != name.lower() and _LABEL.fullmatch(name.lower()):
        return f"it has upper-case letters; {name.lower()!r} would do"
    return "names are made of lower-case letters, digits and inner dashes"
