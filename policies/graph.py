"""Resources as rules see them, and the graph that a stack's resources form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from . import dialects
from .values import UNKNOWN, NotKnown, View, texts_within

STACK = "pulumi:pulumi:Stack"
AWS_PROVIDER = "pulumi:providers:aws"
_IDENTITIES = ("id", "arn", "name", "bucket", "identifier", "clusterIdentifier", "replicationGroupId", "urn", "keyId")
_OLD_SOURCES = {"referencedSecurityGroupId": "sourceSecurityGroupId", "prefixListId": "prefixListIds"}


class Resource(View):
    """One resource: its properties (read through `View`) and what Pulumi knows beside them.

    provider: the provider's own inputs, empty when unknown to the engine.   protect: Pulumi's option, not AWS's.
    declared: names of the properties that the program gave; a stack's resources hold beside them what AWS reported,
        which may be drift that this very update repairs. None when the engine has not said.
    dependencies: URNs each property was computed from, the way to link resources whose ids preview cannot know.
    type: the type's name today; `declared_type` is the one the program used.
    subject: URN that findings are about; another resource's for one that is only a block of that.
    """

    def __init__(
        self,
        type: str,
        properties: Mapping[str, Any],
        *,
        urn: str = "",
        name: str = "",
        provider: Mapping[str, Any] | None = None,
        parent: str | None = None,
        protect: bool = False,
        ignore_changes: Iterable[str] = (),
        dependencies: Mapping[str, Iterable[str]] | None = None,
        declared: frozenset[str] | None = None,
        path: str = "",
        subject: str = "",
    ) -> None:
        super().__init__(dict(properties), path)
        self.type = dialects.current(type)
        self.declared_type = type
        self.name = name or urn.rpartition("::")[2]
        self.urn = urn or f"urn:pulumi:stack::project::{type}::{self.name}"
        self.subject = subject or self.urn
        self.provider = View(dict(provider or {}), "provider")
        self.parent = parent
        self.protect = protect
        self.ignore_changes = tuple(ignore_changes)
        self.declared = declared
        self.dependencies: dict[str, tuple[str, ...]] = {key: tuple(urns) for key, urns in (dependencies or {}).items()}

    @property
    def properties(self) -> dict[str, Any]:
        """The properties as they are, unknowns included."""
        return self._value

    @cached_property
    def readings(self) -> tuple[Resource, ...]:
        """The resources that blocks of this one stand for, in the shape of the separate types (see `dialects`)."""
        if self.type == dialects.OLD_GROUP_RULE:
            found = [
                dialects.Reading(type, properties, "", _OLD_SOURCES)
                for type, properties in dialects.of_old_group_rule(self._value)
            ]
        else:
            found = list(dialects.readings(self.type, self._value, self.declares))
        return tuple(self._reading(index, each) for index, each in enumerate(found))

    def _reading(self, index: int, reading: dialects.Reading) -> Resource:
        unread = dialects.UNREADABLE in reading.properties
        links = {
            name: self.dependencies.get(source, ())
            for name, source in reading.sources.items()
            if unread or reading.properties.get(name) is not None
        }
        if self.type == dialects.OLD_GROUP_RULE:
            links["securityGroupId"] = self.dependencies.get("securityGroupId", ())
        else:
            links[reading.link] = (self.urn,)
        return Resource(
            reading.type,
            reading.properties,
            urn=f"{self.urn}#{index}",
            name=self.name,
            parent=self.parent,
            dependencies=links,
            path=reading.path,
            subject=self.urn,
        )._placed(self.provider)

    def _placed(self, provider: View) -> Resource:
        self.provider = provider
        return self

    def _at(self, path: str) -> Any:
        return UNKNOWN if dialects.UNREADABLE in self._value and path not in self._value else super()._at(path)

    @property
    def service(self) -> str:
        """The type's module: `s3` of `aws:s3/bucket:Bucket`."""
        return self.type.split(":")[1].split("/")[0] if self.type.count(":") == 2 else ""

    def declares(self, name: str) -> bool:
        """Whether the program gave this property, as far as the engine has said."""
        return self.declared is None or name in self.declared

    def region(self) -> str | None:
        """Where the resource is placed: its own `region`, else its provider's; None when neither says."""
        return self.text("region") or self.provider.text("region")

    def tags(self) -> dict[str, Any]:
        """Tags over the provider's default tags; values may be `UNKNOWN`."""
        return {**default_tags(self.provider), **self.mapping("tagsAll"), **self.mapping("tags")}


def default_tags(provider: View) -> dict[str, Any]:
    """`defaultTags.tags` of a provider, whose inputs arrive as JSON text."""
    tags = View(provider.document("defaultTags"), "defaultTags").get("tags")
    return tags if isinstance(tags, dict) else {}


