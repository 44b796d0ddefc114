"""Images as text for people, as JSON, and as a plain list for a mirror."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from composer.model.inventory import Image

SHOWN = 5
"""Sites and components that are named; of more there is the number."""


def text(images: Sequence[Image]) -> str:
    """A paragraph for each image."""
    return "".join(f"{line}\n" for image in images for line in _lines(image))


def _lines(image: Image) -> list[str]:
    needs = f", needs a licence of {image.requires}" if image.requires else ""
    return [
        image.reference,
        f"  for         {', '.join(image.architectures) or 'not known'}",
        f"  licence     {image.licence or 'not known'}{needs}",
        f"  components  {_few(image.components)}",
        f"  sites       {_few(tuple(image.sites))}",
    ]


def _few(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def as_json(images: Sequence[Image]) -> str:
    """Everything, with each site's components and architectures."""
    entries = [
        {
            "reference": image.reference,
            "licence": image.licence or None,
            "requiresLicence": image.requires or None,
            "architectures": image.architectures,
            "sites": {
                site: {"components": use.components, "architectures": use.architectures}
                for site, use in image.sites.items()
            },
        }
        for image in images
    ]
    return json.dumps({"images": entries}, indent=2) + "\n"


def plain(images: Sequence[Image]) -> str:
    """One reference a line."""
    return "".join(f"{image.reference}\n" for image in images)


FORMATS: Mapping[str, Callable[[Sequence[Image]], str]] = {"text": text, "json": as_json, "list": plain}
