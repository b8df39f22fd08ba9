"""The manifests fit each other, the configuration that they mount, and the daemon. No cluster is asked: these are
checks of ours, and kubectl's own rendering where it can be had."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.http import table
from router import daemon
from router.__main__ import parser
from tests.deploy.configurations import load_mounted
from tests.processes import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
Manifest = dict[str, Any]


def manifests() -> list[Manifest]:
    return [
        one for name in KUSTOMIZATION["resources"] for one in yaml.safe_load_all((FOLDER / name).read_text()) if one
    ]


def the(kind: str, name: str = "carrier-router") -> Manifest:
    (found,) = [one for one in manifests() if one["kind"] == kind and one["metadata"]["name"] == name]
    return found


POD = the("StatefulSet")["spec"]["template"]
(CONTAINER,) = POD["spec"]["containers"]
LABELS: dict[str, str] = POD["metadata"]["labels"]
VOLUMES = {volume["name"]: volume for volume in POD["spec"]["volumes"]}
MOUNTS = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
PORTS = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}


def test_every_file_is_applied() -> None:
    there = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert there == set(KUSTOMIZATION["resources"])
    for one in manifests():
        assert {"apiVersion", "kind", "metadata"} <= set(one)


def test_selectors_find_the_pod() -> None:
    spec = the("StatefulSet")["spec"]
    selectors = [spec["selector"]["matchLabels"], the("PodDisruptionBudget")["spec"]["selector"]["matchLabels"]]
    selectors.append(the("NetworkPolicy")["spec"]["podSelector"]["matchLabels"])
    selectors += [one["spec"]["selector"] for one in manifests() if one["kind"] == "Service"]
    assert len(selectors) == 5
    for selector in selectors:
        assert selector.items() <= LABELS.items()


def test_the_monitor_finds_one_service_by_the_alerts_name() -> None:
    monitor = the("ServiceMonitor")["spec"]
    found = [
        one
        for one in manifests()
        if one["kind"] == "Service" and monitor["selector"]["matchLabels"].items() <= one["metadata"]["labels"].items()
    ]
    # The job is called as the service is.
    assert [one["metadata"]["name"] for one in found] == ["carrier-router"]
    (endpoint,) = monitor["endpoints"]
    assert endpoint["port"] in [port["name"] for port in found[0]["spec"]["ports"]]
    assert endpoint["path"] == "/metrics"


def test_ports_lead_to_where_the_daemon_listens(tmp_path: Path) -> None:
    settings, _ = load_mounted(FOLDER / "config", "/run/secrets/carrier-router", tmp_path)
    assert settings.http.host == "0.0.0.0"
    assert {"http": settings.http.port} == PORTS
    for one in manifests():
        if one["kind"] == "Service":
            assert [port["targetPort"] for port in one["spec"]["ports"]] == ["http"]
    policy = the("NetworkPolicy")["spec"]
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == ["http"]
    open_to = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert {getattr(operator.link, "port", 443) for operator in settings.operators.values()} <= open_to
    assert the("StatefulSet")["spec"]["serviceName"] == the("Service", "carrier-router-pods")["metadata"]["name"]
    assert the("Service", "carrier-router-pods")["spec"]["clusterIP"] == "None"


@pytest.mark.parametrize(
    ("probe", "path"), [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")]
)
def test_probes_ask_what_there_is(probe: str, path: str) -> None:
    asked = CONTAINER[probe]["httpGet"]
    assert asked == {"path": path, "port": "http"}
    assert path in Path(table.__file__).read_text()


def test_a_stop_has_time_for_a_drain() -> None:
    drain = daemon._DRAIN + daemon._CLIENTS + daemon._WEBHOOKS
    assert POD["spec"]["terminationGracePeriodSeconds"] >= 1.5 * drain


def test_it_is_closed() -> None:
    pod, own = POD["spec"]["securityContext"], CONTAINER["securityContext"]
    assert pod["runAsNonRoot"] is True
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert POD["spec"]["automountServiceAccountToken"] is False
    assert the("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    user = f"USER {pod['runAsUser']}:{pod['runAsGroup']}"
    assert user in (ROOT / "deploy" / "docker" / "Dockerfile").read_text()
    assert pod["fsGroup"] == pod["runAsGroup"]


def test_one_daemon_on_its_own_disk(tmp_path: Path) -> None:
    spec = the("StatefulSet")["spec"]
    assert spec["replicas"] == 1
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    settings, _ = load_mounted(FOLDER / "config", "/run/secrets/carrier-router", tmp_path)
    assert Path(settings.store.removeprefix("sqlite:///")).parent == Path(MOUNTS[claim["metadata"]["name"]])
    assert set(MOUNTS) == set(VOLUMES) | {claim["metadata"]["name"]}


def test_the_configuration_is_whole_where_it_is_mounted(tmp_path: Path) -> None:
    started = parser().parse_args(CONTAINER["args"])
    assert started.config == Path(MOUNTS["config"]) / "router.yaml"
    generated = {
        one["name"]: {Path(file).name: file for file in one["files"]} for one in KUSTOMIZATION["configMapGenerator"]
    }
    mounted = {}
    for source in VOLUMES["config"]["projected"]["sources"]:
        keys = generated[source["configMap"]["name"]]
        items = source["configMap"].get("items") or [{"key": key, "path": key} for key in keys]
        assert {item["key"] for item in items} == set(keys)
        mounted |= {item["path"]: keys[item["key"]] for item in items}
    there = {str(path.relative_to(FOLDER / "config")): path for path in (FOLDER / "config").rglob("*.yaml")}
    assert mounted == {name: f"config/{name}" for name in there}

    _, names = load_mounted(FOLDER / "config", MOUNTS["secrets"], tmp_path)
    secret = the("Secret")
    assert VOLUMES["secrets"]["secret"]["secretName"] == secret["metadata"]["name"]
    assert names == set(secret["stringData"])


def test_by_kubectl() -> None:
    tool = shutil.which("kubectl")
    if tool is None:
        pytest.skip("left out: no kubectl on PATH to render the manifests")
    ended = subprocess.run([tool, "kustomize", str(FOLDER)], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    rendered = list(yaml.safe_load_all(ended.stdout))
    assert {(one["kind"], one["metadata"]["name"]) for one in manifests()} <= {
        (one["kind"], one["metadata"]["name"]) for one in rendered
    }
    (pod,) = [one for one in rendered if one["kind"] == "StatefulSet"]
    assert pod["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/carrier-router:0.1.0"
