"""What the engine runs: the rules as a policy pack.

Three policies carry all rules: the SDK reads a resource anew for each policy of a pack, which
would take longer than all else that a preview does. A violation begins with its rule's name.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError
from rules import RULES, STACK_RULES
from rules.model import UNKNOWN, Resource, Rule


def _resource_policy(
    name: str, description: str, level: EnforcementLevel, rules: Sequence[Rule]
) -> ResourceValidationPolicy:
    by_type: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for token in rule.types:
            by_type[token].append(rule)

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        about = by_type.get(args.resource_type)
        if about is None:
            return
        protected = args.opts.protect
        resource = Resource(args.urn, args.resource_type, _plain(args.props), protected)
        for rule in about:
            for violation in rule.violations(resource):
                report(f"{rule.name}: {rule.description}; here {violation}", args.urn)

    return ResourceValidationPolicy(name, description, validate, level)


def _stack_policy(name: str, description: str) -> StackValidationPolicy:
    wanted = frozenset[str]().union(*(rule.types for rule in STACK_RULES))

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [_of_stack(one) for one in args.resources if one.resource_type in wanted]
        for rule in STACK_RULES:
            about = [one for one in resources if one.type in rule.types]
            for resource, violation in rule.violations(about):
                report(f"{rule.name}: {rule.description}; here {violation}", resource.urn)

    return StackValidationPolicy(name, description, validate, EnforcementLevel.MANDATORY)


def _of_stack(resource: PolicyResource) -> Resource:
    return Resource(
        resource.urn,
        resource.resource_type,
        _plain(resource.props),
        resource.opts.protect,
        {
            key: frozenset(source.urn for source in sources)
            for key, sources in resource.property_dependencies.items()
        },
    )


def _plain(value: Any) -> Any:
    """Return a value as dicts and lists, with `UNKNOWN` for what the SDK raises an error."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence):
        return [_item(value, index) for index in range(len(value))]
    return value


def _item(values: Any, key: Any) -> Any:
    try:
        return _plain(values[key])
    except UnknownValueError:
        return UNKNOWN


PolicyPack(
    "cmbcluster-storage",
    [
        _resource_policy(
            "required",
            "What would expose or lose data is refused.",
            EnforcementLevel.MANDATORY,
            [rule for rule in RULES if not rule.advisory],
        ),
        _resource_policy(
            "advised",
            "What a stack may choose, and should know of.",
            EnforcementLevel.ADVISORY,
            [rule for rule in RULES if rule.advisory],
        ),
        _stack_policy("together", "Resources that would expose or lose data together are refused."),
    ],
)
