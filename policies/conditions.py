"""When a rule is about a resource: what it holds, what it is for, where its values come from."""

from __future__ import annotations

from collections.abc import Callable

from .config import SENSITIVE, Config
from .graph import Resource, Stack, known
from .values import UNKNOWN, NotKnown

TRIALS = frozenset({"development", "dev", "test", "testing", "staging", "stage", "sandbox", "qa", "uat", "demo"})
"""Environments whose outage harms no patient."""


def data_class(resource: Resource, config: Config) -> object:
    """The class a resource is tagged with; `UNKNOWN` when preview cannot know."""
    return resource.tags().get(config.data_class_tag) if known(resource.tags) else UNKNOWN


def patient_data(resource: Resource, config: Config) -> bool:
    """Whether it is tagged as holding patient data. Raises NotKnown."""
    return _tag(resource, config.data_class_tag) == "phi"


def sensitive(resource: Resource, config: Config) -> bool:
    """Whether it is tagged as holding patient or personal data. Raises NotKnown."""
    return _tag(resource, config.data_class_tag) in SENSITIVE


def _tag(resource: Resource, name: str) -> object:
    found = resource.tags().get(name)
    if found is UNKNOWN:
        raise NotKnown(resource.where(f"tags.{name}"))
    return found


def in_production(resource: Resource, config: Config) -> bool:
    """Whether its environment is not tagged as a trial one: what says nothing is production. Raises NotKnown."""
    found = _tag(resource, config.environment_tag)
    return not (isinstance(found, str) and found.lower() in TRIALS)


def patient_data_in_production(resource: Resource, config: Config) -> bool:
    """Both."""
    return patient_data(resource, config) and in_production(resource, config)


def holds_patient_data(stack: Stack, config: Config) -> bool:
    """Whether anything in the stack is tagged as patient data."""
    notes = stack.notes
    if "patient data" not in notes:
        notes["patient data"] = any(data_class(each, config) == "phi" for each in stack.resources)
    return bool(notes["patient data"])


def computed_from(property: str, *types: str) -> Callable[[Resource, Stack], bool]:
    """Whether a property that is not known comes from resources of these types and no other (`Rule.settled`)."""

    def settled(resource: Resource, stack: Stack) -> bool:
        found = [stack.by_urn[urn] for urn in resource.dependencies.get(property, ()) if urn in stack.by_urn]
        return resource.unknown(property) and bool(found) and all(each.type in types for each in found)

    return settled
