"""Stage wire: identities, grants, network flows, and the data each component renders from. Knows MQTT and tenants."""

from composer.stages.wire.wiring import wire

__all__ = ["wire"]
