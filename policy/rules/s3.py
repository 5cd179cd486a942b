"""S3: a bucket and each of its settings. Its twin is `gcs`."""

from collections.abc import Iterator, Mapping
from typing import Any

from .documents import is_read, statements
from .model import Resource, Rule, Unknown
from .protection import PROTECTED, is_protected
from .values import at, fields, listed, shown, unless


def tokens(*names: str) -> frozenset[str]:
    """Return the tokens of S3's classes; most have a second one, their old name."""
    both = [name + version for name in names for version in ("", "V2")]
    return frozenset(f"aws:s3/{name[0].lower()}{name[1:]}:{name}" for name in both)


BUCKET = tokens("Bucket")
ACCESS_BLOCK = tokens("BucketPublicAccessBlock")
OWNERSHIP = tokens("BucketOwnershipControls")
ENCRYPTION = tokens("BucketServerSideEncryptionConfiguration")
VERSIONING = tokens("BucketVersioning")
LIFECYCLE = tokens("BucketLifecycleConfiguration")
POLICY = tokens("BucketPolicy")
_ACL = tokens("BucketAcl")
_OBJECTS = frozenset(
    {
        "aws:s3/bucketObject:BucketObject",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:s3/objectCopy:ObjectCopy",
    }
)

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")  # nothing can be read there until it is restored
_ALGORITHMS = ("AES256", "aws:kms", "aws:kms:dsse")
# Under which a denial hits nobody who asks with TLS.
_WITHOUT_TLS = [{"Bool": {"aws:SecureTransport": value}} for value in ("false", False, ["false"])]
_WITH_OLD_TLS = [
    {"NumericLessThan": {"s3:TlsVersion": value}}
    for version in ("1.2", "1.3")
    for value in (version, float(version), [version])
]
# Once settings of the bucket itself; each has a resource of its own, which the rules are about.
# BucketV2 calls most of them by a plural.
_INLINE = (
    "corsRules",
    "lifecycleRules",
    "logging",
    "loggings",
    "policy",
    "replicationConfiguration",
    "replicationConfigurations",
    "serverSideEncryptionConfiguration",
    "serverSideEncryptionConfigurations",
    "versioning",
    "versionings",
    "website",
    "websites",
)


def _is_plain(bucket: Resource) -> Iterator[str]:
    for key in _INLINE:
        if bucket.props.get(key):
            yield f"{key} is {shown(bucket.props[key])}: write the resource for it instead"


def _is_blocked(block: Resource) -> Iterator[str]:
    for key in _BLOCKS:
        yield from unless(block.props, key, True)


def _has_no_acl(resource: Resource) -> Iterator[str]:
    if resource.type in OWNERSHIP:
        yield from unless(resource.props, "rule.objectOwnership", "BucketOwnerEnforced")
        return
    if resource.type in _ACL:
        yield "an ACL is not how access is given here: drop it; the user's role has its policy"
    for key in ("acl", "grants"):
        if resource.type in BUCKET | _OBJECTS and resource.props.get(key):
            yield f"{key} is {shown(resource.props[key])}: drop it; the user's role has its policy"


def _is_encrypted(encryption: Resource) -> Iterator[str]:
    rules = encryption.props.get("rules")
    if isinstance(rules, Unknown):
        return
    for rule in listed(rules) or [{}]:
        algorithm = at(rule, "applyServerSideEncryptionByDefault.sseAlgorithm")
        if not isinstance(algorithm, Unknown) and algorithm not in _ALGORITHMS:
            yield f"sseAlgorithm is {shown(algorithm)}: write one of {', '.join(_ALGORITHMS)}"


def _is_versioned(versioning: Resource) -> Iterator[str]:
    yield from unless(versioning.props, "versioningConfiguration.status", "Enabled")


def _covers_all(rule: Mapping[str, Any]) -> bool:
    """Tell whether a lifecycle rule is about every object of the bucket."""
    filtered = rule.get("filter") or {}
    if isinstance(rule.get("filter"), Unknown):
        return False
    narrow = ("prefix", "tag", "and", "objectSizeGreaterThan", "objectSizeLessThan")
    return not rule.get("prefix") and not any(filtered.get(key) for key in narrow)


