"""`pulumi up` of some resources: the only way a command changes what Pulumi owns."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from operations.engine_call import QUIET, required, running
from operations.mistakes import Refused
from operations.terminal import project

_SHOWN_LINES = 40


def update(stack: str, urns: Sequence[str]) -> None:
    """Bring resources of a stack in line with its stack file, the policy pack attached, and nothing else.

    Raises Refused with the engine's own words when there is none, or the plan breaks a policy, or AWS refuses.
    """
    engine = required(" to deploy with")
    environment = running(engine)
    if (project() / "policies").is_dir():
        environment.setdefault("PULUMI_OPTION_POLICY_PACK", str(project() / "policies"))
    targets = [argument for urn in urns for argument in ("--target", urn)]
    done = subprocess.run(
        [engine.pulumi, "up", "--stack", stack, "--yes", "--non-interactive", *QUIET, *targets],
        cwd=project(),
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip() and "[advisory]" not in line]
        raise Refused("\n".join([f"`pulumi up` of {stack} fails:", *said[-_SHOWN_LINES:]]))
