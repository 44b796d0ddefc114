"""What parameters come to, and what people are told when they do not fit."""

from __future__ import annotations

from typing import Any

import pytest

from composer.diagnostic import Diagnostic, Rejected, in_order
from composer.model.units import UnitError, show_duration
from composer.source.reader import parse
from composer.stages.resolve.rules import Rules, compile_rules
from composer.stages.resolve.rules.coerce import COERCIONS
from composer.stages.resolve.rules.kinds import TYPES
from composer.stages.resolve.rules.validator import ParameterValidator

RULES = """\
maxConnections: {type: integer, min: 1, max: 100000, default: 1000, meta: {help: Most clients at a time.}}
memory: {type: quantity, min: 16Mi, max: 1Gi, default: 128Mi}
window: {type: duration, min: 1s, default: 60s, coerce: duration}
tls:
  type: dict
  default: {}
  schema:
    enabled: {type: boolean, default: true}
    port: {type: port, default: 8883}
    versions: {type: list, schema: {type: string, allowed: [tls1.2, tls1.3]}, default: [tls1.3]}
    client: {type: dict, schema: {name: {type: name, required: true}}}
secrets: {type: dict, keysrules: {type: string, regex: "[A-Z_]+"}, valuesrules: {type: secretRef}, default: {}}
image: {type: image, required: true, meta: {help: The function itself.}}
mode: {type: string, allowed: [fast, slow], default: fast}
size: {anyof: [{type: integer, min: 5}, {type: string, allowed: [big]}]}
certificate: {type: string, dependencies: [key]}
key: {type: string, excludes: other}
other: {type: string, nullable: true, default: null}
ratio: {type: float}
title: {type: string, minlength: 2, maxlength: 5, empty: false}
code: {type: string, regex: "[a-z]{3}", forbidden: [abc]}
"""


def rules(text: str = RULES) -> Rules:
    return compile_rules(parse(text, "params.yaml"))


def normalise(text: str, declared: str = RULES) -> tuple[dict[str, Any], list[Diagnostic]]:
    document = parse(text, "site.yaml")
    return rules(declared).normalise(document.data, place=document.place, label="ingress")


def findings(text: str, declared: str = RULES) -> list[str]:
    """Line, code and message of everything wrong, in order."""
    found = in_order(normalise(text, declared)[1])
    return [f"{d.place.line}:{d.place.column} {d.code} {d.message.removeprefix('ingress: ')}" for d in found]


def finding(text: str, declared: str = RULES) -> Diagnostic:
    (found,) = normalise(text, declared)[1]
    return found


def test_defaults_hold_where_no_layer_says_anything_those_of_nested_parameters_too() -> None:
    assert rules().defaults == {
        "maxConnections": 1000,
        "memory": "128Mi",
        "window": "60s",
        "tls": {"enabled": True, "port": 8883, "versions": ["tls1.3"]},
        "secrets": {},
        "mode": "fast",
    }


def test_the_place_of_a_default_is_where_its_rule_declares_it() -> None:
    declared = rules().declared
    assert str(declared.place(("maxConnections",))) == "params.yaml:1:63"
    assert str(declared.place(("tls", "port"))) == "params.yaml:9:33"
    assert str(declared.place(("tls", "versions", 0))) == "params.yaml:10:89"
    assert str(declared.place(("tls",))) == "params.yaml:6:12"
    assert str(declared.place(("image",))) == "params.yaml:13:8"


def test_what_is_left_out_is_filled_in_and_what_is_coerced_is_changed() -> None:
    normalised, found = normalise("{image: 'nginx:1', window: 7d, tls: {port: 1}, secrets: {A: mes/token}}")
    assert found == []
    assert normalised == {
        "maxConnections": 1000,
        "memory": "128Mi",
        "window": "168h",
        "tls": {"enabled": True, "port": 1, "versions": ["tls1.3"]},
        "secrets": {"A": "mes/token"},
        "image": "nginx:1",
        "mode": "fast",
        "other": None,
    }


