"""Whether pods fit nodes: nodes and objects as people write them, and what is said about them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.diagnostic import Diagnostic
from composer.model.machines import RESERVE, machines_of
from composer.source.reader import parse
from composer.stages.check import check
from composer.stages.check.context import Nodes
from composer.stages.check.loads import Ground
from composer.stages.check.objects import subject_of
from composer.stages.check.site import Site
from composer.stages.check.trial import everything, try_out
from composer.stages.check.usage import pod_needs
from composer.stages.check.workloads import workloads_of
from tests.check.sites import context, prelude, rendered

ABOUT = {"K060", "K061", "K062", "K063", "K064", "K065", "K066", "K067", "K068"}
BOX = '[{name: box, arch: arm64, cpu: "4", memory: 8Gi, storage: 64Gi}]'
POOL = '[{name: pool, count: 3, role: agent, cpu: "2", memory: 4Gi}]'


def findings(nodes: str, *objects: str) -> list[Diagnostic]:
    """What is said about fit; *nodes* and *objects* are YAML."""
    document = parse(nodes, "site.yaml")
    machines = machines_of(document.data, RESERVE)
    here = replace(context(), nodes=Nodes(machines, document.place))
    return [d for d in check([*prelude(), *rendered("".join(objects))], here) if d.code in ABOUT]


def said(nodes: str, *objects: str) -> list[str]:
    return [f"{d.place} {d.code} {d.message}" for d in findings(nodes, *objects)]


def codes(nodes: str, *objects: str) -> list[str]:
    return [d.code for d in findings(nodes, *objects)]


def workload(
    kind: str = "Deployment",
    name: str = "a",
    *,
    requests: str = "cpu: 100m, memory: 1Gi",
    spec: str = "",
    pod: str = "",
) -> str:
    """A workload with one container; *spec* and *pod* are further entries of its spec and its pods' spec."""
    owner = kind in ("Deployment", "DaemonSet", "StatefulSet")
    selector = f"selector: {{matchLabels: {{app: {name}}}}}," if owner else ""
    ends = "" if owner else "restartPolicy: Never,"
    return f"""\
- apiVersion: {"apps" if owner else "batch"}/v1
  kind: {kind}
  metadata: {{name: {name}, namespace: edge-platform}}
  spec:
    {{{spec} {selector} template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{{pod} {ends}
      containers: [{{name: c, image: "x:1", resources: {{requests: {{{requests}}}}}}}]}}}}}}
"""


def claim(name: str, size: str, mode: str = "ReadWriteOnce") -> str:
    return f"""\
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {{name: {name}, namespace: edge-platform}}
  spec: {{accessModes: [{mode}], resources: {{requests: {{storage: {size}}}}}}}
"""


def mounting(name: str) -> str:
    return f"volumes: [{{name: v, persistentVolumeClaim: {{claimName: {name}}}}}],"


def test_pods_that_fit_are_not_spoken_of() -> None:
    assert said(BOX, workload(spec="replicas: 2, "), workload("StatefulSet", "b", spec="serviceName: b, ")) == []


def test_without_nodes_nothing_is_said() -> None:
    objects = rendered(workload(requests="memory: 1Ti"))
    assert [d for d in check([*prelude(), *objects], context()) if d.code in ABOUT] == []


def test_the_sum_of_the_pods_is_larger_than_the_node() -> None:
    found = findings(
        BOX, workload(spec="replicas: 5, strategy: {type: Recreate}, "), workload(name="b", requests="memory: 2Gi")
    )
    assert [f"{d.place} {d.code} {d.message}" for d in found] == [
        "site.yaml:1:1 K060 the pods need memory 7Gi, but node box can give only 6.521Gi (8Gi less 1.479Gi for the system): "
        "490.4Mi are missing"
    ]
    assert [r.message for r in found[0].related] == ["Deployment/a: 5 x memory 1Gi", "Deployment/b: memory 2Gi"]


