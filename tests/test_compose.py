"""The production shape, as `docker compose` itself understands it."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docker-compose.yml"
NEEDED = set(re.findall(r"\$\{(\w+):\?", FILE.read_text()))
OURS = ("web", "worker", "beat")


def compose(**environment):
    return subprocess.run(
        ["docker", "compose", "--file", FILE, "config", "--format", "json"],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment,
        check=False,
    )


def has_compose():
    try:
        return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


needs_compose = pytest.mark.skipif(not has_compose(), reason="docker compose is not installed here")


@pytest.fixture(scope="module")
def services():
    outcome = compose(**dict.fromkeys(NEEDED, "secret"))
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout)["services"]


@needs_compose
@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_a_missing_secret_is_named(missing):
    outcome = compose(**dict.fromkeys(NEEDED - {missing}, "secret"))

    assert outcome.returncode != 0
    assert f"Set {missing}" in outcome.stderr


@needs_compose
def test_only_web_is_reachable_and_only_from_this_machine(services):
    ports = {name: service["ports"] for name, service in services.items() if service.get("ports")}

    assert list(ports) == ["web"]
    assert [port["host_ip"] for port in ports["web"]] == ["127.0.0.1"]


@needs_compose
def test_everything_that_stays_has_a_health_check(services):
    assert {name for name, service in services.items() if service["healthcheck"].get("disable")} == {"migrate"}


@needs_compose
def test_what_runs_does_not_know_the_owners_password(services):
    for name in OURS:
        assert "portal_app" in services[name]["environment"]["DATABASE_URL"]
        assert "portal_owner" not in json.dumps(services[name])
    assert "portal_owner" in services["migrate"]["environment"]["DATABASE_URL"]


@needs_compose
def test_our_containers_can_write_nowhere_and_gain_nothing(services):
    for name in (*OURS, "migrate"):
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
