"""Which fleet, and which of its sites, a command works on."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from composer.diagnostic import Diagnostic, Place, Rejected, did_you_mean, error
from composer.model.fleet import Fleet

MOST_JOBS = 256
"""Processes that may be asked for; all of them start at once."""


def add_selectors(parser: argparse.ArgumentParser) -> None:
    """The arguments that choose sites, and how many processes work on them."""
    parser.add_argument("sites", nargs="*", metavar="SITE", help="names of sites (default: all)")
    parser.add_argument(
        "-l", "--label", action="append", default=[], metavar="KEY=VALUE", help="only sites with this label"
    )
    parser.add_argument(
        "--tenant", action="append", default=[], metavar="NAME", help="only sites that list this tenant"
    )
    add_jobs(parser)


def has_selectors(arguments: argparse.Namespace) -> bool:
    """Whether anything was said about which sites are meant."""
    return bool(arguments.sites or arguments.label or arguments.tenant)


def add_jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=_jobs, default=0, metavar="N", help="processes (default: one a processor)")


def _jobs(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"from 1 to {MOST_JOBS}")
    return number


def jobs(arguments: argparse.Namespace) -> int:
    from composer.pipeline.workers import processors

    chosen: int = arguments.jobs or processors()
    return chosen


def open_fleet(arguments: argparse.Namespace) -> tuple[Fleet, list[Diagnostic]]:
    """The fleet in the folder of -C, with what is wrong with its shared documents. Raises Rejected where there is none."""
    from composer.stages.load import load_fleet

    return load_fleet(arguments.fleet.resolve())


def chosen_sites(fleet: Fleet, arguments: argparse.Namespace) -> list[str]:
    """The names of the sites the arguments choose, sorted.

    Raises Rejected for a name that is no site's or tenant's, and for labels and tenants that choose nothing.
    """
    unknown = [_no_site(fleet, name) for name in arguments.sites if name not in fleet.sites]
    unknown += [_no_tenant(fleet, name) for name in arguments.tenant if not _is_tenant(fleet, name)]
    if unknown:
        raise Rejected(unknown)
    names = sorted(set(arguments.sites) or fleet.sites)
    if not arguments.label and not arguments.tenant:
        return names
    from composer.pipeline.selection import has_labels, lists_tenants

    labels = dict(_label(text) for text in arguments.label)
    tenants = frozenset(arguments.tenant)
    chosen = [n for n in names if has_labels(fleet, n, labels) and lists_tenants(fleet, n, tenants)]
    if names and not chosen:
        raise Rejected([_nothing(fleet, names, arguments)])
    return chosen


def one_site(fleet: Fleet, name: str) -> str:
    """The name, where it is a site's. Raises Rejected otherwise."""
    if name not in fleet.sites:
        raise Rejected([_no_site(fleet, name)])
    return name


def _nothing(fleet: Fleet, names: Sequence[str], arguments: argparse.Namespace) -> Diagnostic:
    """A selector that chooses nothing is far more often mistyped than meant, and a pipeline would pass in silence."""
    from composer.pipeline.selection import labels_of

    asked = [*(f"-l {label}" for label in arguments.label), *(f"--tenant {tenant}" for tenant in arguments.tenant)]
    there = sorted({f"{key}={value}" for name in names for key, value in labels_of(fleet, name).items()})
    near = [did_you_mean(label, there) for label in arguments.label if label not in there]
    hint = next(filter(None, near), "") or (f"labels there are: {', '.join(there[:8])}" if there else "")
    whose = "of the sites named" if arguments.sites else "of all sites"
    return error("X009", f"{' '.join(asked)} chooses none {whose}", Place("command line"), hint=hint)


def _label(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise Rejected([error("X002", f"-l takes KEY=VALUE, not {text!r}", Place("command line"))])
    return key, value


def _no_site(fleet: Fleet, name: str) -> Diagnostic:
    hint = did_you_mean(name, fleet.sites) or "sites are the files <name>.yaml below sites/"
    return error("X001", f"there is no site {name!r}", Place("command line"), hint=hint)


def _is_tenant(fleet: Fleet, name: str) -> bool:
    return name in fleet.tenants or ("tenants", name) in fleet.broken


def _no_tenant(fleet: Fleet, name: str) -> Diagnostic:
    hint = did_you_mean(name, fleet.tenants) or "tenants are the files sites/tenants/<name>.yaml"
    return error("X007", f"there is no tenant {name!r}", Place("command line"), hint=hint)
