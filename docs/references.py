"""The generated references of this folder, each with what it must say."""

from __future__ import annotations

import json
from pathlib import Path

from docs import (
    controls_page,
    controls_table,
    cost_table,
    embedded_aws_table,
    outputs_table,
    requirements_table,
    stacks_table,
)
from policies import config
from settings import schema

FOLDER = Path(__file__).resolve().parent


def files() -> dict[Path, str]:
    """Generated file → its content, as the code is now."""
    return {
        **schema.files(),
        FOLDER / "requirements.md": requirements_table.render(),
        FOLDER / "controls.md": controls_table.render(),
        FOLDER / "cost.md": cost_table.render(),
        FOLDER / "outputs.md": outputs_table.render(),
        FOLDER / "controls.html": controls_page.render(),
        FOLDER / "policy-config.schema.json": json.dumps(config.schema(), indent=2) + "\n",
        FOLDER / "embedded-aws.md": embedded_aws_table.render(),
        stacks_table.README: stacks_table.readme(),
    }
