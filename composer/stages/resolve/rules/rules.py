"""A blueprint's parameter rules: defaults, and the check that gives normalised parameters or findings.

Cerberus decides. As it is slow, the same rules are compiled to plain functions that answer where nothing is
wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from composer.diagnostic import Diagnostic, Place, Rejected
from composer.model.blueprint import Blueprint
from composer.source.document import Document, Route
from composer.stages.resolve.rules.audit import audit
from composer.stages.resolve.rules.compile import Check, Unfit, compile_mapping
from composer.stages.resolve.rules.schema import json_schema
from composer.stages.resolve.rules.tree import DefaultsDocument, Schema, defaults_of


@dataclass(frozen=True, eq=False)
class Rules:
    """The rules of one params.yaml.

    *defaults* is what holds where no layer says anything, and nobody may change it; *declared* is that lowest
    layer's document, whose places are where the rules declare their defaults.
    """

    document: Document
    declared: Document
    schema: Schema = field(repr=False)
    defaults: dict[str, Any] = field(repr=False)
    fast: Check = field(repr=False)

    def normalise(
        self, params: Mapping[str, Any], *, place: Callable[[Route], Place], label: str
    ) -> tuple[dict[str, Any], list[Diagnostic]]:
        """The parameters with defaults and coercions, and what is wrong with them.

        *place* tells where the value at a route was set, *label* how messages name the component.
        """
        try:
            normalised: dict[str, Any] = self.fast(params)
        except Unfit:
            return self._ask_cerberus(params, place, label)
        return normalised, []

    def _ask_cerberus(
        self, params: Mapping[str, Any], place: Callable[[Route], Place], label: str
    ) -> tuple[dict[str, Any], list[Diagnostic]]:
        from composer.stages.resolve.rules.messages import Subject, explain  # noqa: PLC0415 - cerberus loads slowly
        from composer.stages.resolve.rules.validator import validator  # noqa: PLC0415 - cerberus loads slowly

        asked = validator(self.schema)
        asked.validate(params)
        return dict(asked.document), explain(asked._errors, Subject(label, place, self.document, self.schema))


def compile_rules(document: Document) -> Rules:
    """The rules that a params.yaml states. Raises Rejected with every finding where it states none."""
    findings = audit(document)
    if findings:
        raise Rejected(findings)
    schema: Schema = document.data
    declared = DefaultsDocument(document.file, document.text, schema, document.digest)
    return Rules(document, declared, schema, defaults_of(schema), compile_mapping(schema))


def rules_of(blueprint: Blueprint) -> Rules:
    """The rules of a blueprint's parameters, worked out once. Raises Rejected where there are wrong ones."""
    outcome = _outcome(blueprint)
    if isinstance(outcome, Rejected):
        raise Rejected(outcome.diagnostics)
    return outcome


def params_schema(blueprint: Blueprint) -> dict[str, Any]:
    """What one layer may say of the blueprint's parameters, as JSON Schema. Raises Rejected where its rules are wrong."""
    return json_schema(rules_of(blueprint).schema, title=f"Parameters of {blueprint.label}")


@lru_cache(maxsize=1024)
def _outcome(blueprint: Blueprint) -> Rules | Rejected:
    try:
        return compile_rules(blueprint.params)
    except Rejected as rejected:
        return rejected
