"""What `phi verify` says of a stack on the embedded AWS, from the state as the engine has just written it."""

from __future__ import annotations

import json

from operations import state
from operations.verify.account import Account
from operations.verify.check import Answer, Result
from operations.verify.run import verify
from settings import load
from tests.end_to_end.conftest import ROOT, Phi

UNANSWERED = {"alarm-enabled", "backup-recent", "backup-replicated"}
"""Checks with a part the embedded AWS has no answer to."""


class Deployed:
    """A deployed stack: its settings and state once, and its account anew for every look."""

    def __init__(self, phi: Phi, stack: str) -> None:
        self.phi = phi
        exported = phi.directory / f"{stack}.exported.json"
        latest = json.loads(phi.run.state_file(stack).read_text())["checkpoint"]["latest"]
        exported.write_text(json.dumps({"version": 3, "deployment": latest}))
        self.state = state.read(stack, exported)
        self.settings = load.from_file(ROOT / f"Pulumi.{stack}.yaml")

    def verify(self) -> list[Result]:
        return verify(Account(self.settings, self.state, self.phi.client))

    def prove_clean(self) -> list[Result]:
        """Nothing differs; what cannot be read is known; only secrets whose value people supply lack one. All results.

        Most checks did ask something.
        """
        results = self.verify()
        assert [each for each in results if each.answer is Answer.DIFFERS] == []
        warned = {(each.check, each.what) for each in results if each.answer is Answer.WARNS}
        assert warned == {("secret-supplied", f"{path} has a value") for path in self.settings.secrets.supplied}
        assert {each.check for each in results if each.answer is Answer.UNREADABLE} <= UNANSWERED
        assert len({each.check for each in results if each.answer is Answer.OK}) > 35
        return results
