"""Stage wire: identities, grants, network flows, and the data each component renders from. Knows MQTT and tenants."""

from composer.stages.wire.flowing import uplink_summary
from composer.stages.wire.graph import check_topics, schema_paths
from composer.stages.wire.summary import summarise
from composer.stages.wire.wiring import wire
from composer.stages.wire.words import uplink_fault

__all__ = ["check_topics", "schema_paths", "summarise", "uplink_fault", "uplink_summary", "wire"]