def test_everything_that_is_wrong_is_told_at_once_where_it_was_set() -> None:
    wrong = """\
maxConnections: "8883"
memory: 2Gi
window: 1h1h
tls: {enabled: "yes", prot: 5, versions: [tls1.3, tls1.0], port: 99999, client: {}}
secrets: {mes: mes/token, X: token}
mode: fats
size: 3
certificate: x
other: y
imag: nginx
ratio: .nan
title: ""
code: ABCD
"""
    assert findings(wrong) == [
        "1:1 L121 the parameter image is missing",
        '1:17 L122 maxConnections is "8883", expected a whole number',
        '2:9 L123 memory is "2Gi", expected 16Mi to 1Gi',
        '3:9 L122 window is "1h1h", expected a duration with a unit, such as 90s, 15m, 1h30m or 7d',
        '4:16 L122 tls.enabled is "yes", expected true or false',
        "4:29 L120 there is no parameter tls.prot",
        '4:51 L124 tls.versions[1] is "tls1.0", expected one of tls1.2, tls1.3',
        "4:66 L122 tls.port is 99999, expected a port number from 1 to 65535",
        "4:73 L121 the parameter tls.client.name is missing",
        '5:10 L125 secrets has the key "mes", expected text that matches [A-Z_]+',
        "5:30 L122 secrets.X is a hidden text (it may be a secret), expected a secret and a key in it, such as mes/token",
        '6:7 L124 mode is "fats", expected one of fast, slow',
        "7:7 L125 size is 3, expected at least 5 or text",
        "8:14 L126 certificate needs key beside it",
        "10:7 L120 there is no parameter imag",
        "11:8 L122 ratio is NaN, expected a number",
        '12:8 L123 title is "", expected something in it',
        '13:7 L125 code is "ABCD", expected text that matches [a-z]{3}',
    ]


def test_a_finding_names_the_component_and_shows_the_rule_and_its_help() -> None:
    found = finding("{image: 'nginx:1', maxConnections: 0}")
    assert found.message == "ingress: maxConnections is 0, expected 1 to 100000"
    assert found.hint == "Most clients at a time."
    assert [(r.message, str(r.place)) for r in found.related] == [("its rule", "params.yaml:1:1")]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("maxConections: 5", "did you mean 'maxConnections'?"),
        ("tls: {prt: 5}", "did you mean 'port'?"),
        ("tls: {zzz: 5}", "there are client, enabled, port, versions"),
        ("mode: flow", "did you mean 'slow'?"),
        ('maxConnections: "8883"', "write 8883 without quotes"),
        ('tls: {enabled: "true"}', "write true without quotes"),
        ("title: 12", 'write it in quotes: "12"'),
        ("title: true", 'write it in quotes: "true"'),
        ("image: nginx", "The function itself."),
    ],
)
def test_the_hint_says_what_could_be_meant(text: str, hint: str) -> None:
    found = [d for d in normalise(text)[1] if d.code != "L121"]
    assert [d.hint for d in found] == [hint]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: a", 'title is "a", expected at least 2 characters, not 1'),
        ("title: abcdef", 'title is "abcdef", expected at most 5 characters, not 6'),
        ("code: abc", 'code is "abc", expected anything but abc'),
        ("{key: k, other: o}", "key cannot be set together with other"),
        ("window: 500ms", 'window is "500ms", expected at least 1s'),
        ("memory: 5Xi", 'memory is "5Xi", expected a Kubernetes quantity, such as 500m, "4", 512Mi or 64Gi'),
        ("memory: true", 'memory is true, expected a Kubernetes quantity, such as 500m, "4", 512Mi or 64Gi'),
        ("size: {a: 1}", 'size is {"a": 1}, expected a whole number or text'),
        ("tls: []", "tls is [], expected a mapping"),
        ("tls: {versions: {type: tls1.3}}", 'tls.versions is {"type": "tls1.3"}, expected a list'),
        ("tls: {versions: [null]}", "tls.versions[0] is null, expected text"),
        ('title: "\\e[2J\\u009b"', 'title is "\\u001b[2J\\u009b", expected at most 5 characters, not 5'),
    ],
)
def test_a_finding_says_what_is_wrong_in_plain_words(text: str, message: str) -> None:
    declared = RULES.replace("required: true, meta", "meta").replace(", default: null", "")
    if "\\e" in text:
        declared = declared.replace("maxlength: 5", "maxlength: 4")
        message = message.replace("at most 5", "at most 4")
    found = normalise(text, declared)[1]
    assert [d.message.removeprefix("ingress: ") for d in found] == [message]