def test_one_pod_is_larger_than_every_node() -> None:
    assert said(POOL, workload(requests="memory: 4Gi"), workload(name="b")) == [
        "site.yaml:1:1 K060 Deployment/a needs memory 4Gi, but node pool can give only 3.744Gi "
        "(4Gi less 262.3Mi for the system): 262.3Mi are missing, and no other node has more"
    ]


def test_enough_in_sum_but_not_in_one_piece() -> None:
    nodes = '[{name: pool, count: 2, role: agent, cpu: "2.1"}]'
    found = said(
        nodes, *(workload(name=name, requests='cpu: "1.2"', spec="strategy: {type: Recreate}, ") for name in "abc")
    )
    assert found == [
        "site.yaml:1:1 K060 the nodes have enough of everything together, but not in one piece: "
        "Deployment/c (cpu 1.2) finds no place"
    ]


def test_an_update_needs_room_for_the_new_pod_beside_the_old_one() -> None:
    large = workload(requests="memory: 4Gi")
    assert said(BOX, large) == [
        "site.yaml:1:1 K061 the pods fit, but a rolling update of Deployment/a (1 more pod for a while) cannot go on: "
        "the pods need memory 8Gi, but node box can give only 6.521Gi (8Gi less 1.479Gi for the system): 1.479Gi are missing"
    ]
    for strategy in ("{type: Recreate}", "{rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}"):
        assert said(BOX, workload(requests="memory: 4Gi", spec=f"strategy: {strategy}, ")) == []


@pytest.mark.parametrize(
    ("surge", "replicas", "fits"),
    [
        ("25%", 4, True),
        ("25%", 5, False),
        ("1", 5, True),
        ("2", 5, False),
        ("50%", 4, True),
        ("50%", 5, False),
        ("0%", 6, True),
    ],
)
def test_surge_is_a_number_or_a_part_rounded_up(surge: str, replicas: int, fits: bool) -> None:
    spec = f"replicas: {replicas}, strategy: {{rollingUpdate: {{maxSurge: {surge}, maxUnavailable: 1}}}}, "
    assert codes(BOX, workload(spec=spec, requests="memory: 1.08Gi")) == ([] if fits else ["K061"])


def test_updates_one_after_the_other_are_a_warning() -> None:
    found = findings(BOX, *(workload(name=name, requests="memory: 2Gi") for name in "ab"))
    assert [(d.code, d.is_error) for d in found] == [("K061", False)]
    assert found[0].message.startswith("there is room for one change at a time only")


def test_jobs_run_beside_the_rest_one_at_a_time() -> None:
    resident = workload(requests="memory: 4Gi", spec="strategy: {type: Recreate}, ")
    assert codes(BOX, resident, workload("Job", "j", requests="memory: 2Gi")) == []
    assert codes(
        BOX, resident, workload("Job", "j", requests="memory: 2Gi", spec="parallelism: 2, completions: 8, ")
    ) == ["K061"]
    assert codes(BOX, resident, workload("Job", "j", requests="memory: 4Gi", spec="suspend: true, ")) == []


def test_an_autoscaler_needs_room_for_its_largest_size() -> None:
    scaler = """\
- apiVersion: autoscaling/v2
  kind: HorizontalPodAutoscaler
  metadata: {name: a, namespace: edge-platform}
  spec: {minReplicas: 2, maxReplicas: %d, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}}
"""
    assert codes(BOX, workload(), scaler % 6) == []
    assert codes(BOX, workload(), scaler % 7) == ["K061"]


def test_a_daemon_set_has_a_pod_on_each_node_that_it_may_run_on() -> None:
    daemon = workload("DaemonSet", "d", requests='cpu: "1"')
    assert codes(POOL, daemon, workload(spec="replicas: 3, strategy: {type: Recreate}, ", requests="cpu: 900m")) == []
    assert said(POOL, daemon, workload(spec="replicas: 4, strategy: {type: Recreate}, ", requests="cpu: 900m")) == [
        "site.yaml:1:1 K060 the pods need cpu 3.6, but node pool (3 nodes) can give only 2.7 "
        "(6 less 300m for the system and 3 for pods on every node): 900m are missing"
    ]
    assert said(POOL, workload("DaemonSet", "d", requests='cpu: "2"')) == [
        "site.yaml:1:1 K060 the pods on every node need cpu 2, but node pool can give only 1.9 "
        "(2 less 100m for the system): 100m are missing"
    ]


