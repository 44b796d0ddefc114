"""References of container images: registry, repository, tag, digest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from composer.model.units import UnitError

EXPECTED = "an image with a tag or a digest, such as docker.io/library/eclipse-mosquitto:2.0.22"
LONGEST = 512

_LABEL = r"[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])"
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<registry>{_HOST}(?::[0-9]{{1,5}})?)/)?(?P<repository>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, slots=True)
class Image:
    """An image reference taken apart. *tag* and *digest* are "" where the reference has none."""

    registry: str
    repository: str
    tag: str
    digest: str

    @property
    def is_pinned(self) -> bool:
        """Whether the reference has a digest, or a tag other than `latest`."""
        return bool(self.digest) or self.tag not in ("", "latest")

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


@lru_cache(maxsize=4096)
def parse_image(text: str) -> Image:
    """The parts of an image reference: "nginx:1" is docker.io/library/nginx:1. Raises UnitError."""
    found = _REFERENCE.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise UnitError(EXPECTED)
    registry, repository = found["registry"] or "", found["repository"]
    if registry and not ("." in registry or ":" in registry or registry == "localhost"):
        registry, repository = (
            "",
            f"{registry}/{repository}",
        )  # the first part is a host only where it looks like one
    if repository != repository.lower():
        raise UnitError(EXPECTED)
    if not registry:
        registry, repository = "docker.io", repository if "/" in repository else f"library/{repository}"
    return Image(registry, repository, found["tag"] or "", found["digest"] or "")


def image(value: object) -> str:
    """The reference as written, checked: it has a tag other than `latest`, or a digest. Raises UnitError."""
    if not isinstance(value, str):
        raise UnitError(EXPECTED)
    if not parse_image(value).is_pinned:
        raise UnitError(f"{EXPECTED}; without one, or with `latest`, the image may change under the site")
    return value