def test_long_values_are_shown_in_part() -> None:
    (found,) = [d for d in normalise(f"mode: {'x' * 500}")[1] if d.code == "L124"]
    assert found.message == f'ingress: mode is "{"x" * 56}..., expected one of fast, slow'


def test_a_dependency_may_ask_for_a_value() -> None:
    declared = "{mode: {type: string, default: slow}, burst: {type: integer, dependencies: {mode: [fast, turbo]}}}"
    assert findings("{burst: 5}", declared) == ['1:9 L126 burst needs mode to be "fast" or "turbo"']
    assert findings("{burst: 5, mode: turbo}", declared) == []


def test_one_of_two_parameters_may_be_asked_for() -> None:
    declared = "{a: {type: string, required: true, excludes: b}, b: {type: string, required: true, excludes: a}}"
    assert findings("{a: x}", declared) == []
    assert findings("{b: x}", declared) == []
    assert [text.split()[1] for text in findings("{}", declared)] == ["L121", "L121"]
    assert {text.split()[1] for text in findings("{a: x, b: x}", declared)} == {"L126"}


def test_a_text_too_long_for_a_pattern_is_told_so_and_never_tried() -> None:
    declared = '{word: {type: string, regex: "(a+)+b"}}'
    assert findings(f"word: {'a' * 2000}", declared)[0].endswith("expected at most 1024 characters")


def test_a_pattern_means_the_whole_text_even_where_a_line_ends() -> None:
    declared = '{word: {type: string, regex: "^[a-z]+$"}}'
    assert findings('word: "ab\\n"', declared) == ['1:7 L125 word is "ab\\n", expected text that matches ^[a-z]+$']


def test_a_blueprint_may_have_no_parameters() -> None:
    assert rules("{}").defaults == {}
    assert findings("{a: 1}", "{}") == ["1:5 L120 there is no parameter a"]


def test_wholes_are_numbers_and_numbers_no_wholes() -> None:
    declared = "{n: {type: float}, i: {type: integer}}"
    assert normalise("{n: 1, i: 1}", declared) == ({"n": 1, "i": 1}, [])
    assert findings("{n: true, i: 1.0}", declared) == [
        "1:5 L122 n is true, expected a number",
        "1:14 L122 i is 1.0, expected a whole number",
    ]


ACCEPTED: dict[str, tuple[list[Any], list[Any]]] = {
    "string": (["", "x", "no"], [1, True, None, []]),
    "integer": ([0, -1, 2**70], [1.0, "1", True, None]),
    "float": ([0, 1.5, -1], ["1", True, float("nan"), float("inf")]),
    "number": ([0, 1.5, -1], ["1", False, float("-inf")]),
    "boolean": ([True, False], [0, 1, "true", None]),
    "list": ([[], [1]], ["x", {}, ()]),
    "dict": ([{}, {"a": 1}], [[], "x"]),
    "quantity": (["500m", "1Gi", 4, 0.5], ["1GB", -1, True, float("nan"), []]),
    "duration": (["90s", "1h30m", "7d"], ["90", 90, "1x", {}]),
    "size": (["2GB", "2GiB", 220], ["2", "2Gb", 1.5, True]),
    "rate": (["1/s", "6/min", "1/10s"], ["1", 1, "1/0s"]),
    "percentage": (["0.1%", "100%"], ["101%", 50, "x"]),
    "port": ([1, 8883, 65535], [0, 65536, "80", 80.0, True]),
    "cidr": (["10.20.0.5/32", "2001:db8::/32"], ["10.20.0.5", "10.0.0.1/8", 10]),
    "hostname": (["a", "a.example.com"], ["A", "a..b", "-a", "a_b", 5]),
    "name": (["a", "a-b"], ["a.b", "A", "", "x" * 64, 5]),
    "topic": (["a", "press/{device}/x"], ["a/+", "/a", "$SYS/a", "", "a\0", 5]),
    "topicFilter": (["a", "a/+/b", "#"], ["/a", "$share/g/a", "a+", "#/a", 5]),
    "image": (["nginx:1", "ghcr.io/a/b@sha256:" + "0" * 64], ["nginx", "nginx:latest", "x y:1", 5]),
    "secretRef": (["mes/token", "a.b/tls.crt"], ["mes", "mes/", "/token", "Mes/token", "mes/a/b", 5]),
}


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_takes_what_it_should_and_nothing_else(kind: str) -> None:
    good, bad = ACCEPTED[kind]
    assert [x for x in good if not TYPES[kind].accepts(x)] == []
    assert [x for x in bad if TYPES[kind].accepts(x)] == []
    assert all(TYPES[kind].wants(x) for x in bad)


