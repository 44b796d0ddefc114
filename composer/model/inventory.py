"""Container images and who needs them, for which processors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Need(NamedTuple):
    """An image that a component runs. *architectures* are those of the nodes it may run on, as far as the image exists for
    them; without nodes those it exists for; () where nothing is known. *licence* is that of what is inside, *requires* the
    product of which a licence is needed, both "" where nothing is said."""

    reference: str
    component: str
    architectures: tuple[str, ...]
    licence: str
    requires: str


@dataclass(frozen=True, slots=True)
class Use:
    """What a site has of an image: the components that run it, and the architectures they need it for, sorted."""

    components: tuple[str, ...]
    architectures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """An image with the sites that use it, in the order of their names."""

    reference: str
    licence: str
    requires: str
    sites: dict[str, Use]

    @property
    def architectures(self) -> tuple[str, ...]:
        """Everything that any site needs it for, sorted."""
        return tuple(sorted({arch for use in self.sites.values() for arch in use.architectures}))

    @property
    def components(self) -> tuple[str, ...]:
        """Every component that runs it anywhere, sorted."""
        return tuple(sorted({component for use in self.sites.values() for component in use.components}))


def by_image(found: Mapping[str, Sequence[Need]]) -> list[Image]:
    """The images of all sites, by reference; *found* maps sites to what they need, in the order that is to be kept."""
    needs: dict[str, dict[str, list[Need]]] = {}
    for site, wanted in found.items():
        for need in wanted:
            needs.setdefault(need.reference, {}).setdefault(site, []).append(need)
    return [_image(reference, needs[reference]) for reference in sorted(needs)]


def _image(reference: str, sites: dict[str, list[Need]]) -> Image:
    licences = sorted({need.licence for found in sites.values() for need in found if need.licence})
    requires = sorted({need.requires for found in sites.values() for need in found if need.requires})
    uses = {
        site: Use(
            tuple(sorted({need.component for need in found})),
            tuple(sorted({arch for need in found for arch in need.architectures})),
        )
        for site, found in sites.items()
    }
    return Image(reference, " or ".join(licences), " and ".join(requires), uses)