@dataclass(frozen=True)
class Stack:
    """All resources of a stack and who refers to whom. Build it once; rules share its indexes."""

    resources: tuple[Resource, ...]
    notes: dict[str, Any] = field(default_factory=dict[str, Any])  # what a rule computes once for all its subjects

    @cached_property
    def by_urn(self) -> dict[str, Resource]:
        """Resources by URN."""
        return {each.urn: each for each in self.everything}

    @cached_property
    def everything(self) -> tuple[Resource, ...]:
        """The resources, and those that their blocks stand for."""
        return self.resources + tuple(reading for each in self.resources for reading in each.readings)

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = defaultdict(list)
        for each in self.everything:
            found[each.type].append(each)
        return found

    @cached_property
    def _by_identity(self) -> dict[str, list[Resource]]:
        """Resources by the texts that name them: id, ARN, name (side resources share the name of their bucket)."""
        found: dict[str, list[Resource]] = defaultdict(list)
        for each in self.resources:
            for key in _IDENTITIES:
                value = each.properties.get(key)
                if isinstance(value, str) and value and each not in found[value]:
                    found[value].append(each)
        return found

    @cached_property
    def _referrers(self) -> dict[str, list[tuple[str, Resource]]]:
        found: dict[str, list[tuple[str, Resource]]] = defaultdict(list)
        for each in self.everything:
            for key, urns in each.dependencies.items():
                for urn in urns:
                    found[urn].append((key, each))
        return found

    @cached_property
    def _mentions(self) -> dict[str, list[tuple[str, Resource]]]:
        """Who says a text, and in which top-level property, at any depth."""
        found: dict[str, list[tuple[str, Resource]]] = defaultdict(list)
        for each in self.everything:
            for key, value in each.properties.items():
                for text in set(texts_within(value)):
                    found[text].append((key, each))
        return found

    @cached_property
    def _loose(self) -> dict[tuple[str, str], list[Resource]]:
        """(type, property) → resources whose property is unknown and computed from nothing that the stack shows."""
        found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for each in self.everything:
            for key, value in each.properties.items():
                if value is UNKNOWN and not each.dependencies.get(key):
                    found[each.type, key].append(each)
        return found

    @property
    def root(self) -> Resource:
        """The stack itself; rules about the whole stack have it as their subject."""
        found = self._by_type.get(STACK)
        return found[0] if found else Resource(STACK, {}, name="stack")

    def of(self, *types: str) -> list[Resource]:
        """Resources of these types, in the order of registration."""
        if len(types) == 1:
            return self._by_type.get(types[0], [])
        return [each for type in types for each in self._by_type.get(type, [])]

    def matching(self, pattern: str) -> list[Resource]:
        """Resources whose type matches a glob, without those that are blocks of others."""
        return [each for each in self.resources if fnmatchcase(each.type, pattern)]

    def targets(self, resource: Resource, property: str, *types: str) -> list[Resource]:
        """Resources (of these types, if any are given) that a property of `resource` refers to, at any depth."""
        found = {urn: self.by_urn[urn] for urn in resource.dependencies.get(property, ()) if urn in self.by_urn}
        for text in texts_within(resource.properties.get(property)):
            found.update((each.urn, each) for each in self._by_identity.get(text, ()) if each is not resource)
        return [each for each in found.values() if not types or each.type in types]

    def named(self, text: str, *types: str) -> list[Resource]:
        """Resources whose id, ARN or name is this text."""
        return [each for each in self._by_identity.get(text, ()) if not types or each.type in types]

    def users(self, resource: Resource, *types: str, property: str | None = None) -> list[Resource]:
        """Resources (of these types, if any) that refer to `resource`, by dependency or by its id, ARN or name.

        property: only references made by this top-level property (`bucket` for a bucket's side resources); one that is
            unknown and computed from nothing in the stack could be to anything, and counts.
        """
        found: dict[str, Resource] = {}
        named = [resource.properties.get(key) for key in _IDENTITIES]
        for key, user in [
            *self._referrers.get(resource.urn, ()),
            *(pair for text in named if isinstance(text, str) for pair in self._mentions.get(text, ())),
        ]:
            if user is not resource and (property is None or key == property) and (not types or user.type in types):
                found[user.urn] = user
        if property is not None:
            for type in types:
                found.update((each.urn, each) for each in self._loose.get((type, property), ()))
        return list(found.values())

    def links(self, resource: Resource, property: str, target: Resource) -> bool:
        """Whether that property of `resource` refers to `target`."""
        return any(each is target for each in self.targets(resource, property, target.type))


def known(value: Any) -> bool:
    """Whether a call reads only known values: `known(lambda: ...)`."""
    try:
        value()
    except NotKnown:
        return False
    return True
