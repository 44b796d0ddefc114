from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.stages.compare.fields import differences

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "a", "name", "1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["name", "key", "a.b", "ports"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def shown(old: Any, new: Any) -> list[tuple[str, str, Any, Any]]:
    return [(str(field.action), field.path, field.old, field.new) for field in differences(old, new)]


def same(old: Any, new: Any) -> bool:
    """Equal, with True not 1 and 1 not 1.0."""
    return repr(old) == repr(new) if not isinstance(old, dict | list) else _same_inside(old, new)


def _same_inside(old: Any, new: Any) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    return isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and all(map(same, old, new))


@given(VALUES, VALUES)
@settings(max_examples=400, deadline=None)
def test_there_are_differences_exactly_where_values_differ(old: Any, new: Any) -> None:
    assert (not shown(old, new)) == same(old, new)


def test_fields_are_named_as_people_write_them() -> None:
    old = {"spec": {"replicas": 1, "x": 1}, "metadata": {"annotations": {"a.b/c": "1"}}}
    new = {"spec": {"replicas": 2, "y": [1]}, "metadata": {"annotations": {"a.b/c": "2"}}}
    assert shown(old, new) == [
        ("changed", "metadata.annotations.[a.b/c]", "1", "2"),
        ("changed", "spec.replicas", 1, 2),
        ("removed", "spec.x", 1, None),
        ("added", "spec.y", None, [1]),
    ]


@pytest.mark.parametrize(
    ("listed_as", "key", "values"),
    [
        ("containers", "name", ("a", "b")),
        ("env", "name", ("A", "B")),
        ("volumes", "name", ("a", "b")),
        ("volumeMounts", "mountPath", ("/a", "/b.c")),
        ("volumeDevices", "devicePath", ("/dev/a", "/dev/b")),
        ("ports", "containerPort", (1883, 8883)),
        ("ports", "port", (1883, 8883)),
        ("hostAliases", "ip", ("10.0.0.1", "10.0.0.2")),
        ("topologySpreadConstraints", "topologyKey", ("zone", "host")),
        ("conditions", "type", ("Ready", "Other")),
    ],
)
def test_items_are_matched_by_what_kubernetes_merges_them_by(listed_as: str, key: str, values: tuple[Any, Any]) -> None:
    first, second = ({key: value, "x": 1} for value in values)
    found = shown({listed_as: [first, second]}, {listed_as: [second | {"x": 2}]})
    assert found == [
        ("removed", f"{listed_as}[{key}={values[0]}]", first, None),
        ("changed", f"{listed_as}[{key}={values[1]}].x", 1, 2),
    ]


def test_ports_of_two_protocols_are_told_apart() -> None:
    old = [{"port": 53, "protocol": "TCP", "x": 1}, {"port": 53, "protocol": "UDP", "x": 1}]
    new = [old[0], {**old[1], "x": 2}]
    assert shown({"ports": old}, {"ports": new}) == [("changed", "ports[port=53,protocol=UDP].x", 1, 2)]


def test_the_order_of_variables_counts() -> None:
    one, other = {"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}
    (found,) = shown({"env": [one, other]}, {"env": [other, one]})
    assert found == ("changed", "env[order]", ["[name=A]", "[name=B]"], ["[name=B]", "[name=A]"])


def test_an_argument_put_in_between_is_one_difference() -> None:
    assert shown({"args": ["-c", "x", "-v"]}, {"args": ["-c", "x", "--new", "-v"]}) == [
        ("added", "args.2", None, "--new")
    ]
    assert shown({"args": ["-c", "x"]}, {"args": ["-c", "y"]}) == [("changed", "args.1", "x", "y")]


def test_items_without_a_name_are_compared_where_they_stand() -> None:
    rules = [{"to": [{"a": 1}]}, {"to": [{"a": 2}]}]
    assert shown({"egress": rules}, {"egress": [rules[0], {"to": [{"a": 3}]}]}) == [
        ("changed", "egress.1.to.0.a", 2, 3)
    ]


def test_a_change_of_type_is_a_change() -> None:
    assert shown({"a": 1}, {"a": "1"}) == [("changed", "a", 1, "1")]
    assert shown({"a": 1}, {"a": True}) == [("changed", "a", 1, True)]
    assert shown({"a": {}}, {"a": []}) == [("changed", "a", {}, [])]


def test_very_long_lists_are_still_answered() -> None:
    long = [{"n": number} for number in range(5_000)]
    assert len(shown(long, long[1:])) == 5_000