def test_volumes_take_the_disk_of_the_node_their_pod_is_on() -> None:
    one = workload(pod=mounting("data"))
    assert codes(BOX, one, claim("data", "64Gi")) == []
    assert said(BOX, one, claim("data", "65Gi"))[0].startswith(
        "site.yaml:1:1 K060 Deployment/a needs storage 65Gi, but node box can give only 64Gi: 1Gi are missing"
    )
    assert codes(BOX, one, claim("data", "65Gi", "ReadWriteMany")) == []


def test_a_claim_template_takes_disk_for_each_replica() -> None:
    claims = "accessModes: [ReadWriteOnce], resources: {requests: {storage: 30Gi}}"
    template = f"volumeClaimTemplates: [{{metadata: {{name: v}}, spec: {{{claims}}}}}], "
    assert codes(BOX, workload("StatefulSet", spec=f"replicas: 2, serviceName: a, {template}")) == []
    assert codes(BOX, workload("StatefulSet", spec=f"replicas: 3, serviceName: a, {template}")) == ["K060"]


def test_pods_that_share_a_volume_are_on_one_node() -> None:
    pair = [
        workload(name=name, requests='cpu: "1.5"', pod=mounting("data"), spec="strategy: {type: Recreate}, ")
        for name in "ab"
    ]
    assert codes(POOL, *pair) == []
    assert codes(POOL, *pair, claim("data", "1Gi")) == ["K060"]
    assert codes(POOL, *pair, claim("data", "1Gi", "ReadWriteMany")) == []


def test_ephemeral_storage_counts_as_disk() -> None:
    assert codes(BOX, workload(requests="ephemeral-storage: 65Gi")) == ["K060"]


def test_what_starting_takes_counts_and_sidecars_count_twice() -> None:
    starting = 'initContainers: [{name: i, image: "x:1", resources: {requests: {memory: %s}}}],'
    assert codes(BOX, workload(pod=starting % "6Gi", spec="strategy: {type: Recreate}, ")) == []
    assert codes(BOX, workload(pod=starting % "7Gi", spec="strategy: {type: Recreate}, ")) == ["K060"]
    sidecar = starting.replace("name: i,", "name: i, restartPolicy: Always,")
    assert codes(BOX, workload(pod=sidecar % "6Gi", spec="strategy: {type: Recreate}, ")) == ["K060"]


def test_a_limit_range_speaks_for_containers_that_say_nothing() -> None:
    limits = """\
- apiVersion: v1
  kind: LimitRange
  metadata: {name: l, namespace: edge-platform}
  spec: {limits: [{type: Container, defaultRequest: {memory: 7Gi}, default: {memory: 8Gi}}]}
"""
    assert codes(BOX, workload(requests="")) == []
    assert codes(BOX, workload(requests=""), limits) == ["K060"]


def test_no_more_pods_than_a_kubelet_takes() -> None:
    many = "replicas: %d, strategy: {type: Recreate}, "
    assert codes(BOX, workload(requests="cpu: 1m", spec=many % 110)) == []
    assert said(BOX, workload(requests="cpu: 1m", spec=many % 111)) == [
        "site.yaml:1:1 K060 there are 111 pods, but node box takes only 110"
    ]


REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
KEPT_APART = (
    f"affinity: {{podAntiAffinity: {{{REQUIRED}: [{{topologyKey: kubernetes.io/hostname, labelSelector: %s}}]}}}},"
)


