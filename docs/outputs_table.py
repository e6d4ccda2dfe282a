"""The reference of stack outputs, as Markdown."""

from __future__ import annotations

from settings.outputs import OUTPUTS


def render() -> str:
    """The table of every output."""
    lines = [
        "# Outputs",
        "",
        "What `pulumi stack output` gives. None is a secret; what the settings do not ask for is absent.",
        "Written by `make docs` from `settings/outputs.py`; do not edit.",
        "",
        "| Output | Form | What it is |",
        "|---|---|---|",
        *(f"| `{name}` | {output.form} | {output.description} |" for name, output in OUTPUTS.items()),
    ]
    return "\n".join(lines) + "\n"
