"""The pack as Pulumi's policy SDK serves it, with one pass over each resource instead of one per rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi_policy.policy as sdk
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyPack,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)

from . import baseline, config, waivers
from .graph import Resource, Stack
from .judge import Judge, Verdict
from .rule import Rule
from .rules import RULES
from .values import from_struct

NAME = "phi-platform"
SETTINGS = "region-allowed"  # the entry of the pack-config file that carries the settings of the whole pack
DESCRIPTION = "HIPAA Security Rule and PIPEDA safeguards on AWS, data residency included."


def serve() -> None:
    """Serve the pack to the engine until it ends: what `__main__` does."""
    sdk._PolicyAnalyzerServicer = OnePassServicer  # type: ignore[misc]
    PolicyPack(NAME, [_policy(rule) for rule in RULES], EnforcementLevel.MANDATORY, description=DESCRIPTION)


def _policy(rule: Rule) -> Policy:
    """A rule with its facts as the SDK shows them. Its validation is the servicer's, which judges all rules at once."""
    kind = ResourceValidationPolicy if rule.scope == "resource" else StackValidationPolicy
    return kind(
        name=rule.id,
        description=f"{rule.title} [{rule.citation}]",
        validate=lambda *_: None,
        enforcement_level=EnforcementLevel.MANDATORY if rule.mandatory else EnforcementLevel.ADVISORY,
        display_name=rule.title,
        severity=Severity(rule.severity.value),
        framework=PolicyComplianceFramework(name="HIPAA / PIPEDA", reference=rule.citation),
        tags=[*rule.hipaa, *rule.pipeda],
        remediation_steps=rule.remedy,
        url=rule.url,
    )


class OnePassServicer(sdk._PolicyAnalyzerServicer):  # pyright: ignore[reportPrivateUsage]
    """Reads each message once and lets `Judge` dispatch by type; everything else is the SDK's own."""

    def __init__(self, name: str, version: str, policies: list[Policy], *rest: Any) -> None:
        super().__init__(name, version, policies, *rest)
        self._policies_by_name = {policy.name: policy for policy in policies}
        self._pack = (name, version)
        self._judge: Judge | None = None
        self._stack: dict[str, str] | None = None
        self._declared: dict[str, frozenset[str]] = {}

    @property
    def judge(self) -> Judge:
        """Made when the first resource comes: the engine has configured the pack by then."""
        if self._judge is None:
            settings = config.load(self._get_policy_config(SETTINGS) or {}, self._stack)
            path = Path(settings.waivers) if settings.waivers else waivers.FILE
            found, problems = waivers.load(path, (rule.id for rule in RULES))
            accepted = baseline.load(Path(settings.baseline_file)) if settings.baseline_file else frozenset[str]()
            self._judge = Judge(RULES, settings, found, problems, accepted=accepted)
        return self._judge

    def Configure(self, request: Any, context: Any) -> Any:
        self._judge = None
        return super().Configure(request, context)

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        """The engine names the stack and hands over its configuration, which says in which jurisdiction it is."""
        self._stack, self._judge = dict(request.config), None
        return super().ConfigureStack(request, context)

    def Remediate(self, request: Any, context: Any) -> Any:
        """No rule changes a resource: answered without reading the message, which the SDK would."""
        return analyzer_pb2.RemediateResponse()

    def Analyze(self, request: Any, context: Any) -> Any:
        resource = _resource(request)
        self._declared[resource.urn] = frozenset(resource.names())
        return self._response(self.judge.resource(resource))

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        stack = Stack(tuple(_resource(each, self._declared.get(each.urn)) for each in request.resources))
        return self._response(self.judge.stack(stack))

    def _response(self, verdicts: Any) -> Any:
        response = analyzer_pb2.AnalyzeResponse()
        for verdict in verdicts:
            level = self._get_enforcement_level(self._policies_by_name[verdict.rule.id])
            if level is not EnforcementLevel.DISABLED:
                response.diagnostics.append(self._diagnostic(verdict, level))
        return response

    def _diagnostic(self, verdict: Verdict, level: EnforcementLevel) -> Any:
        rule, (name, version) = verdict.rule, self._pack
        if verdict.waived is not None:
            text, level = f"waived: {verdict.message} Reason: {verdict.waived}", EnforcementLevel.ADVISORY
        elif verdict.accepted:
            text, level = f"in the baseline: {verdict.message}", EnforcementLevel.ADVISORY
        else:
            text = verdict.message
            if verdict.mandatory is not None:
                level = EnforcementLevel.MANDATORY if verdict.mandatory else EnforcementLevel.ADVISORY
        return analyzer_pb2.AnalyzeDiagnostic(
            policyName=rule.id,
            policyPackName=name,
            policyPackVersion=version,
            message=f"{text}\nSafeguard: {rule.citation}\nFix: {rule.remedy}\nMore: {rule.url}",
            urn=verdict.urn,
            description=rule.title,
            enforcementLevel=self._map_enforcement_level(level),
            severity=self._map_severity(Severity(rule.severity.value)),
        )


def _resource(message: Any, declared: frozenset[str] | None = None) -> Resource:
    """A resource of the engine's message; one of a stack says what each property was computed from."""
    provider = from_struct(message.provider.properties) if message.HasField("provider") else {}
    dependencies = {key: list(each.urns) for key, each in getattr(message, "propertyDependencies", {}).items()}
    return Resource(
        message.type,
        from_struct(message.properties),
        urn=message.urn,
        name=message.name,
        provider=provider,
        parent=message.options.parent or None,
        protect=message.options.protect,
        ignore_changes=message.options.ignoreChanges,
        dependencies=dependencies,
        declared=declared,
    )
