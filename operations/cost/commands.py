"""`phi cost`: what a stack costs in a month, before anything is created."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from operations.cost.estimate import Change, Estimate, Total, difference, estimate
from operations.cost.usage import assumed
from operations.mistakes import FINDING
from operations.terminal import output, project
from settings import load
from settings.stack import Settings


def show_cost(
    stack: Annotated[str, typer.Argument(help="Name of a stack, or a stack file.")] = "staging",
    usage: Annotated[Path | None, typer.Option(help="Your own figures of a month's usage (YAML).")] = None,
    compare: Annotated[str | None, typer.Option(help="Another stack, or stack file: show what differs.")] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Show every line of the estimate.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate the monthly cost of a stack in US dollars, on a usual month and on the busiest.

    From the stack file, a dated price table (operations/cost/prices.yaml) and assumed usage (usage.yaml); nothing is
    asked of AWS. Exit codes: 0 fine, 1 the stack's budget alert does not fit the estimate, 2 a mistake.
    """
    settings = _settings(stack)
    if compare is not None:
        changes = difference(_settings(compare), settings)
        if as_json:
            output.print_json(json.dumps([_change(each) for each in changes]))
        else:
            _show_changes(changes, compare, stack)
        return
    found = estimate(settings, assumed(settings.system, usage))
    if as_json:
        output.print_json(json.dumps(_json(found)))
    else:
        _show(found, lines)
    if found.beyond_budget is not None:
        raise typer.Exit(FINDING)


def _settings(stack: str) -> Settings:
    return load.from_file(Path(stack) if stack.endswith((".yaml", ".yml")) else project() / f"Pulumi.{stack}.yaml")


def _show(found: Estimate, lines: bool) -> None:
    output.print(f"{found.system}, {found.environment}, {found.region}: US$ a month", markup=False)
    table = Table()
    table.add_column("Component")
    if lines:
        table.add_column("What")
    table.add_column("Usual", justify="right")
    table.add_column("Busiest", justify="right")
    for name, total in found.components.items():
        if not lines:
            table.add_row(name, *_figures(total))
            continue
        for line in found.of(component=name):
            mark = " *" if line.price.unverified else ""
            each = Total(base_usd=line.base_usd, peak_usd=line.peak_usd)
            table.add_row(name, line.item + mark, *_figures(each), end_section=line is found.of(component=name)[-1])
    table.add_section()
    table.add_row("Total", *([""] if lines else []), *_figures(found.total), style="bold")
    output.print(table)
    share = _unverified_share(found)
    if share:
        text = f"{share:.0%} of the usual month rests on prices that are not verified; prices.yaml says which and why."
        output.print(f"{'* ' if lines else ''}{text}", markup=False)
    output.print("Not estimated: " + "; ".join(found.not_estimated) + ".", markup=False, style="dim")
    if found.budget_usd is not None:
        fits = f"Budget alert: US${found.budget_usd:,} a month"
        output.print(f"{fits}; {found.beyond_budget or 'the estimate stays below it'}.", markup=False)


def _show_changes(changes: list[Change], before: str, after: str) -> None:
    if not changes:
        output.print(f"{after} costs what {before} costs.", markup=False)
        return
    output.print(f"From {before} to {after}: US$ a month", markup=False)
    table = Table()
    for name in ("Component", "Usual", "Busiest"):
        table.add_column(name, justify="left" if name == "Component" else "right")
    for each in changes:
        table.add_row(each.component, f"{each.base_usd:+,.2f}", f"{each.peak_usd:+,.2f}")
    table.add_section()
    usd = (sum(each.base_usd for each in changes), sum(each.peak_usd for each in changes))
    table.add_row("Together", f"{usd[0]:+,.2f}", f"{usd[1]:+,.2f}", style="bold")
    output.print(table)


def _figures(total: Total) -> tuple[str, str]:
    return f"{total.base_usd:,.2f}", f"{total.peak_usd:,.2f}"


def _unverified_share(found: Estimate) -> float:
    doubtful = sum(line.base_usd for line in found.lines if line.price.unverified)
    return doubtful / found.total.base_usd if found.total.base_usd else 0


def _json(found: Estimate) -> dict[str, Any]:
    return {
        "system": found.system,
        "environment": found.environment,
        "region": found.region,
        "currency": "USD",
        "total": _usd(found.total),
        "components": {name: _usd(total) for name, total in found.components.items()},
        "lines": [
            {
                "component": line.component,
                "item": line.item,
                "price": line.price.name,
                "unit": line.price.unit,
                "unit_usd": line.price.usd,
                "source": line.price.page,
                "date": line.price.date,
                "unverified": line.price.unverified,
                "base_units": line.base,
                "peak_units": line.peak,
                "base_usd": round(line.base_usd, 2),
                "peak_usd": round(line.peak_usd, 2),
            }
            for line in found.lines
        ],
        "not_estimated": list(found.not_estimated),
        "budget_usd": found.budget_usd,
        "beyond_budget": found.beyond_budget,
    }


def _usd(total: Total) -> dict[str, float]:
    return {"base_usd": round(total.base_usd, 2), "peak_usd": round(total.peak_usd, 2)}


def _change(each: Change) -> dict[str, Any]:
    return {"component": each.component, "before": _usd(each.before), "after": _usd(each.after)}
