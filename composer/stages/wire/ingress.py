"""The site's ingress: one, and able to do what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator

from composer.diagnostic import Diagnostic, Place, Related, error
from composer.model.stack import Component, Stack
from composer.stages.wire.grants import classes_here
from composer.stages.wire.places import place_of, tenant_place

SHARING = "shared-subscriptions"
"""What an ingress blueprint provides whose broker shares the messages of `$share/<group>/<filter>` at tenants' listeners."""

_SHARED = "$share/"


def check_ingress(stack: Stack) -> Iterator[Diagnostic]:
    """Ingresses beyond the first, and filters that the first would silently never serve."""
    ingresses = [component for component in stack.components if component.role == "ingress"]
    for extra in ingresses[1:]:
        message = f"site {stack.site} has an ingress already; {extra.label} would be a second one"
        related = [Related("the first one", place_of(ingresses[0], key=True))]
        hint = "all tenants share one ingress, with a listener for each; remove one, with `null` where a layer below sets it"
        yield error("W011", message, place_of(extra, key=True), hint=hint, related=related)
    if ingresses and SHARING not in (ingresses[0].blueprint.spec.get("provides") or ()):
        for text, place in _shared_filters(stack):
            yield _not_served(text, place, ingresses[0])


def _shared_filters(stack: Stack) -> Iterator[tuple[str, Place]]:
    for component in stack.components:
        field = {"stream": "from", "function": "on"}.get(component.role)
        if field is None:
            continue
        written = component.spec[field]
        parts = (
            written.items() if isinstance(written, dict) else enumerate(written) if isinstance(written, list) else ()
        )
        for key, text in parts or ((None, written),):
            if text.startswith(_SHARED):
                yield text, place_of(component, (field,) if key is None else (field, key))
    for tenant, spec in stack.tenants.items():
        for name in classes_here(stack, tenant):
            for index, text in enumerate(spec["devices"][name].get("subscribe") or ()):
                if text.startswith(_SHARED):
                    yield text, tenant_place(stack, tenant, ("devices", name, "subscribe", index))


def _not_served(text: str, place: Place, ingress: Component) -> Diagnostic:
    message = f"{ingress.blueprint.label} never delivers a message to the shared filter {text!r}"
    hint = f"listen to {text.split('/', 2)[2]!r}, with one replica, or give each replica a part of the topics"
    related = [Related("the ingress", place_of(ingress, key=True))]
    return error("W012", message, place, hint=hint, related=related)
