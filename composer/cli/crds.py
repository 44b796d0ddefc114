"""`composer crds import`: schemas of custom resources, from files or from a cluster, into the fleet."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from composer.cli import exits
from composer.cli.clusters import kubeconfig
from composer.cli.select import open_fleet
from composer.cli.show import add_findings_format, count, say, show_findings
from composer.diagnostic import Diagnostic, Place, Rejected, error, has_errors
from composer.source.files import decode, read_bytes
from composer.source.reader import parse_all
from composer.stages.check.crds import ImportedSchema, schemas_of

MOST_BYTES = 64 * 1024 * 1024
"""The largest file that is read. The definitions of a whole operator come to a few megabytes."""

SECONDS = 30.0
"""How long a cluster may take for a page of definitions."""

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="import", required=True)
    summary = "turn CustomResourceDefinitions into schemas in schemas/crds"
    importing = actions.add_parser("import", help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    importing.add_argument("files", nargs="*", type=Path, metavar="FILE", help="YAML or JSON with the definitions")
    importing.add_argument(
        "--context", default="", metavar="CONTEXT", help="ask the cluster of this kubeconfig context"
    )
    add_findings_format(importing)


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.create import put_file

    fleet, _ = open_fleet(arguments)
    if not arguments.files and not arguments.context:
        raise Rejected([error("X002", "name a FILE, or a cluster with --context", Place("command line"))])
    documents = [*_in_files(arguments.files), *(_in_cluster(arguments.context) if arguments.context else ())]
    schemas, findings = schemas_of(documents)
    findings += _nothing(arguments, schemas, findings)
    changed = [schema.path for schema in schemas if put_file(fleet.root, f"schemas/{schema.path}", schema.content)]
    show_findings(findings, arguments.findings_format, stream=sys.stderr)
    for schema in schemas:
        print(f"schemas/{schema.path}")
    say(f"{count(len(schemas), 'schema')}, {count(len(changed), 'file')} changed")
    return exits.FINDINGS if has_errors(findings) else exits.DONE


def _nothing(
    arguments: argparse.Namespace, schemas: Sequence[ImportedSchema], findings: Sequence[Diagnostic]
) -> list[Diagnostic]:
    if schemas or findings:
        return []
    place = Place(str(arguments.files[0]) if arguments.files else f"cluster {arguments.context}")
    return [error("K050", "there is no CustomResourceDefinition here", place)]


def _in_files(files: Sequence[Path]) -> Iterator[tuple[Any, Place]]:
    for file in files:
        text = decode(read_bytes(file.parent, file.name, limit=MOST_BYTES), str(file))
        for document in parse_all(text, str(file)):
            yield document.data, document.place()


def _in_cluster(context: str) -> Iterator[tuple[Any, Place]]:
    """Every definition of a cluster. Raises Rejected where it cannot be asked."""
    from composer.clusters import Refused, Unreachable

    place = Place(f"cluster {context}")
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    with kubeconfig() as known:
        try:
            for item in known.connect(context, SECONDS).items(_DEFINITIONS):
                yield {**kind, **item}, place
        except (Refused, Unreachable) as problem:
            raise Rejected([error("K053", f"cannot ask the cluster: {problem}", place)]) from None
