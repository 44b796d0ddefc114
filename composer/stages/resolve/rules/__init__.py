"""The parameter rules of blueprints: params.yaml compiled, checked, and held against what the layers say."""

from composer.stages.resolve.rules.rules import Rules, compile_rules, params_schema, rules_of
from composer.stages.resolve.rules.schema import json_schema

__all__ = ["Rules", "compile_rules", "json_schema", "params_schema", "rules_of"]