COERCED: dict[str, tuple[list[tuple[Any, Any]], list[Any]]] = {
    "string": ([(5, "5"), (1.5, "1.5"), ("x", "x")], [True, None, []]),
    "integer": ([("8883", 8883), ("-1", -1), (5, 5)], ["x", "1.0", "1 ", "٣", "9" * 30, True, None]),
    "lower": ([("ABC", "abc")], [5, None]),
    "duration": ([("7d", "168h"), ("1h30m", "1h30m")], ["7", 7, None]),
    "seconds": ([("1m", 60), ("500ms", 0.5), (60, 60)], ["60", True, None]),
    "bytes": ([("2GB", 2 * 10**9), (5, 5)], ["5", None]),
    "per_second": ([("6/min", 0.1), (0.1, 0.1)], ["6", None]),
    "fraction": ([("50%", 0.5), (0.5, 0.5)], ["50", None]),
}


@pytest.mark.parametrize("name", COERCIONS)
def test_every_coercion_changes_what_it_can_and_refuses_the_rest(name: str) -> None:
    good, bad = COERCED[name]
    for written, become in good:
        assert COERCIONS[name](written) == become
        assert COERCIONS[name](become) == become
    for value in bad:
        with pytest.raises(UnitError):
            COERCIONS[name](value)


def test_cerberus_knows_every_type_and_every_coercion() -> None:
    assert set(ParameterValidator.types_mapping) == set(TYPES)
    assert set(ParameterValidator.coercers) == set(COERCIONS)


def test_a_failed_coercion_is_one_finding() -> None:
    declared = "{every: {type: number, min: 1, coerce: seconds}}"
    assert findings("{every: 5x}", declared) == [
        '1:9 L122 every is "5x", expected a duration with a unit, such as 90s, 15m, 1h30m or 7d'
    ]
    assert normalise("{every: 1m}", declared) == ({"every": 60}, [])
    assert show_duration(60) == "1m"


