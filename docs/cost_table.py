"""`docs/cost.md`: what every stack costs, and the recorded cost lines beside the estimate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from operations.cost.estimate import Total, estimate
from operations.cost.recorded import TOLERANCE, Comparison, compare, stacks
from settings import load
from settings.stack import Settings

ROOT = Path(__file__).resolve().parent.parent


def render() -> str:
    """Two tables: every stack by component, and every recorded line."""
    settings = {
        file.stem.partition(".")[2]: load.from_file(file)
        for file in sorted(ROOT.glob("Pulumi.*.yaml"))
    }  # fmt: skip
    return "\n".join([*_head(), *_stacks(settings), *_records(settings)]) + "\n"


def _head() -> Iterator[str]:
    yield "# What the stacks cost"
    yield ""
    yield "US dollars a month, on demand, as `phi cost STACK` estimates them. Written by `make docs` from the stack"
    yield "files, `operations/cost/prices.yaml` (each price with its page, its date, and whether a second source"
    yield "confirms it) and `operations/cost/usage.yaml`; do not edit. `phi cost STACK --lines` marks every line whose"
    yield "price is unverified, and names what is not estimated; `--usage FILE` takes figures of your own."
    yield ""


def _stacks(settings: dict[str, Settings]) -> Iterator[str]:
    estimates = {stack: estimate(each) for stack, each in settings.items()}
    names = list(dict.fromkeys(name for each in estimates.values() for name in each.components))
    yield "## Every stack, usual month to busiest month"
    yield ""
    yield f"| | {' | '.join(estimates)} |"
    yield f"|---|{'---:|' * len(estimates)}"
    for name in names:
        cells = [_range(each.components[name]) if name in each.components else "" for each in estimates.values()]
        yield f"| {name} | {' | '.join(cells)} |"
    yield f"| **total** | {' | '.join(f'**{_range(each.total)}**' for each in estimates.values())} |"
    budgets = [f"{each.budget_usd:,}" if each.budget_usd else "" for each in estimates.values()]
    yield f"| budget alert | {' | '.join(budgets)} |"
    yield ""


def _records(settings: dict[str, Settings]) -> Iterator[str]:
    yield "## Recorded lines"
    yield ""
    yield "Each cost line of `docs/requirements`, beside the estimate of the same thing. *Fitted* lines record dollars"
    yield "and no quantity: the usage was chosen so that they come out, and is what such a bill means."
    yield ""
    yield f"| Requirement | What | Recorded | Estimated | Within {TOLERANCE:.0%} |"
    yield "|---|---|---:|---:|---|"
    for stack, requirements in stacks().items():
        for requirement in requirements:
            for line in compare(requirement, settings[stack]):
                yield _row(line)


def _row(line: Comparison) -> str:
    recorded = _range(Total(base_usd=line.low, peak_usd=line.high))
    verdict = ("fitted" if line.fitted else "yes") if line.reproduced else f"no: {line.why}"
    return f"| {line.requirement} | {line.what} | {recorded} | {_range(line.estimated)} | {verdict} |"


def _range(total: Total) -> str:
    low, high = (f"{usd:,.0f}" if usd >= 10 else f"{usd:.2f}" for usd in (total.base_usd, total.peak_usd))
    return low if low == high else f"{low} to {high}"