def test_replicas_that_keep_apart_need_as_many_nodes() -> None:
    affinity = KEPT_APART % "{matchLabels: {app: a}}"
    recreate = "strategy: {type: Recreate}, "
    assert codes(POOL, workload(pod=affinity, spec=f"replicas: 3, {recreate}")) == []
    assert said(POOL, workload(pod=affinity, spec=f"replicas: 4, {recreate}")) == [
        "site.yaml:1:1 K060 Deployment/a has 4 pods, of which node pool (3 nodes) takes only 3"
    ]
    assert codes(POOL, workload(pod=affinity, spec="replicas: 3, ")) == ["K061"]
    preferred = (
        affinity.replace("required", "preferred").replace("[{", "[{weight: 1, podAffinityTerm: {").replace("}]", "}}]")
    )
    assert codes(POOL, workload(pod=preferred, spec=f"replicas: 4, {recreate}")) == []


def test_workloads_that_keep_apart_need_a_node_each() -> None:
    affinity = KEPT_APART % "{matchExpressions: [{key: app, operator: In, values: [b, c]}]}"
    objects = [
        workload(name=name, pod=affinity if name == "a" else "", spec="strategy: {type: Recreate}, ") for name in "abc"
    ]
    assert codes(BOX, *objects) == ["K060"]
    assert codes(POOL, *objects) == []


def test_pods_that_must_be_spread_evenly() -> None:
    spread = "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: %s"
    spread += ", labelSelector: {matchLabels: {app: a}}}],"
    nodes = '[{name: large, cpu: "40", role: agent}, {name: small, cpu: "1", role: agent}]'
    spec = "replicas: 8, strategy: {type: Recreate}, "
    assert codes(nodes, workload(requests="cpu: 500m", pod=spread % "DoNotSchedule", spec=spec)) == ["K060"]
    assert codes(nodes, workload(requests="cpu: 500m", pod=spread % "ScheduleAnyway", spec=spec)) == []


LABELLED = "[{name: one, labels: {example.com/rack: hall-3, size: '8'}, cpu: '2'}, {name: two, cpu: '8'}]"


@pytest.mark.parametrize(
    ("pod", "fits"),
    [
        ("nodeSelector: {example.com/rack: hall-3},", True),
        ("nodeSelector: {kubernetes.io/hostname: two, kubernetes.io/os: linux},", True),
        ("nodeSelector: {topology.kubernetes.io/zone: z},", True),
        ("nodeName: two,", True),
        ("nodeSelector: {example.com/rack: hall-4},", False),
        ("nodeSelector: {kubernetes.io/hostname: three},", False),
        ("nodeName: three,", False),
        *(
            (
                "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
                f"[{{matchExpressions: [{{key: {key}, operator: {operator}{values}}}]}}]}}}}}},",
                fits,
            )
            for key, operator, values, fits in [
                ("example.com/rack", "In", ", values: [hall-3, hall-4]", True),
                ("example.com/rack", "In", ", values: [hall-4]", False),
                ("example.com/rack", "NotIn", ", values: [hall-3]", True),
                ("example.com/rack", "Exists", "", True),
                ("example.com/rack", "DoesNotExist", "", True),
                ("example.com/other", "Exists", "", False),
                ("size", "Gt", ", values: ['7']", True),
                ("size", "Gt", ", values: ['8']", False),
                ("size", "Lt", ", values: ['9']", True),
            ]
        ),
    ],
)
def test_pods_choose_nodes_by_their_labels(pod: str, fits: bool) -> None:
    assert codes(LABELLED, workload(pod=pod)) == ([] if fits else ["K062"])


def test_pods_that_choose_a_node_must_fit_there() -> None:
    assert said(LABELLED, workload(requests='cpu: "5"', pod="nodeSelector: {example.com/rack: hall-3},")) == [
        "site.yaml:1:1 K060 Deployment/a needs cpu 5, but node one can give only 1.7 (2 less 300m for the system): "
        "3.3 are missing, and no other node has more"
    ]
    three = "replicas: 3, strategy: {type: Recreate}, "
    assert said(
        LABELLED, workload(requests='cpu: "1"', spec=three, pod="nodeSelector: {example.com/rack: hall-3},")
    ) == [
        "site.yaml:1:1 K060 the pods for node one alone need cpu 3, but node one can give only 1.7 "
        "(2 less 300m for the system): 1.3 are missing"
    ]


