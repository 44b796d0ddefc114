"""Stage resolve: layers into components with parameters. Knows blueprints and their rules; nothing of MQTT or Kubernetes."""

from composer.stages.resolve.blueprints import choose
from composer.stages.resolve.resolver import Resolver
from composer.stages.resolve.rules import params_schema

__all__ = ["Resolver", "choose", "params_schema"]
