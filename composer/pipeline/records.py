"""What the branches of a fleet say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from composer.git.repository import heads
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch
from composer.pipeline.delivery import Delivery
from composer.stages.publish import Record, read_record


def records_of(fleet: Fleet, target: Delivery, names: Iterable[str]) -> list[Record]:
    """What the branches say; where a mirror lacks the commits below those of others, they are fetched."""
    records = list(_read(fleet, target, names))
    cut = [record for record in records if record.cut]
    if not cut:
        return records
    target.deepen([record.branch for record in cut])
    return list(_read(fleet, target, names))


def _read(fleet: Fleet, target: Delivery, names: Iterable[str]) -> Iterator[Record]:
    known = heads(target.repository)
    with target.repository.reading() as objects:
        for name in names:
            head = known.get(branch(fleet, name))
            if head:
                yield read_record(objects, name, branch(fleet, name), head)
