"""`python -m tests.mutations` takes minutes; here only that every row can be tried."""

from __future__ import annotations

import pytest

from docs.requirements_table import proofs
from tests import mutations
from tests.mutations import MUTATIONS, ROOT, Mutation

PROVEN = proofs()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.requirement)
def test_a_mutation_breaks_one_place_that_a_fast_test_looks_at(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text()
    assert text.count(mutation.old) == 1, f"{mutation.file}: expected once, found {text.count(mutation.old)} times"
    assert mutation.old != mutation.new
    assert mutations.tests_of(mutation.requirement, PROVEN), "no test of the fast tiers is marked with it"


def test_every_system_is_broken_and_forty_requirements_or_more() -> None:
    broken = {mutation.requirement for mutation in MUTATIONS}
    assert len(broken) >= 40
    assert {requirement.split("-")[0] for requirement in broken} == {"ALL", "BER", "FAC", "LWO", "MSP", "OMN"}
