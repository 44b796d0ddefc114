"""From what a template raised to a diagnostic."""

from __future__ import annotations

from types import TracebackType

from jinja2 import TemplateNotFound, UndefinedError
from jinja2.exceptions import SecurityError

from composer.diagnostic import Diagnostic, Place, Related, error
from composer.stages.render.refusal import Refused
from composer.stages.render.texts import Texts


def diagnosed(failure: Exception, place: Place, texts: Texts, component: str) -> Diagnostic:
    """*failure* as a finding: at its line of a text template if one was running, or else at *place*."""
    refusal = _refusal(failure)
    message = f"{refusal.message} (component {component})"
    within = running(failure.__traceback__, texts)
    if within is None:
        return error(refusal.code, message, place, hint=refusal.hint)
    return error(refusal.code, message, within, hint=refusal.hint, related=[Related("rendered for this field", place)])


def _refusal(failure: Exception) -> Refused:
    if isinstance(failure, Refused):
        return failure
    for kind, code, message in _KINDS:
        if isinstance(failure, kind):
            return Refused(code, message or str(failure))
    return Refused("T011", f"the expression failed: {failure}")


_KINDS: tuple[tuple[type[Exception], str, str], ...] = (
    (UndefinedError, "T008", ""),
    (SecurityError, "T004", "only text(...), range(...) and macros can be called"),
    (TemplateNotFound, "T007", ""),
    (RecursionError, "T013", "the template calls itself too deeply"),
    (MemoryError, "T013", "the template needs more memory than there is"),
)


def running(traceback: TracebackType | None, texts: Texts) -> Place | None:
    """The line of the text template in which *traceback* ends, or None where none was running."""
    place = None
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if template is not None and template.name in texts:
            place = texts.place(template.name, template.get_corresponding_lineno(traceback.tb_lineno))
        traceback = traceback.tb_next
    return place