PORT = "{path: /dev/ttyUSB0, resource: example.com/ttyusb0}"
SERIAL = f"[{{name: box, cpu: '4', serial: [{PORT}], resources: {{example.com/gpu: 2}}}}, {{name: other}}]"


def test_a_serial_port_has_one_user() -> None:
    port = "cpu: 10m}, limits: {example.com/ttyusb0: '1'"
    one, two = (workload(name=name, requests=port, spec="strategy: {type: Recreate}, ") for name in "ab")
    assert codes(SERIAL, one) == []
    found = findings(SERIAL, one, two)
    assert [(d.code, d.message, d.hint) for d in found] == [
        (
            "K060",
            "the pods need example.com/ttyusb0 2, but nodes box, other can give only 1: 1 are missing",
            "one pod has it at a time",
        )
    ]
    assert codes(SERIAL, workload(requests=port)) == ["K061"]


def test_other_devices_are_declared_by_their_number() -> None:
    gpus = workload(requests="cpu: 10m}, limits: {example.com/gpu: '%d'", spec="strategy: {type: Recreate}, ")
    assert codes(SERIAL, gpus % 2) == []
    assert codes(SERIAL, gpus % 3) == ["K060"]


def test_a_device_that_no_node_offers() -> None:
    found = findings(SERIAL, workload(requests="cpu: 10m}, limits: {example.com/ttyusb1: '1'"))
    assert [(d.code, d.message, d.hint) for d in found] == [
        ("K063", "Deployment/a needs example.com/ttyusb1, which no node offers", "did you mean 'example.com/ttyusb0'?")
    ]
    elsewhere = workload(
        requests="cpu: 10m}, limits: {example.com/gpu: '1'", pod="nodeSelector: {kubernetes.io/hostname: other},"
    )
    assert said(SERIAL, elsewhere)[0].endswith(
        "K063 Deployment/a needs example.com/gpu, which no node that its pods may run on offers"
    )


def test_a_node_that_the_system_fills() -> None:
    assert said('[{name: box, cpu: "4", memory: 1Gi}]', workload()) == [
        "site.yaml:1:32 K066 node box is too small: the system alone takes all of its memory"
    ]


def test_two_nodes_of_one_name() -> None:
    found = findings("[{name: box}, {name: other}, {name: box}]", workload())
    assert [(d.code, str(d.place), str(d.related[0].place)) for d in found] == [
        ("K068", "site.yaml:1:37", "site.yaml:1:9")
    ]


def test_equal_pods_that_leave_gaps() -> None:
    nodes = '[{name: pool, count: 17, role: agent, cpu: "1.1"}]'
    spec = "replicas: %d, strategy: {type: Recreate}, "
    assert codes(nodes, workload(requests="cpu: 334m", spec=spec % 34)) == []
    assert said(nodes, workload(requests="cpu: 334m", spec=spec % 35)) == [
        "site.yaml:1:1 K060 Deployment/a has 35 pods, of which node pool (17 nodes) takes only 34"
    ]


def test_a_search_that_is_given_up_is_a_warning() -> None:
    """More pods than are searched for exactly; the sum would do, and no two of them leave room for a third."""
    nodes = '[{name: pool, count: 25, role: agent, cpu: "1.1"}]'
    half = [
        workload(name=n, requests=f"cpu: {c}m", spec="replicas: 26, strategy: {type: Recreate}, ")
        for n, c in (("a", 334), ("b", 335))
    ]
    assert [(d.code, d.is_error) for d in findings(nodes, *half)] == [("K067", False)]
    assert findings(nodes, *half)[0].message.endswith("(cpu 334m) found no place, as far as was searched")


