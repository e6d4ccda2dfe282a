"""`phi diagram`: the overview holds what a stack has and how data flows, and the pictures of the docs show it."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from typer.testing import CliRunner

from checking.judgement import registered
from docs import diagrams
from operations import state
from operations.cli import app
from operations.diagram import drawing
from operations.diagram.commands import of_state
from operations.diagram.overview import Overview, Thing, overview
from operations.mistakes import Mistake

ROOT = Path(__file__).parents[3]
COMMAND = CliRunner()


@pytest.fixture(scope="module")
def drawn() -> dict[str, Overview]:
    return diagrams.overviews()


def edges(of: Overview, *, copies: bool = False) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in of.edges if edge.copies == copies}


def test_a_clinic_goes_from_people_over_edge_and_compute_to_data_and_from_there_to_recovery(
    drawn: dict[str, Overview],
) -> None:
    of = drawn["production"]
    assert edges(of) == {
        ("people", "dns"),
        ("people", "cdn"),
        ("people", "balancer"),
        ("cdn", "buckets"),
        ("balancer", "service-api"),
        ("service-api", "nat"),
        ("service-api", "database"),
        ("service-api", "cache"),
        ("service-api", "buckets"),
    }
    assert edges(of, copies=True) == {
        ("database", "database-copies"),
        ("database", "backups"),
        ("buckets", "bucket-copies"),
        ("buckets", "backups"),
    }
    assert {key: node.cluster for key, node in of.nodes.items()} == {
        "people": "",
        "dns": "edge",
        "cdn": "edge",
        "balancer": "public",
        "nat": "public",
        "service-api": "application",
        "database": "data",
        "cache": "data",
        "buckets": "region",
        "keys": "watch",
        "secrets": "watch",
        "alarms": "watch",
        "trail": "watch",
        "database-copies": "recovery",
        "bucket-copies": "recovery",
        "backups": "recovery",
    }
    assert of.nodes["service-api"].label == "api\nFargate\n2 to 10 tasks"
    assert of.nodes["database"].label == "PostgreSQL\ndb.m6g.large, two zones"
    assert of.clusters["vpc"].label == "VPC 10.10.0.0/16, zones a, b"
    assert of.clusters["recovery"].label == "ca-west-1, recovery"
    assert next(edge.label for edge in of.edges if (edge.source, edge.target) == ("cdn", "buckets")) == "documents"


def test_a_fleet_and_a_tier_of_its_own_for_the_cache_are_drawn(drawn: dict[str, Overview]) -> None:
    of = drawn["facnet"]
    assert of.nodes["fleet"].label == "EC2 Auto Scaling\n2 to 6 t3.medium"
    assert ("balancer", "fleet") in edges(of)
    assert (of.nodes["cache"].cluster, of.nodes["database"].cluster) == ("cache", "data")


def test_users_api_and_recordings_of_a_serverless_system_are_drawn(drawn: dict[str, Overview]) -> None:
    of = drawn["mentalspace"]
    assert {("people", "api"), ("people", "directory"), ("directory", "buckets"), ("cdn", "buckets")} <= edges(of)
    assert of.nodes["database"].label == "Aurora PostgreSQL\n0.5 to 8 ACU, 2 instances"
    assert of.clusters["recovery"].label == "us-west-2, recovery"


def test_a_foundation_without_application_has_no_people_in_front_of_it(drawn: dict[str, Overview]) -> None:
    of = drawn["omnirapeutic"]
    assert "people" not in of.nodes
    assert edges(of) == set()
    assert of.clusters["vpc"].label.endswith("zones a, b, c")


def test_two_services_each_reach_the_database(drawn: dict[str, Overview]) -> None:
    assert {("service-backend", "database"), ("service-frontend", "database")} <= edges(drawn["lifeworld"])


@pytest.mark.parametrize("stack", ["staging", "production", "berthcare", "facnet", "lifeworld", "mentalspace"])
def test_an_overview_is_short_and_every_edge_joins_two_nodes(stack: str, drawn: dict[str, Overview]) -> None:
    of = drawn[stack]
    assert 10 < len(of.nodes) < 22
    assert {key for edge in of.edges for key in (edge.source, edge.target)} <= of.nodes.keys()
    assert {node.cluster for node in of.nodes.values()} <= {"", *of.clusters}
    assert {cluster.parent for cluster in of.clusters.values()} <= {"", *of.clusters}
    assert {node.icon for node in of.nodes.values()} <= drawing.ICONS.keys()


def test_the_state_of_a_stack_gives_the_same_overview_as_its_program(
    tmp_path: Path, drawn: dict[str, Overview]
) -> None:
    resources, _ = registered(ROOT / "Pulumi.mentalspace.yaml", "mentalspace")
    rows = [
        {
            "urn": each.urn,
            "type": each.type,
            "custom": each.type.startswith("aws:"),
            "inputs": {key: value for key, value in each.properties.items() if key not in ("id", "arn", "code")},
            "outputs": {"arn": each.properties.get("arn", "")},
        }
        for each in resources
    ]
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"version": 3, "deployment": {"manifest": {}, "resources": rows}}))
    assert overview("mentalspace", of_state(state.read("mentalspace", file))) == drawn["mentalspace"]


def test_a_stack_without_a_network_is_refused() -> None:
    with pytest.raises(Mistake, match="no subnets"):
        overview("shop", [Thing(type="aws:s3/bucket:Bucket", name="files", properties={})])


@pytest.mark.parametrize("name", sorted(drawing.ICONS))
def test_every_icon_is_there(name: str) -> None:
    assert drawing.icon(name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_a_picture_is_complete_in_itself(suffix: str, tmp_path: Path, drawn: dict[str, Overview]) -> None:
    file = tmp_path / f"staging{suffix}"
    drawing.draw(drawn["staging"], file)
    content = file.read_bytes()
    if suffix == ".png":
        assert content.startswith(b"\x89PNG")
        return
    references = re.findall(r'href="([^"]*)"', content.decode())
    assert len(references) == len(drawn["staging"].nodes)
    assert all(each.startswith("data:image/png;base64,") for each in references)


@pytest.mark.parametrize(
    "stack", ["staging", "production", "berthcare", "facnet", "lifeworld", "mentalspace", "omnirapeutic"]
)
def test_the_picture_in_the_docs_shows_the_stack_as_it_is(stack: str, drawn: dict[str, Overview]) -> None:
    picture = (diagrams.FOLDER / f"{stack}.svg").read_text()
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", picture)
    texts = {" ".join(unescape(each).split()) for each in shown}
    of = drawn[stack]
    expected = [
        cluster.label for cluster in of.clusters.values() if cluster.key in {n.cluster for n in of.nodes.values()}
    ]
    expected += [line for node in of.nodes.values() for line in node.label.split("\n")]
    missing = set(expected) - texts
    assert not missing, "stale: run `python -m docs.diagrams`"


def test_mistakes_in_the_command_line_are_told(tmp_path: Path) -> None:
    for arguments, said in (
        (["-o", "picture.gif"], "ends in .svg or .png"),
        (["--state", "missing.json", "-o", "x.svg"], "missing.json"),
        (["--state", "missing.json", "--deployed"], "expected one of them"),
    ):
        done = COMMAND.invoke(app, ["diagram", "staging", *arguments])
        assert said in str(done.exception)


def test_the_command_draws_a_program(tmp_path: Path) -> None:
    file = tmp_path / "lifeworld.svg"
    done = COMMAND.invoke(app, ["diagram", str(ROOT / "Pulumi.lifeworld.yaml"), "-o", str(file)])
    assert done.exit_code == 0, done.stdout
    assert "resources drawn" in done.stdout
    assert "Fargate" in file.read_text()
