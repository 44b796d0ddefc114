"""An object as a file. Objects that sites share are the same object, and are written down once."""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from composer.emit import to_yaml
from composer.git.ids import blob_id
from composer.model.stack import Rendered
from composer.stages.publish.lockfile import images_of
from composer.stages.publish.paths import path_of


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """The file of an object: path on the branch, content, the id of that, and the images it runs."""

    path: str
    content: bytes = field(repr=False)
    id: str
    images: tuple[str, ...]


_written: WeakKeyDictionary[Rendered, ObjectFile] = WeakKeyDictionary()


def written(rendered: Rendered) -> ObjectFile:
    """The object's file."""
    known = _written.get(rendered)
    if known is None:
        content = to_yaml(rendered.object).encode()
        images = tuple(images_of([rendered.object]))
        known = _written[rendered] = ObjectFile(path_of(rendered), content, blob_id(content), images)
    return known
