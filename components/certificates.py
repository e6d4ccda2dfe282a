"""DNS zone and certificates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.scope import DataClass, Scope
from settings.edge import DomainSettings

if TYPE_CHECKING:
    from pulumi_aws import acm, route53


@dataclass(frozen=True, kw_only=True)
class DomainArgs:
    """Inputs of `Domain`."""

    scope: Scope
    settings: DomainSettings


class Domain(pulumi.ComponentResource):
    """The hosted zone of the system: the one given, or a new one whose name servers the parent domain must name.

    Certificates of a new zone stay pending, and `up` waits, until the parent domain delegates to `name_servers`.
    """

    zone_id: pulumi.Output[str]
    name_servers: pulumi.Output[list[str]]  # empty for a zone that was given

    def __init__(self, name: str, args: DomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:certificates:Domain", name, {}, opts)
        from pulumi_aws import route53

        settings = args.settings
        if settings.zone_id is not None:
            self.zone_id = pulumi.Output.from_input(settings.zone_id)
            self.name_servers = pulumi.Output.from_input(list[str]())
        else:
            zone = route53.Zone(
                f"{name}-zone",
                name=settings.zone,
                comment=f"{args.scope.system} {args.scope.environment}",
                tags=args.scope.tagged(DataClass.PUBLIC, settings.zone),
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.zone_id = zone.zone_id
            self.name_servers = zone.name_servers.apply(list)
        self.register_outputs({"zone_id": self.zone_id, "name_servers": self.name_servers})


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """Inputs of `Certificate`.

    domain_name, alternative_names: the names it is for.
    zone_id: hosted zone that proves it; None: the proof is made elsewhere, by hand (FAC-EDG-07).
    region: None: the provider's; `us-east-1` for CloudFront (ALL-07).
    """

    scope: Scope
    domain_name: str
    alternative_names: Sequence[str] = ()
    zone_id: pulumi.Input[str] | None
    region: str | None = None


class Certificate(pulumi.ComponentResource):
    """An ACM certificate proven through DNS, so that ACM renews it by itself.

    Without a hosted zone `up` says which records prove it and waits until they are there, 75 minutes at most; they
    stay for the renewals.
    Source: ACM User Guide, "DNS validation"; 45 CFR 164.312(e)(2)(ii).
    """

    arn: pulumi.Output[str]  # known once the certificate is issued
    proofs: list[pulumi.Output[dict[str, str]]]  # DNS record that proves each name: name, type, value

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:certificates:Certificate", name, {}, opts)
        from pulumi_aws import acm

        child = pulumi.ResourceOptions(parent=self)
        certificate = acm.Certificate(
            f"{name}-certificate",
            domain_name=args.domain_name,
            subject_alternative_names=list(args.alternative_names) or None,
            validation_method="DNS",
            key_algorithm="RSA_2048",
            options={"certificate_transparency_logging_preference": "ENABLED"},
            tags=args.scope.tagged(DataClass.PUBLIC, args.domain_name),
            region=args.region,
            opts=child,
        )
        names = (args.domain_name, *args.alternative_names)
        options = [certificate.domain_validation_options[position] for position in range(len(names))]
        self.proofs = [
            pulumi.Output.all(
                name=option.resource_record_name, type=option.resource_record_type, value=option.resource_record_value
            ).apply(lambda proof: {key: str(value) for key, value in proof.items()})
            for option in options
        ]
        records = [] if args.zone_id is None else self._records(name, args.zone_id, options)
        if args.zone_id is None:
            for proof in self.proofs:
                proof.apply(lambda found: _ask_for(found, self))
        validation = acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records] or None,
            region=args.region,
            opts=child,
        )
        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})

    def _records(
        self,
        name: str,
        zone_id: pulumi.Input[str],
        options: Sequence[pulumi.Output[acm.outputs.CertificateDomainValidationOption]],
    ) -> list[route53.Record]:
        from pulumi_aws import route53

        return [
            route53.Record(
                f"{name}-proof" if position == 0 else f"{name}-proof-{position}",
                zone_id=zone_id,
                name=option.resource_record_name,
                type=option.resource_record_type,
                records=[option.resource_record_value],
                ttl=300,
                allow_overwrite=True,  # the same name has the same proof in every region
                opts=pulumi.ResourceOptions(parent=self),
            )
            for position, option in enumerate(options)
        ]


def _ask_for(proof: dict[str, str], resource: pulumi.Resource) -> None:
    """Say what `up` waits for, while it waits: its outputs come too late for that."""
    text = f"To have the certificate issued, make this DNS record: {proof['name']} {proof['type']} {proof['value']}"
    pulumi.log.info(text, resource=resource)
