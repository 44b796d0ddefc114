"""Certificate authorities made with openssl, as cert-manager would make them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


@dataclass(frozen=True)
class Authority:
    """A certificate authority in *folder*, with the certificates it has issued."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.crt"

    def issue(self, name: str, host: str = "localhost", *, days: int = 2) -> Path:
        """A folder with tls.crt, tls.key and ca.crt for *name*, also good for a server *host* on this machine.

        It is valid for *days*; none means that it is over at once.
        """
        made = self.folder / name.encode("ascii", "backslashreplace").decode().replace("/", "-")
        if made.exists():
            return made
        made.mkdir()
        names = f"subjectAltName=DNS:{host},IP:127.0.0.1"
        _openssl(
            "req",
            *KEY,
            "-subj",
            f"/CN={name}",
            "-addext",
            names,
            "-keyout",
            made / "tls.key",
            "-out",
            made / "csr",
        )
        signing = ["-CA", self.certificate, "-CAkey", self.folder / "ca.key", "-days", str(days)]
        _openssl(
            "x509",
            "-req",
            "-in",
            made / "csr",
            *signing,
            "-copy_extensions",
            "copy",
            "-out",
            made / "tls.crt",
        )
        (made / "ca.crt").write_bytes(self.certificate.read_bytes())
        return made


def authority(folder: Path, name: str) -> Authority:
    """A new authority called *name* in *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    out = ["-keyout", folder / "ca.key", "-out", folder / "ca.crt"]
    _openssl("req", "-x509", *KEY, "-subj", f"/CN={name}", "-days", "2", *out)
    return Authority(folder)


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
