"""Stage render: from a component and its context to objects, by the templates of its blueprint."""

from composer.stages.render.limits import deadline
from composer.stages.render.origins import Origin
from composer.stages.render.program import Program, compile_blueprint
from composer.stages.render.rendering import Traced, render, trace
from composer.stages.render.reuse import Renderer

__all__ = ["Origin", "Program", "Renderer", "Traced", "compile_blueprint", "deadline", "render", "trace"]