def test_the_first_machine_is_the_server_unless_a_role_is_said() -> None:
    left = [
        [m.left["memory"] // 1000 // 1_000_000 for m in machines_of(parse(nodes, "n").data, RESERVE)]
        for nodes in (
            "[{name: a, memory: 4G}, {name: b, memory: 4G}]",
            "[{name: a, count: 3, memory: 4G}]",
            "[{name: a, memory: 4G}, {name: b, memory: 4G, role: server}]",
            "[{name: a, arch: arm64, memory: 4G}]",
        )
    ]
    assert left == [[2404, 3725], [2404, 3725], [3725, 2404], [2412]]


def test_usage_counts_pods_on_every_node_shared_volumes_once_and_the_largest_update() -> None:
    document = parse('[{name: pool, count: 3, role: agent, cpu: "2", storage: 10Gi}]', "site.yaml")
    here = replace(context(), nodes=Nodes(machines_of(document.data, RESERVE), document.place))
    objects = [
        workload("DaemonSet", "d", requests="cpu: 100m"),
        workload(requests="cpu: 200m", pod=mounting("data")),
        workload(name="b", requests="cpu: 300m", pod=mounting("data")),
        claim("data", "1Gi"),
    ]
    found = {need.key: (need.needed, need.given, need.by) for need in pod_needs(rendered("".join(objects)), here)}
    nodes = "node pool (3 nodes), less the system"
    assert found["cpu of all pods"] == (0.8, 5.7, nodes)
    assert found["cpu in a rolling update"] == (1.1, 5.7, "the same; Deployment/b")
    assert found["storage of all pods"] == (2**30, 3 * 10 * 2**30, nodes)
    assert found["pods"] == (5, 330, nodes)
    assert "memory of all pods" not in found


def test_objects_that_leave_out_what_they_may_leave_out_are_counted_as_far_as_they_say() -> None:
    bare = """\
- {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h, namespace: edge-platform}}
- {apiVersion: v1, kind: LimitRange, metadata: {name: l, namespace: edge-platform}}
- {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: edge-platform}}
- apiVersion: batch/v1
  kind: CronJob
  metadata: {name: c, namespace: edge-platform}
  spec: {schedule: "* * * * *", jobTemplate: {}}
- apiVersion: apps/v1
  kind: StatefulSet
  metadata: {name: s, namespace: edge-platform}
  spec:
    serviceName: s
    selector: {matchLabels: {app: s}}
    volumeClaimTemplates: [{metadata: {name: v}}]
    template: {metadata: {labels: {app: s}}}
"""
    volumes = "volumes: [{name: e, ephemeral: {}}, {name: v, persistentVolumeClaim: {claimName: data}}],"
    odd = f"affinity: {{nodeAffinity: {{}}, podAntiAffinity: {{{REQUIRED}: []}}}}, {volumes}"
    assert codes(BOX, bare, workload(pod=odd, requests="")) == []
    assert codes(BOX, workload(spec="replicas: 0, ")) == []


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(50, 1500), st.integers(100, 3000)), min_size=1, max_size=6))
def test_what_fits_at_a_glance_fits_when_it_is_packed(made: list[tuple[int, int, int]]) -> None:
    objects = [
        workload(name=f"w{number}", spec=f"replicas: {replicas},", requests=f"cpu: {cpu}m, memory: {memory}Mi")
        for number, (replicas, cpu, memory) in enumerate(made)
    ]
    document = parse(BOX, "site.yaml")
    nodes = Nodes(machines_of(document.data, RESERVE), document.place)
    subjects = [s for s in map(subject_of, rendered("".join(objects))) if s]
    here = replace(context(), nodes=nodes)
    site = Site(here, here.schemas()[0], subjects, subjects)
    ground = Ground(site, nodes, workloads_of(site))
    assert try_out(ground, everything).fits or not ground.is_roomy
