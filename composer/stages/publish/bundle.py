"""A site's branch as an OCI artifact of Flux, for sites without a connection to Git: the same bytes on every machine."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from struct import pack
from typing import Any
from zlib import crc32

from composer.emit import to_yaml
from composer.git.ids import blob_id
from composer.git.source import Source
from composer.stages.publish.files import SiteFiles
from composer.stages.publish.lockfile import API_VERSION, LOCK

CONFIG = "application/vnd.cncf.flux.config.v1+json"
CONTENT = "application/vnd.cncf.flux.content.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
"""Media types: the first two are Flux's (fluxcd.io, RFC-0003), the others those of the OCI image specification 1.0."""

IMAGES = "images.txt"

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""RFC 1952: deflate, no flags, no time, no file system."""

_LATEST = 253_402_300_799
"""The end of the year 9999, the last that RFC 3339 can write; Git can say later ones."""

_MOST = 0xFFFF
"""Bytes of a stored block (RFC 1951, 3.2.4)."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The *files* of an OCI image layout and what lies beside it, path -> content. *digest* is that of the manifest."""

    tag: str
    digest: str
    files: Mapping[str, bytes] = field(repr=False)


def bundle(site: SiteFiles, source: Source, tag: str, images: str) -> Bundle:
    """The bundle of a site: the layout, the same as one tar, *images* for the mirror, and a list of all that was written."""
    layer_tar = tar(site.files)
    layer = gzip_stored(layer_tar)
    created = datetime.fromtimestamp(min(int(source.date.split()[0]), _LATEST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    config = _json(
        {
            "architecture": "",
            "config": {},
            "created": created,
            "os": "",
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer_tar).hexdigest()}"]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor(CONFIG, config),
            "layers": [_descriptor(CONTENT, layer)],
            "annotations": {
                "edge-composer.io/site": site.site,
                "edge-composer.io/tree": site.tree,
                "org.opencontainers.image.created": created,
                **({"org.opencontainers.image.revision": f"sha1:{source.label}"} if source.commit else {}),
            },
        }
    )
    described = {**_descriptor(MANIFEST, manifest), "annotations": {"org.opencontainers.image.ref.name": tag}}
    index = _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [described]})
    blobs = {f"blobs/sha256/{sha256(blob).hexdigest()}": blob for blob in (config, layer, manifest)}
    layout = {**blobs, "index.json": index, "oci-layout": _json({"imageLayoutVersion": "1.0.0"})}
    files = {**layout, IMAGES: images.encode(), f"{site.site}.tar": tar(layout)}
    return Bundle(tag, described["digest"], {**files, LOCK: _lock(site.site, files)})


def tar(files: Mapping[str, bytes]) -> bytes:
    """The files in the order of their paths, without times and owners."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(files[path]), 0o644
            archive.addfile(entry, io.BytesIO(files[path]))
    return written.getvalue()


def gzip_stored(content: bytes) -> bytes:
    """The content as gzip, in stored blocks: what compressing yields differs between versions of zlib."""
    return b"".join((_GZIP_HEADER, *_blocks(content), pack("<II", crc32(content), len(content) & 0xFFFFFFFF)))


def _blocks(content: bytes) -> Iterator[bytes]:
    starts = range(0, len(content), _MOST) or (0,)
    for start in starts:
        block = content[start : start + _MOST]
        last = start + _MOST >= len(content)
        yield pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{sha256(content).hexdigest()}", "size": len(content)}


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _lock(site: str, files: Mapping[str, bytes]) -> bytes:
    """What a later run may overwrite and remove."""
    ids = {path: blob_id(content) for path, content in sorted(files.items())}
    lock = {"apiVersion": API_VERSION, "kind": "Lock", "metadata": {"name": site}, "inventory": ids}
    return to_yaml(lock).encode()
