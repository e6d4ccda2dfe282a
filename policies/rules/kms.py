"""AWS KMS: keys rotate, are hard to lose, and answer to the account only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ..conditions import data_class
from ..config import Config
from ..documents import allows, conditions, public, statements, values
from ..expect import NOT_TRUE, SET, at_most
from ..graph import Resource, Stack
from ..rule import HIGH, LOW, MEDIUM, Finding, Severity, linked_rule, requires, resource_rule

KEY = "aws:kms/key:Key"
REPLICA = "aws:kms/replicaKey:ReplicaKey"
GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide/"
SHORTEST_WINDOW = 30


@resource_rule(
    "kms-rotation",
    types=(KEY,),
    title="Keys rotate",
    severity=Severity.MEDIUM,
    remedy="Set enableKeyRotation: true.",
    url=GUIDE + "rotate-keys.html",
)
def rotation(resource: Resource, config: Config) -> Iterator[str]:
    symmetric = resource.text("customerMasterKeySpec") in (None, "SYMMETRIC_DEFAULT")
    if symmetric and resource.flag("enableKeyRotation") is not True and not resource.has("customKeyStoreId"):
        yield "enableKeyRotation must be true."


@resource_rule(
    "kms-deletion-window",
    types=(KEY, REPLICA),
    title="Keys can be rescued for 30 days",
    severity=Severity.HIGH,
    remedy="Set deletionWindowInDays: 30.",
    url=GUIDE + "deleting-keys.html",
)
def deletion_window(resource: Resource, config: Config) -> Iterator[str]:
    days = resource.number("deletionWindowInDays")
    if days is not None and days < SHORTEST_WINDOW:
        yield f"deletionWindowInDays: expected {SHORTEST_WINDOW}, found {days:g}; data without its key is lost."


@resource_rule(
    "kms-policy-no-wildcard",
    types=(KEY, "aws:kms/keyPolicy:KeyPolicy", REPLICA),
    title="Key policies let no stranger in",
    severity=Severity.CRITICAL,
    remedy="Name the principal, or bind the statement to your account by kms:CallerAccount.",
    url=GUIDE + "key-policies.html",
)
def policy_no_wildcard(resource: Resource, config: Config) -> Iterator[str]:
    for statement in public(resource, "policy"):
        yield f"{statement.path} lets anyone use the key."


@resource_rule(
    "kms-no-lockout-bypass",
    types=(KEY, REPLICA),
    title="Keys cannot lock their owner out",
    severity=Severity.HIGH,
    remedy="Remove bypassPolicyLockoutSafetyCheck.",
    url=GUIDE + "key-policy-default.html",
)
def no_lockout_bypass(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("bypassPolicyLockoutSafetyCheck"):
        yield "bypassPolicyLockoutSafetyCheck is true."


rotation_period = requires(
    "kms-rotation-period",
    KEY,
    {"rotationPeriodInDays": at_most(365, absent=365)},
    title="Keys rotate every year",
    severity=LOW,
    url=GUIDE + "rotating-keys-enable.html",
)
policy_explicit = requires(
    "kms-policy-explicit",
    KEY,
    {"policy": SET},
    title="Keys say who may use them",
    severity=LOW,
    url=GUIDE + "key-policies.html",
)
_ADMINISTER = ("kms:putkeypolicy", "kms:schedulekeydeletion", "kms:disablekey")
_USE = ("kms:decrypt", "kms:encrypt", "kms:generatedatakey", "kms:reencryptfrom")


@resource_rule(
    "kms-admin-use-separated",
    types=(KEY, "aws:kms/keyPolicy:KeyPolicy", REPLICA),
    title="Who administers a key does not use it",
    severity=MEDIUM,
    remedy="Give administration and use to different principals.",
    url=GUIDE + "key-policy-default.html",
)
def admin_use(resource: Resource, config: Config) -> Iterator[str]:
    rights: dict[str, set[str]] = defaultdict(set)
    for each in statements(resource, "policy"):
        if allows(each):
            for principal in values(each, "Principal", "AWS"):
                rights[principal] |= {action.lower() for action in values(each, "Action")}
    for principal, actions in sorted(rights.items()):
        if principal.endswith(":root") or principal.isdigit():
            continue
        if _any(actions, _ADMINISTER) and _any(actions, _USE):
            yield f"policy: {principal.rpartition('/')[2]} may both administer and decrypt."


def _any(patterns: set[str], actions: tuple[str, ...]) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in patterns for action in actions)


no_multi_region = requires(
    "kms-no-multi-region",
    (KEY, "aws:kms/externalKey:ExternalKey"),
    {"multiRegion": NOT_TRUE},
    title="Keys are of one region",
    severity=HIGH,
    remedy="Remove multiRegion and encrypt copies with a key of their region; waive with the reason where it must be.",
    url=GUIDE + "multi-region-keys-overview.html",
)


@linked_rule(
    "kms-key-enabled",
    types=KEY,
    title="Keys in use are enabled",
    severity=LOW,
    remedy="Remove isEnabled: false.",
    url=GUIDE + "enabling-keys.html",
)
def key_enabled(key: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if key.flag("isEnabled") is False and stack.users(key):
        yield "isEnabled is false, and resources of this stack use the key."


@linked_rule(
    "kms-key-per-class",
    types=KEY,
    title="Patient data has a key of its own",
    severity=LOW,
    remedy="Encrypt other data, and logs, with other keys.",
    url=GUIDE + "best-practices.html",
)
def key_per_class(key: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    classes = {
        str(data_class(user, config))
        for user in stack.users(key)
        if data_class(user, config) in ("phi", "pii", "internal", "public")
    }
    if "phi" in classes and len(classes) > 1:
        yield f"encrypts data of the classes {', '.join(sorted(classes))}."


@resource_rule(
    "kms-grant-bounded",
    types="aws:kms/grant:Grant",
    title="Grants of keys are bound to a context and to trusted accounts",
    severity=MEDIUM,
    remedy="Set constraints with encryptionContextEquals, and name a principal of a trusted account.",
    url=GUIDE + "grants.html",
)
def grant_bounded(resource: Resource, config: Config) -> Iterator[str]:
    account = (resource.text("granteePrincipal") or "").split(":")[4:5]
    if account and account[0] and account[0] not in config.accounts | config.trusted_accounts:
        yield "granteePrincipal: the account is not a trusted one."
    if "Decrypt" in resource.texts("operations") and not resource.has("constraints"):
        yield "constraints is not set: every ciphertext of the key could be read."


@resource_rule(
    "kms-external-material-approved",
    types=("aws:kms/externalKey:ExternalKey", "aws:kms/customKeyStore:CustomKeyStore"),
    title="Key material from outside AWS is approved",
    severity=MEDIUM,
    remedy="Use a key that KMS makes, or add the name to the pack setting extra.externalKeys.",
    url=GUIDE + "importing-keys.html",
)
def external_material(resource: Resource, config: Config) -> Iterator[str]:
    if resource.name not in (config.extra.get("externalKeys") or ()):
        yield "its material is kept outside KMS, and it is not on the list of approved ones."


@resource_rule(
    "kms-enclave-attestation",
    types=KEY,
    title="Keys of enclaves answer to measured images only",
    severity=MEDIUM,
    remedy="Add conditions on kms:RecipientAttestation:ImageSha384 and PCR8 to each statement that decrypts.",
    url=GUIDE + "conditions-nitro-enclaves.html",
)
def enclave(resource: Resource, config: Config) -> Iterator[str]:
    if str(resource.tags().get("Use", "")).lower() not in ("enclave", "nitro-enclave"):
        return
    for each in statements(resource, "policy"):
        decrypts = allows(each) and _any({action.lower() for action in values(each, "Action")}, _USE)
        keys = {key for _, key, _ in conditions(each)}
        if decrypts and not any(key.startswith("kms:recipientattestation:") for key in keys):
            yield f"{each.path} decrypts for any caller: it has no attestation condition."


described = requires(
    "kms-described",
    (KEY, "aws:secretsmanager/secret:Secret", "aws:lambda/function:Function"),
    {"description": SET},
    title="Keys, secrets and functions say what they are for",
    severity=LOW,
    url=GUIDE + "editing-keys.html",
)