def refused(text: str) -> list[str]:
    with pytest.raises(Rejected) as rejected:
        rules(text)
    found = in_order(rejected.value.diagnostics)
    return [f"{d.place.line}:{d.place.column} {d.code} {d.message}" for d in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a]", ["1:1 L110 expected a mapping of parameter names to rules"]),
        ("a: 5", ["1:4 L110 a: expected a mapping of rules, such as {type: integer}"]),
        ("a: {}", ["1:1 L110 a has no type"]),
        ("a.b: {type: string}", ["1:1 L110 a parameter cannot be called 'a.b'"]),
        ("a: {type: intger}", ["1:11 L110 there is no type 'intger'"]),
        ("a: {type: []}", ["1:1 L110 a has no type", "1:11 L110 type: expected a type or a list of types"]),
        ("a: {type: string, requird: true}", ["1:19 L110 'requird' is not a rule of params.yaml"]),
        ("a: {type: string, rename: b}", ["1:19 L110 'rename' is not a rule of params.yaml"]),
        ("a: {type: string, check_with: f}", ["1:19 L110 'check_with' is not a rule of params.yaml"]),
        ("a: {type: string, required: 1}", ["1:29 L110 required: expected true or false"]),
        ("a: {type: string, minlength: -1}", ["1:30 L110 minlength: expected a whole number from 0"]),
        ("a: {type: string, allowed: x}", ["1:28 L110 allowed: expected a list of values"]),
        ("a: {type: string, allowed: []}", ["1:28 L110 allowed: expected a list of values"]),
        ("a: {type: string, meta: x}", ["1:25 L110 meta: expected a mapping with a `help` text"]),
        ("a: {type: string, coerce: x}", [f"1:27 L110 coerce: expected one of {', '.join(COERCIONS)}"]),
        ("a: {type: list, schema: {type: string, required: true}}", ["1:40 L110 `required` means nothing here"]),
        ("a: {type: string, schema: {type: string}}", ["1:19 L110 schema: needs one of the types list and dict"]),
        ("a: {type: [list, dict], schema: {type: string}}", ["1:25 L110 schema: needs one of the types list and dict"]),
        (
            "a: {type: list, valuesrules: {type: string}}",
            ["1:17 L110 valuesrules: needs the type dict, and no `schema` beside it"],
        ),
        ("a: {type: dict, keysrules: {type: string, default: x}}", ["1:43 L110 `default` means nothing here"]),
        ("a: {anyof: [{type: string, coerce: lower}]}", ["1:28 L110 `coerce` means nothing here"]),
        ("a: {anyof: {type: string}}", ["1:12 L110 anyof: expected a list of rules"]),
        ("a: {type: list, forbidden: [x]}", ["1:17 L110 forbidden: only for single values"]),
        ("a: {type: string, dependencies: b}", ["1:33 L110 dependencies: there is no parameter 'b' beside this one"]),
        (
            "a: {type: string, dependencies: {a: null}}",
            ["1:33 L110 dependencies: expected a value, or a list of values, for each parameter"],
        ),
        ("a: {type: integer, min: x}", ["1:25 L111 min: expected a whole number"]),
        ("a: {type: string, min: 5}", ["1:24 L111 min: expected no such rule, as the type has no order"]),
        ("a: {type: size, min: 1GB, max: 1MB}", ["1:32 L111 max: 1MB is less than min, 1GB"]),
        ("a: {type: string, minlength: 2, maxlength: 1}", ["1:44 L111 maxlength: less than minlength"]),
        ("a: {type: integer, allowed: [1, x]}", ["1:33 L111 allowed: expected a whole number"]),
        ("a: {type: integer, default: x}", ['1:29 L112 a: default is "x", expected a whole number']),
        ("a: {type: integer, default: null}", ["1:29 L112 a: default is null, expected a whole number"]),
        (
            "a: {type: list, schema: {type: port}, default: [1, 0]}",
            ["1:48 L112 a: default[1] is 0, expected a port number from 1 to 65535"],
        ),
        (
            "a: {type: dict, schema: {b: {type: port, default: 0}}}",
            ["1:51 L112 a.schema.b: default is 0, expected a port number from 1 to 65535"],
        ),
        (
            "a: {type: string, coerce: duration, default: 5}",
            ["1:46 L112 a: default is 5, expected a duration with a unit, such as 90s, 15m, 1h30m or 7d"],
        ),
    ],
)
def test_a_rule_that_is_none_is_told_at_its_place(text: str, expected: list[str]) -> None:
    assert refused(text) == expected


def test_a_regular_expression_that_is_none_is_told_what_is_wrong() -> None:
    (found,) = refused('a: {type: string, regex: "(["}')
    assert found.startswith("1:26 L110 regex: expected a regular expression (unterminated character set")


def test_every_mistake_of_a_rule_file_is_told_at_once() -> None:
    assert len(refused("a: {type: x}\nb: {min: 5}\nc: {type: integer, default: x}\nd: {type: list, schema: 5}\n")) == 4


def test_parameters_may_be_called_as_rules_are() -> None:
    declared = "{type: {type: dict, schema: {schema: {type: integer, default: 1}, rename: {type: string}}}}"
    assert normalise("{type: {rename: x}}", declared) == ({"type": {"rename": "x", "schema": 1}}, [])
    assert findings("{type: [x]}", declared) == ['1:8 L122 type is ["x"], expected a mapping']
