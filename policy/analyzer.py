"""The engine's protocol for policies: each rule is a policy of the rule's name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct, Value
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import plugin_pb2
from rules.model import UNKNOWN, Blame, Resource, Rule, StackRule

PACK = "cmbcluster-storage"

# What the engine writes for a value of a kind that a preview cannot tell: of a boolean, number,
# text, list, asset, archive and object. pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go
_UNKNOWN = {
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}
# How it marks an object that wraps a secret.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_WRAPS = "1b47061264138c4ac30d75fd1eb44270"


class Analyzer:
    """Judges resources as the engine shows them: methods of `pulumirpc.Analyzer`."""

    def __init__(self, rules: Sequence[Rule], stack_rules: Sequence[StackRule]) -> None:
        """Take the rules, whose levels a `--policy-pack-config` may change."""
        self._rules = rules
        self._stack_rules = stack_rules
        self._by_type: dict[str, list[Rule]] = {}
        self._wanted = frozenset[str]().union(*(rule.types for rule in stack_rules))
        self._levels = {rule.name: _level(rule) for rule in (*rules, *stack_rules)}

    def GetAnalyzerInfo(self, request: Empty, context: object) -> proto.AnalyzerInfo:  # noqa: N802
        """Return the rules; the pack's version is in PulumiPolicy.yaml."""
        kinds = (
            (proto.POLICY_TYPE_RESOURCE, self._rules),
            (proto.POLICY_TYPE_STACK, self._stack_rules),
        )
        policies = [
            proto.PolicyInfo(
                name=rule.name,
                description=rule.description,
                enforcementLevel=_level(rule),
                policy_type=kind,
            )
            for kind, rules in kinds
            for rule in rules
        ]
        return proto.AnalyzerInfo(name=PACK, supportsConfig=True, policies=policies)

    def GetPluginInfo(self, request: Empty, context: object) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Return nothing: a pack on disk has no version of a plugin."""
        return plugin_pb2.PluginInfo()

    def Configure(self, request: proto.ConfigureAnalyzerRequest, context: object) -> Empty:  # noqa: N802
        """Take the levels of a `--policy-pack-config`, for which the engine knows the names."""
        for name, config in request.policyConfig.items():
            remediates = config.enforcementLevel == proto.REMEDIATE  # which no rule does
            self._levels[name] = proto.MANDATORY if remediates else config.enforcementLevel
        return Empty()

    def Analyze(self, request: proto.AnalyzeRequest, context: object) -> proto.AnalyzeResponse:  # noqa: N802
        """Return what is wrong with the inputs of a resource, before it is made or changed."""
        response = proto.AnalyzeResponse()
        if rules := self._about(request.type):
            resource = Resource(
                request.urn, request.type, _object(request.properties), request.options.protect
            )
            for rule in rules:
                wrong = ((resource, violation) for violation in rule.violations(resource))
                response.diagnostics.extend(self._told(rule, wrong))
        return response

    def AnalyzeStack(  # noqa: N802
        self, request: proto.AnalyzeStackRequest, context: object
    ) -> proto.AnalyzeResponse:
        """Return what is wrong with the resources of a stack together."""
        resources = [_of_stack(one) for one in request.resources if one.type in self._wanted]
        response = proto.AnalyzeResponse()
        for rule in self._stack_rules:
            about = [one for one in resources if one.type in rule.types]
            response.diagnostics.extend(self._told(rule, rule.violations(about)))
        return response

    def _about(self, token: str) -> list[Rule]:
        """Return the rules about a type, of which there are few, and many resources of each."""
        if token not in self._by_type:
            self._by_type[token] = [rule for rule in self._rules if token in rule.types]
        return self._by_type[token]

    def _told(
        self, rule: Rule | StackRule, wrong: Iterable[Blame]
    ) -> Iterator[proto.AnalyzeDiagnostic]:
        level = self._levels[rule.name]
        if level == proto.DISABLED:
            return
        for resource, violation in _read(wrong):
            yield proto.AnalyzeDiagnostic(
                policyName=rule.name,
                policyPackName=PACK,
                description=rule.description,
                message=f"{rule.description}; here {violation}",
                enforcementLevel=level,
                urn=resource.urn,
            )


def _read(wrong: Iterable[Blame]) -> Iterator[Blame]:
    """Yield what is wrong; also that a rule cannot read what it judges."""
    try:
        yield from wrong
    except Exception as error:  # noqa: BLE001 - whatever it is, it stops the run with the rule's name
        told = f"something is not as the provider documents it ({error}): write it so"
        yield Resource("", "", {}), told  # the engine knows which, or takes the stack


def _level(rule: Rule | StackRule) -> proto.EnforcementLevel.ValueType:
    advisory = isinstance(rule, Rule) and rule.advisory
    return proto.ADVISORY if advisory else proto.MANDATORY


def _of_stack(resource: proto.AnalyzerResource) -> Resource:
    sources = {key: frozenset(source.urns) for key, source in resource.propertyDependencies.items()}
    props = _object(resource.properties)
    return Resource(resource.urn, resource.type, props, resource.options.protect, sources)


def _object(struct: Struct) -> Mapping[str, Any]:
    return {key: _plain(value) for key, value in struct.fields.items()}


def _plain(value: Value) -> Any:
    """Return a value as Python has it: `UNKNOWN` for what is not known, a secret as it is.

    By hand, since `json_format` takes several times as long.
    """
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWN else value.string_value
    if kind == "struct_value":
        found = _object(value.struct_value)
        return found["value"] if found.get(_SIGNATURE) == _WRAPS else found
    if kind == "list_value":
        return [_plain(one) for one in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None
