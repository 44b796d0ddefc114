"""The files that documents refer to: certificates, payload schemas, encrypted secrets."""

from __future__ import annotations

import re

from composer.diagnostic import Place, Rejected, error
from composer.model.fleet import Fleet
from composer.source.files import read_text
from composer.stages.load.listing import SITES

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n[A-Za-z0-9+/=\s]+-----END \1-----")
_BEGIN = "-----BEGIN "


def read_certificates(fleet: Fleet, path: str) -> str:
    """The certificates in the PEM file *path*, below sites/, without what people write around them.

    They are copied to branches. Raises Rejected for a file that holds none, or anything else, such as a private key.
    """
    file = f"{SITES}/{path}"
    text = read_text(fleet.root, file).replace("\r\n", "\n")
    blocks = list(_BLOCK.finditer(text))
    others = sorted({label for block in blocks if (label := block[1]) != "CERTIFICATE"})
    if others or not blocks or len(blocks) != text.count(_BEGIN):
        found = f"found {' and '.join(others)}" if others else "found none" if not blocks else "found a damaged one"
        message = f"expected certificates in PEM form and nothing else, {found}"
        hint = "only the CA's certificate belongs here: it is public, and is copied to site branches"
        raise Rejected([error("D053", message, Place(file), hint=hint)])
    return "".join(f"{block[0]}\n" for block in blocks)
