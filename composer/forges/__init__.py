"""Forges: where pull requests are talked about. The one package that speaks to their APIs."""

from composer.forges.comment import Posted, marked, post_comment
from composer.forges.target import FORGES, Target, target_from

__all__ = ["FORGES", "Posted", "Target", "marked", "post_comment", "target_from"]
