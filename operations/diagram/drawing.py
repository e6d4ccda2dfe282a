"""An overview as a picture: AWS's icons, which `diagrams` ships, laid out by Graphviz, which `pygraphviz` ships."""

from __future__ import annotations

import base64
import os
import re
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from html import escape
from itertools import pairwise
from pathlib import Path

import diagrams
from diagrams.aws import compute, database, general, management, mobile, network, security, storage
from pygraphviz import AGraph

from operations.diagram.overview import Overview

ICONS: dict[str, type[diagrams.Node]] = {
    "alarms": management.Cloudwatch,
    "api": mobile.APIGateway,
    "aurora": database.Aurora,
    "backup": storage.Backup,
    "balancer": network.ALB,
    "bucket": storage.SimpleStorageServiceS3,
    "cache": database.ElasticacheForRedis,
    "cdn": network.CloudFront,
    "database": database.RDSPostgresqlInstance,
    "directory": security.Cognito,
    "dns": network.Route53,
    "fleet": compute.EC2AutoScaling,
    "function": compute.Lambda,
    "instance": compute.EC2,
    "keys": security.KeyManagementService,
    "nat": network.NATGateway,
    "people": general.Users,
    "secrets": security.SecretsManager,
    "service": compute.Fargate,
    "trail": management.Cloudtrail,
    "vpn": network.ClientVpn,
}

_FONT = "Helvetica,Arial,sans-serif"
_ICON_POINTS = 56
_GRAPH = {
    "bgcolor": "white",
    "fontname": _FONT,
    "fontsize": 20,
    "labelloc": "t",
    "nodesep": 0.3,
    "pad": 0.3,
    "rankdir": "LR",
    "ranksep": 0.7,
}
_PLACES = ("#f4f8fb", "#eaf2ea", "#f1edf8")  # a region, a network in it, a tier in that
_PLACE = {
    "color": "#9aa8b5",
    "fontname": _FONT,
    "fontsize": 13,
    "labeljust": "l",
    "margin": 14,
    "style": "rounded,filled",
}
_FLOW = {"color": "#3b4757", "fontcolor": "#3b4757", "fontname": _FONT, "fontsize": 11}
_COPY = {"color": "#7a4d00", "fontcolor": "#7a4d00", "fontname": _FONT, "fontsize": 11, "style": "dashed"}


def draw(overview: Overview, file: Path) -> None:
    """Write the picture as SVG, complete in itself, or as PNG, by the file's suffix."""
    with _silent():
        content = graph(overview).draw(format=file.suffix[1:], prog="dot") or b""
    file.write_bytes(_complete(content.decode()).encode() if file.suffix == ".svg" else content)


def graph(overview: Overview) -> AGraph:
    """The picture as Graphviz takes it."""
    drawn = AGraph(directed=True, strict=False)
    drawn.graph_attr.update(label=overview.title, **_GRAPH)
    _fill(drawn, overview, "", 0)
    flowing = {key for edge in overview.edges for key in (edge.source, edge.target)}
    still = [node for node in overview.nodes.values() if node.key not in flowing]
    for one, other in pairwise(still):
        if one.cluster == other.cluster:
            drawn.add_edge(one.key, other.key, style="invis")  # in a row, where they would be a column
    for edge in overview.edges:
        drawn.add_edge(edge.source, edge.target, label=f" {edge.label} ", **(_COPY if edge.copies else _FLOW))
    return drawn


def icon(name: str) -> Path:
    """The picture of an icon."""
    shown = ICONS[name]
    return Path(diagrams.__file__).parent.parent / str(shown._icon_dir) / str(shown._icon)  # pyright: ignore[reportPrivateUsage]


def _fill(drawn: AGraph, overview: Overview, place: str, depth: int) -> None:
    """The nodes and the clusters of a place, one in another."""
    for node in overview.nodes.values():
        if node.cluster == place:
            drawn.add_node(node.key, shape="none", label=_label(node.icon, node.label))
    for cluster in overview.clusters.values():
        if cluster.parent == place and _inhabited(overview, cluster.key):
            style = {**_PLACE, "fillcolor": _PLACES[min(depth, len(_PLACES) - 1)]}
            inside = drawn.add_subgraph(name=f"cluster_{cluster.key}", label=cluster.label, **style)
            _fill(inside, overview, cluster.key, depth + 1)


def _label(name: str, text: str) -> str:
    """The icon with its text below, as wide as the wider of them."""
    first, *rest = (escape(line) for line in text.split("\n"))
    lines = f"<B>{first}</B>" + "".join(f"<BR/>{line}" for line in rest)
    size = f'FIXEDSIZE="TRUE" WIDTH="{_ICON_POINTS}" HEIGHT="{_ICON_POINTS}"'
    return (
        f'<<TABLE BORDER="0" CELLPADDING="2" CELLSPACING="0"><TR><TD ALIGN="CENTER"><TABLE BORDER="0"><TR><TD {size}>'
        f'<IMG SRC="{icon(name)}" SCALE="TRUE"/></TD></TR></TABLE></TD></TR>'
        f'<TR><TD><FONT FACE="{_FONT}" POINT-SIZE="12" COLOR="#1b2230">{lines}</FONT></TD></TR></TABLE>>'
    )


def _inhabited(overview: Overview, key: str) -> bool:
    return any(node.cluster == key for node in overview.nodes.values()) or any(
        _inhabited(overview, each.key) for each in overview.clusters.values() if each.parent == key
    )


def _complete(svg: str) -> str:
    """An SVG with its icons inside, instead of paths of this machine."""

    def embed(match: re.Match[str]) -> str:
        return f'xlink:href="data:image/png;base64,{base64.b64encode(Path(match[1]).read_bytes()).decode()}"'

    return re.sub(r'xlink:href="([^"]+\.png)"', embed, svg)


@contextmanager
def _silent() -> Generator[None]:
    """Keep the font library in the wheel from warning, on stderr, of settings that are newer than itself."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
