"""What the policy pack answers the engine, where a rule fails."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi.runtime.proto import analyzer_pb2 as proto

from policy.rules.model import Blame, Rule, StackRule

PACK = Path(__file__).parents[2] / "policy"


def test_a_rule_that_cannot_read_a_resource_stops_it(monkeypatch: pytest.MonkeyPatch):
    def fails(_: object) -> Iterator[Blame]:
        raise TypeError("no number")
        yield

    monkeypatch.syspath_prepend(PACK)
    analyzer = importlib.import_module("analyzer").Analyzer(
        [Rule("one", "It is one", frozenset({"t"}), fails)],
        [StackRule("all", "They are all", frozenset({"t"}), fails)],
    )

    of_one = analyzer.Analyze(proto.AnalyzeRequest(type="t"), None)
    of_all = analyzer.AnalyzeStack(proto.AnalyzeStackRequest(), None)
    told = [(one.policyName, one.message) for one in (*of_one.diagnostics, *of_all.diagnostics)]
    cure = "here something is not as the provider documents it (no number): write it so"
    assert told == [("one", f"It is one; {cure}"), ("all", f"They are all; {cure}")]
    levels = {one.enforcementLevel for one in (*of_one.diagnostics, *of_all.diagnostics)}
    assert levels == {proto.MANDATORY}
