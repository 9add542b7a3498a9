"""Every way in which a call is refused before it is sent: typed, on the record, and nothing was started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.policy import Constraint, PolicyRule
from remit_runtime.bundle.tool import CredentialUse, Limits, PythonIR, ResourceBinding
from remit_runtime.canonical import digest_of
from remit_runtime.gateway.outcome import Called, Denied, NeedsApproval
from remit_runtime.gateway.stages import STAGES
from remit_runtime.journal.events import ToolDecided, ToolIntended

NAME = {"name": {"type": "string", "maxLength": 40}}


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    """The file that the tool `leave` writes when it is started."""
    return tmp_path / "proof"


@pytest.fixture
def leave(tool: Any, proof: Path) -> Callable[..., Any]:
    """A tool that leaves a file behind; keywords change its definition."""

    def make(properties: Any = NAME, **changes: Any) -> Any:
        return tool(
            "acme.leave", ("shell", "-c", f"echo ran > {proof}", "sh", ("", "name")), properties, **changes
        )

    return make


def refused(world: Any, proof: Path, stage: str, code: str, *arguments: Any, **changes: Any) -> ToolDecided:
    """Asserts that a call is denied at a stage, that nothing was started, and that the journal says so."""
    outcome = world.call("acme.leave", *arguments, **changes)
    assert isinstance(outcome, Denied)
    assert (outcome.denial.stage, outcome.code) == (stage, code)
    assert not proof.exists()
    events = world.events()
    assert not any(isinstance(event, ToolIntended) for event in events)
    (decided,) = events
    assert isinstance(decided, ToolDecided)
    assert (decided.outcome, decided.stage, decided.code) == ("deny", stage, code)
    assert world.audit() == [("tool_decided", "deny", code)]
    return decided


def test_the_same_call_without_a_fault_runs_and_leaves_its_file(
    make_world: Any, leave: Any, proof: Path
) -> None:
    world = make_world(leave(), layers=["unsandboxed"])
    assert isinstance(world.call("acme.leave", {"name": "x"}), Called)
    assert proof.exists()


def test_a_tool_that_is_not_granted_is_denied(make_world: Any, leave: Any, tool: Any, proof: Path) -> None:
    world = make_world(leave(), tool("acme.other", ("shell", "-c", "true")), layers=["unsandboxed"])
    granted = tuple(use for use in world.agent.tools if use.id != "acme.leave")
    agent = type(world.agent)(
        **{**{f: getattr(world.agent, f) for f in world.agent.__struct_fields__}, "tools": granted}
    )
    refused(world, proof, "offer", "tool_not_granted", {"name": "x"}, agent=agent)


def test_a_tool_that_is_unknown_is_denied_and_its_name_is_kept_short(make_world: Any, leave: Any) -> None:
    world = make_world(leave(), layers=["unsandboxed"])
    outcome = world.call("n\u202e" + "o" * 10_000)
    assert isinstance(outcome, Denied)
    assert outcome.code == "tool_not_granted"
    (decided,) = world.events()
    assert decided.tool.startswith(r"n\u{202e}ooo")
    assert len(decided.tool) == 200


def test_a_tool_that_the_agent_denies_itself_is_denied(make_world: Any, leave: Any, proof: Path) -> None:
    world = make_world(leave(), layers=["unsandboxed"], agent={"denied_tools": ("acme.leave",)})
    refused(world, proof, "offer", "tool_denied", {"name": "x"})


def test_a_tool_that_the_state_does_not_offer_is_denied(make_world: Any, leave: Any, proof: Path) -> None:
    world = make_world(leave(), layers=["unsandboxed"])
    refused(world, proof, "offer", "tool_not_offered", {"name": "x"}, offered=frozenset({"acme.other"}))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (b'{"name": "a", "name": "b"}', "args_not_canonical"),
        (b'{"name": NaN}', "args_not_canonical"),
        (b'{"name": 1e999}', "args_not_canonical"),
        (b'{"name": 9007199254740992}', "args_not_canonical"),
        (b'{"name": "\\ud800"}', "args_not_canonical"),
        (b'{"name": "\xff"}', "args_not_canonical"),
        (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "args_not_canonical"),
        (b'{"name": ' + b"[" * 65 + b"]" * 65 + b"}", "args_not_canonical"),
        (b'["name"]', "args_not_canonical"),
        (b'{"name": "x"} {}', "args_not_canonical"),
        (b"", "args_not_canonical"),
        (b'{"name": "' + b"x" * 262_144 + b'"}', "args_too_large"),
    ],
    ids=lambda value: value[:24].decode("ascii", "replace") if isinstance(value, bytes) else value,
)
def test_bytes_that_are_no_plain_json_object_are_denied(
    make_world: Any, leave: Any, proof: Path, written: bytes, code: str
) -> None:
    refused(make_world(leave(), layers=["unsandboxed"]), proof, "parse", code, written)


def test_an_argument_of_the_wrong_type_is_denied_without_naming_its_value(
    make_world: Any, leave: Any, proof: Path
) -> None:
    world = make_world(leave(), layers=["unsandboxed"])
    decided = refused(world, proof, "schema", "args_invalid", {"name": 987654321})
    assert decided.reason == "`/name` does not satisfy `type`"


def test_an_undeclared_argument_is_denied(make_world: Any, leave: Any, proof: Path) -> None:
    world = make_world(leave(), layers=["unsandboxed"])
    refused(world, proof, "schema", "undeclared_argument", {"name": "x", "sudo": True})


def test_an_undeclared_argument_is_denied_where_the_schema_says_nothing_of_others(
    make_world: Any, tool: Any, proof: Path
) -> None:
    silent = tool(
        "acme.leave", ("shell", "-c", f"echo > {proof}"), NAME, schema={"additionalProperties": True}
    )
    quiet = type(silent)(**{**vars(silent), "schema": {}})
    world = make_world(quiet, layers=["unsandboxed"])
    refused(world, proof, "schema", "undeclared_argument", {"sudo": True})


def test_a_schema_may_open_itself(make_world: Any, tool: Any) -> None:
    open_tool = tool("acme.open", ("shell", "-c", "true"), NAME, schema={"additionalProperties": True})
    world = make_world(open_tool, layers=["unsandboxed"])
    assert isinstance(world.call("acme.open", {"more": 1}), Called)


def test_an_unknown_resource_is_denied(make_world: Any, leave: Any, proof: Path) -> None:
    binding = ResourceBinding("Repo", "name", None)
    world = make_world(leave(changes={"resource": binding}), layers=["unsandboxed"])
    decided = refused(world, proof, "resource", "resource_unknown", {"name": "acme/unheard-of"})
    assert decided.request is None


def test_a_call_that_no_organisation_rule_permits_is_denied(make_world: Any, leave: Any, proof: Path) -> None:
    world = make_world(leave(), layers=["unsandboxed"], rules=[])
    decided = refused(world, proof, "policy", "default_deny", {"name": "x"})
    assert decided.request is not None


def test_a_forbidden_call_names_the_rule(
    make_world: Any, leave: Any, proof: Path, make_rule: Callable[..., PolicyRule]
) -> None:
    text = (
        '@id("policies/test.yaml#no")\nforbid (principal, action == Remit::Action::"acme.leave", resource);'
    )
    no = make_rule(["acme.leave"], text, id="policies/test.yaml#no", effect="forbid", reason="never")
    world = make_world(leave(), layers=["unsandboxed"], rules=[make_rule(["acme.leave"]), no])
    decided = refused(world, proof, "policy", "forbidden", {"name": "x"})
    assert decided.rules == ("policies/test.yaml#no",)
    assert decided.reason == "never"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("max_name", 2, "constraint_violated"),
        ("min_name", 4, "constraint_violated"),
        ("only_name", ["a", "b"], "constraint_violated"),
        ("max_other", 2, "constraint_unenforceable"),
    ],
)
def test_a_constraint_of_the_rule_that_permits_binds_the_call(
    make_world: Any,
    leave: Any,
    proof: Path,
    make_rule: Callable[..., PolicyRule],
    constraint: Callable[[str, Any], Constraint],
    name: str,
    value: Any,
    code: str,
) -> None:
    permitted = make_rule(["acme.leave"], constraints=(constraint(name, value),))
    world = make_world(leave(), layers=["unsandboxed"], rules=[permitted])
    refused(world, proof, "policy", code, {"name": "xyz"})


def test_a_call_within_its_constraint_is_sent(
    make_world: Any,
    leave: Any,
    make_rule: Callable[..., PolicyRule],
    constraint: Callable[[str, Any], Constraint],
) -> None:
    permitted = make_rule(["acme.leave"], constraints=(constraint("max_name", 3),))
    world = make_world(leave(), layers=["unsandboxed"], rules=[permitted])
    assert isinstance(world.call("acme.leave", {"name": "xyz"}), Called)


def test_a_call_that_people_must_allow_waits_and_starts_nothing(
    make_world: Any, leave: Any, proof: Path, make_rule: Callable[..., PolicyRule]
) -> None:
    text = (
        '@id("policies/test.yaml#ask")\n@approval("owner")\n'
        'forbid (principal, action == Remit::Action::"acme.leave", resource)'
        ' unless { context.run.approvals.contains(Remit::Approval::"owner") };'
    )
    ask = make_rule(["acme.leave"], text, id="policies/test.yaml#ask", effect="forbid", approval="owner")
    world = make_world(leave(), layers=["unsandboxed"], rules=[make_rule(["acme.leave"]), ask])
    outcome = world.call("acme.leave", {"name": "x"})
    assert isinstance(outcome, NeedsApproval)
    assert [need.requirement.id for need in outcome.needs] == ["owner"]
    assert not proof.exists()
    assert world.audit() == [("tool_decided", "require_approval", "approval_needed")]
    (decided,) = world.events()
    assert decided.approvals == ("owner",)


def test_a_tool_called_too_often_is_denied_until_the_minute_is_over(make_world: Any, leave: Any) -> None:
    time = [1_795_000_000_000]
    limited = leave(changes={"limits": Limits(20_000, 2, 100_000, 1)})
    world = make_world(limited, layers=["unsandboxed"], clock=lambda: time[0])
    codes: list[str] = []
    for step in (0, 10_000, 10_000, 40_000):
        time[0] += step
        outcome = world.call("acme.leave", {"name": "x"})
        codes.append(outcome.code if isinstance(outcome, Denied) else "called")
    assert codes == ["called", "called", "rate_limited", "called"]


def test_a_tool_that_needs_a_credential_is_denied(make_world: Any, leave: Any, proof: Path) -> None:
    needy = leave(changes={"credential": CredentialUse("bot", (), 600)})
    refused(
        make_world(needy, layers=["unsandboxed"]),
        proof,
        "credential",
        "credential_unavailable",
        {"name": "x"},
    )


def test_a_tool_of_a_kind_that_is_not_performed_here_is_denied(
    make_world: Any, leave: Any, proof: Path
) -> None:
    python = leave(changes={"implementation": PythonIR("notes.whl", digest_of(b""), "notes:find")})
    refused(
        make_world(python, layers=["unsandboxed"]),
        proof,
        "prepare",
        "implementation_unsupported",
        {"name": "x"},
    )


def test_an_executable_that_is_not_on_the_allow_list_is_denied(
    make_world: Any, tool: Any, proof: Path
) -> None:
    stranger = tool("acme.leave", ("curl", ("", "name")), NAME)
    refused(
        make_world(stranger, layers=["unsandboxed"]), proof, "prepare", "executable_unknown", {"name": "x"}
    )


def test_a_workspace_that_the_run_has_not_is_denied(make_world: Any, leave: Any, proof: Path) -> None:
    world = make_world(leave(process={"workspace": "repository"}), layers=["unsandboxed"])
    refused(world, proof, "prepare", "workspace_unknown", {"name": "x"})


@pytest.mark.parametrize("value", ["--upload-pack=sh", "-c", "-"])
def test_a_value_that_looks_like_an_option_is_denied(
    make_world: Any, leave: Any, proof: Path, value: str
) -> None:
    world = make_world(leave(), layers=["unsandboxed"])
    refused(world, proof, "prepare", "argument_looks_like_option", {"name": value})


def test_a_value_with_a_nul_character_is_denied(make_world: Any, leave: Any, proof: Path) -> None:
    world = make_world(leave(), layers=["unsandboxed"])
    refused(world, proof, "prepare", "argument_has_nul", {"name": "a\0b"})


@pytest.mark.parametrize(
    ("environment", "effect", "executes"),
    [
        ("production", "read", False),
        ("dev", "write", False),
        ("dev", "irreversible", False),
        ("dev", "read", True),
    ],
)
def test_without_walls_only_harmless_reads_run_and_only_in_dev(
    make_world: Any, leave: Any, proof: Path, environment: str, effect: str, executes: bool
) -> None:
    risky = leave(changes={"effect": effect}, process={"executes_repository": executes})
    world = make_world(risky, layers=["unsandboxed"], environment=environment)
    refused(world, proof, "prepare", "sandbox_unavailable", {"name": "x"})


def test_the_stages_are_asked_in_their_order() -> None:
    assert [stage.__name__ for stage in STAGES] == [
        "offered",
        "parsed",
        "satisfying",
        "keeping_secrets",
        "placed",
        "originated",
        "permitted",
        "within_rate",
        "leased",
        "prepared",
    ]


def test_a_call_with_every_fault_is_refused_by_the_first_stage_and_then_by_each_next(
    make_world: Any, leave: Any, proof: Path, make_rule: Callable[..., PolicyRule]
) -> None:
    faulty = leave(
        changes={
            "resource": ResourceBinding("Repo", "name", None),
            "credential": CredentialUse("bot", (), 600),
            "limits": Limits(20_000, 0, 100_000, 1),
        },
        process={"executable": "curl"},
    )
    world = make_world(faulty, layers=["unsandboxed"], rules=[])
    calls: list[tuple[bytes, frozenset[str]]] = [
        (b"NaN", frozenset()),
        (b"NaN", frozenset({"acme.leave"})),
        (b'{"name": 1}', frozenset({"acme.leave"})),
        (b'{"name": "acme/other"}', frozenset({"acme.leave"})),
        (b'{"name": "acme/docs"}', frozenset({"acme.leave"})),
    ]
    stages = [world.call("acme.leave", bytes_, offered=offered).denial.stage for bytes_, offered in calls]
    assert stages == ["offer", "parse", "schema", "resource", "policy"]
    assert not proof.exists()


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"limits": Limits(20_000, 0, 100_000, 1), "credential": CredentialUse("bot", (), 600)}, "rate"),
        ({"credential": CredentialUse("bot", (), 600)}, "credential"),
        ({}, "prepare"),
    ],
)
def test_after_policy_come_rate_credential_and_preparation(
    make_world: Any, leave: Any, proof: Path, changes: Any, stage: str
) -> None:
    world = make_world(leave(changes=changes, process={"executable": "curl"}), layers=["unsandboxed"])
    assert world.call("acme.leave", {"name": "x"}).denial.stage == stage
    assert not proof.exists()
