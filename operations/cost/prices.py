"""The price table: what a unit of each thing costs, in which region, from which page, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from operations.mistakes import Mistake

TABLE = Path(__file__).parent / "prices.yaml"


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars for one unit in one region.

    page: title of the AWS page that sets it.   date: when it was looked up, year and month.
    unverified: why the figure is not confirmed for this region; None when it is.
    """

    name: str
    usd: float
    unit: str
    page: str
    date: str
    unverified: str | None


def price(name: str, region: str) -> Price:
    """What a unit of `name` costs. Raises Mistake for a size, or a region, that the table does not have."""
    found = _groups().get(name)
    if found is None:
        kind = name.rpartition(".")[0] or name
        near = ", ".join(each for each in _groups() if each.startswith(kind.split(".")[0][:4])) or "none of its kind"
        raise Mistake(f"No price is known for {name}. Known: {near}. Add it to {TABLE.name} from the AWS price page.")
    group, prices = found
    like: dict[str, str] | None = _table()["like"].get(region)
    listed = region if like is None else like["region"]
    if listed not in prices:
        known = ", ".join((*(key for key in prices if key != "unit"), *_table()["like"]))
        raise Mistake(f"No price of {name} is known for {region}. Known regions: {known}.")
    doubt = None if like is None else like["unverified"]
    confirmed: dict[str, list[str]] = group["confirmed"].get(listed, {"prices": []})
    if doubt is None and not any(fnmatchcase(name, pattern) for pattern in confirmed["prices"]):
        doubt = f"written down from knowledge of the page; not confirmed for {region}"
    return Price(
        name=name, usd=prices[listed], unit=prices["unit"], page=group["page"], date=group["date"], unverified=doubt
    )


@cache
def _table() -> dict[str, Any]:
    return yaml.safe_load(TABLE.read_text())


@cache
def _groups() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Name of a price → its group, and its figures."""
    return {name: (group, prices) for group in _table()["groups"].values() for name, prices in group["prices"].items()}