def _keeps_objects(lifecycle: Resource) -> Iterator[str]:
    for rule in map(fields, listed(lifecycle.props.get("rules"))):
        expires = at(rule, "expiration.days") or at(rule, "expiration.date")
        below = [at(rule, path) for path in ("prefix", "filter.prefix", "filter.and.prefix")]
        unclear = any(prefix or isinstance(prefix, Unknown) for prefix in below)
        if (expires or _archives(rule)) and not unclear and rule.get("status") != "Disabled":
            yield (
                f"the rule {shown(rule.get('id'))} {'deletes' if expires else 'archives'} objects "
                "anywhere: give its filter a prefix, like scratch/"
            )


def _archives(rule: Mapping[str, Any]) -> bool:
    transitions = map(fields, listed(rule.get("transitions")))
    return any(one.get("storageClass") in _ARCHIVES for one in transitions)


def _expires_the_rest(lifecycle: Resource) -> Iterator[str]:
    rules = lifecycle.props.get("rules")
    if isinstance(rules, Unknown):
        return
    found = map(fields, listed(rules))
    enabled = [one for one in found if one.get("status") == "Enabled" and _covers_all(one)]
    for key in ("noncurrentVersionExpiration", "abortIncompleteMultipartUpload"):
        if not any(one.get(key) for one in enabled):
            yield f"no rule has {key} for the whole bucket: add one, or it grows for ever"


def _refuses_plain_http(policy: Resource) -> Iterator[str]:
    document = policy.props.get("policy")
    if isinstance(document, Unknown):
        return
    bucket = policy.props.get("bucket")
    if not any(_is_tls_only(one, bucket) for one in statements(document, "Deny")):
        yield (
            "no statement denies s3:* to * on the bucket and its objects where "
            "aws:SecureTransport is false: add it"
        )


def _is_tls_only(statement: Mapping[str, Any], bucket: Any) -> bool:
    resources = {str(one).partition(":::")[2] for one in listed(statement.get("Resource"))}
    return (
        statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        and listed(statement.get("Action")) == ["s3:*"]
        and statement.get("Condition") in _WITHOUT_TLS
        and (isinstance(bucket, Unknown) or {bucket, f"{bucket}/*"} <= resources)
    )


def _allows_nobody(policy: Resource) -> Iterator[str]:
    for statement in statements(policy.props.get("policy"), "Allow"):
        who = statement.get("Principal", statement.get("NotPrincipal"))
        yield (
            f"a statement allows something to {shown(who)}: drop it; "
            "a user's role has a policy of its own"
        )
    for statement in statements(policy.props.get("policy"), "Deny"):
        condition = statement.get("Condition")
        if condition not in _WITHOUT_TLS + _WITH_OLD_TLS:
            yield (
                f"a statement denies something under the condition {shown(condition)}, which may "
                "lock everybody out: deny what comes without TLS alone"
            )


RULES = (
    Rule("s3-bucket-protected", PROTECTED, BUCKET, is_protected),
    Rule("s3-bucket-plain", "A bucket's settings are resources of their own", BUCKET, _is_plain),
    Rule("s3-public-access-blocked", "No public access, by any way", ACCESS_BLOCK, _is_blocked),
    Rule(
        "s3-no-acl",
        "The bucket's owner owns every object, and there is no ACL",
        OWNERSHIP | BUCKET | _ACL | _OBJECTS,
        _has_no_acl,
    ),
    Rule("s3-encrypted", "Objects are encrypted at rest", ENCRYPTION, _is_encrypted),
    Rule("s3-versioned", "Old versions are kept", VERSIONING, _is_versioned, advisory=True),
    Rule(
        "s3-objects-kept",
        "No rule deletes or archives current objects but below a prefix",
        LIFECYCLE,
        _keeps_objects,
    ),
    Rule(
        "s3-expiry",
        "Old versions and unfinished uploads expire",
        LIFECYCLE,
        _expires_the_rest,
        advisory=True,
    ),
    Rule(
        "s3-policy-readable",
        "A policy has nothing that these rules do not read",
        POLICY,
        is_read,
    ),
    Rule("s3-tls-only", "Requests without TLS are refused", POLICY, _refuses_plain_http),
    Rule(
        "s3-policy-allows-nobody",
        "No bucket policy gives access, or denies any to who asks with TLS",
        POLICY,
        _allows_nobody,
    ),
)
