from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.emit import to_yaml
from composer.stages.render import Renderer, compile_blueprint, render, reuse
from tests.render.kit import blueprint, component

MANIFESTS = {
    f"{name}.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{value: '{{{{ {read} }}}}'}}\n"
    for name, read in {
        "a": "site.a | json",
        "b": 'site.b | default("none") | json',
        "both": 'text("both.j2")',
        "neither": '"n"',
    }.items()
}
SHARED = replace(
    component(blueprint(MANIFESTS, files={"both.j2": '{{ site.a | json }} {{ site.b | default("none") | json }}'})),
    shared=True,
)
VALUES = st.sampled_from([0, False, 0.0, 1, True, 1.0, "1", [], [1], [True]])
SITES = st.fixed_dictionaries({"a": VALUES}, optional={"b": VALUES})


def texts(made: Any) -> list[str]:
    return [to_yaml(rendered.object) for rendered in made]


@pytest.mark.parametrize("programs", [0, 1, reuse.MOST_PROGRAMS])
@given(sites=st.lists(SITES, max_size=8))
def test_whatever_was_rendered_before_a_site_gets_what_it_would_get_alone(
    programs: int, sites: list[Mapping[str, Any]]
) -> None:
    program = compile_blueprint(SHARED.blueprint)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reuse, "MOST_PROGRAMS", programs)
        reuse.manifests_of.cache_clear()
        renderer = Renderer()
        for site in sites:
            assert texts(renderer.render(SHARED, {"site": site})) == texts(render(program, SHARED, {"site": site}))


def test_manifests_that_read_nothing_new_are_the_same_objects() -> None:
    renderer = Renderer()
    first, second, third = (renderer.render(SHARED, {"site": {"a": 1, "b": b}}) for b in (1, 2, 2))
    assert [one is other for one, other in zip(first, second, strict=True)] == [True, False, False, True]
    assert all(one is other for one, other in zip(second, third, strict=True))
