"""Stage resolve: layers into components with parameters. Knows blueprints and their rules; nothing of MQTT or Kubernetes."""

from composer.stages.resolve.resolver import Resolver

__all__ = ["Resolver"]
