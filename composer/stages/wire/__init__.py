"""Stage wire: identities, grants, network flows, and the data each component renders from. Knows MQTT and tenants."""

from composer.stages.wire.graph import check_topics, schema_paths
from composer.stages.wire.wiring import wire

__all__ = ["check_topics", "schema_paths", "wire"]
