"""A part of the mutation run (`python -m tests.policies.mutate`, which makes every break in every stack)."""

from __future__ import annotations

from policies.graph import Resource
from tests.policies.mutate import broken, caught, explanation, samples, unlinked
from tests.policies.sample import GONE

STACKS = ("mentalspace", "production")


def test_breaks_of_every_kind_are_caught_or_explained() -> None:
    breaks = samples(60, STACKS)
    assert len(breaks) >= 60
    assert {one.stack for one in breaks} == set(STACKS)
    silent = [one for one in breaks if not caught(one) and explanation(one) is None]
    assert [f"{one.stack} {one.subject}: {one.kind}" for one in silent] == []


def test_a_break_changes_one_property_of_one_resource() -> None:
    topic = Resource("aws:sns/topic:Topic", {"name": "alarms", "nested": {"key": 1}}, declared=frozenset({"name"}))
    made = broken(topic, "nested.key", GONE)
    assert made is not None
    assert (made.properties, topic.properties["nested"]) == ({"name": "alarms", "nested": {}}, {"key": 1})
    assert broken(topic, "name", "alarms") is None
    assert broken(topic, "missing", GONE) is None
    gone = broken(topic, "name", GONE)
    assert gone is not None
    assert not gone.declares("name")


def test_what_was_computed_from_a_resource_goes_with_it() -> None:
    links = {"topicArn": ("urn:topic",), "both": ("urn:topic", "urn:other"), "name": ()}
    one = Resource("aws:t/t:T", {"topicArn": "arn", "both": [1], "name": "a", "free": True}, dependencies=links)
    left = unlinked(one, {"urn:topic"})
    assert left.properties == {"both": [1], "name": "a", "free": True}
    assert left.dependencies == {"both": ("urn:other",)}
