"""Calls that are sent: what they become, how they end, and what the journal holds of them, in every sandbox layer."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.graph import Budget
from remit_runtime.bundle.policy import PolicyRule, RedactPattern
from remit_runtime.bundle.tool import Limits
from remit_runtime.gateway.outcome import Approved, Called, CallFailed, Denied, NeedsApproval, Stopped
from remit_runtime.gateway.sandbox import Layer
from remit_runtime.journal.events import (
    ApprovalRequested,
    ApprovalSettled,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.journal.records import Scope

NAME = {"name": {"type": "string"}}
MARK = "4711"


def shell(tool: Any, script: str, properties: Any = NAME, **changes: Any) -> Any:
    """A tool that runs a shell script of the test with the argument `name` as `$1`."""
    return tool("acme.do", ("shell", "-c", script, "sh", ("", "name")), properties, **changes)


def settled(world: Any) -> ToolSettled:
    """The last event, which settles the call."""
    event = world.events()[-1]
    assert isinstance(event, ToolSettled)
    return event


def wait_until_gone(sleepers: Callable[[], list[int]]) -> list[int]:
    """The processes that are still there after at most three seconds."""
    end = time.monotonic() + 3
    while sleepers() and time.monotonic() < end:
        time.sleep(0.01)
    return sleepers()


@pytest.fixture
def sleepers(request: pytest.FixtureRequest) -> Any:
    """The living processes that sleep for this test's own odd number of seconds; what is left is ended."""
    seconds = f"{MARK}.{abs(hash(request.node.name)) % 1_000_000:06d}"

    def living() -> list[int]:
        found: list[int] = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    if (folder / "cmdline").read_bytes().split(b"\0")[:2] == [b"sleep", seconds.encode()]:
                        found.append(int(folder.name))
                except OSError:
                    continue
        return found

    yield seconds, living
    for process in living():
        os.kill(process, signal.SIGKILL)


def test_a_call_is_decided_intended_and_settled_with_an_audit_row_each(
    make_world: Any, tool: Any, layer: Layer
) -> None:
    world = make_world(shell(tool, 'printf "hello %s" "$1"'), layers=[layer])
    outcome = world.call("acme.do", {"name": "Ada"})
    assert isinstance(outcome, Called)
    assert outcome.output == {"text": "hello Ada"}
    assert outcome.label == "untrusted"
    decided, intended, ended = world.events()
    assert isinstance(decided, ToolDecided)
    assert (decided.outcome, decided.stage, decided.arguments) == ("allow", "policy", '{"name":"Ada"}')
    assert decided.rules == ("policies/test.yaml#allow",)
    assert isinstance(intended, ToolIntended)
    assert intended.sandbox == layer
    assert str(intended.executable).startswith("shell sha256:")
    assert ended.output == '{"text":"hello Ada"}'
    assert decided.call == intended.call == ended.call
    assert world.audit() == [
        ("tool_decided", "allow", "allowed"),
        ("tool_intended", "intended", None),
        ("tool_settled", "ok", None),
    ]


@pytest.mark.parametrize(
    "value", ["; touch /tmp/x", "$(id)", "`id`", "a\nb", "a b", "*", "'", '"', "\\", "é", ""]
)
def test_a_value_stays_one_element_whatever_it_holds(make_world: Any, tool: Any, value: str) -> None:
    world = make_world(shell(tool, 'printf "%s[%s]" $# "$1"'), layers=["unsandboxed"])
    assert world.call("acme.do", {"name": value}).output == {"text": f"1[{value}]"}


def test_numbers_and_arrays_become_elements_and_absent_arguments_none(make_world: Any, tool: Any) -> None:
    properties = {
        "count": {"type": "integer", "default": 7},
        "deep": {"type": "boolean"},
        "paths": {"type": "array", "items": {"type": "string"}},
        "since": {"type": "string"},
    }
    argv = (
        "shell",
        "-c",
        'printf "%s|" "$@"',
        "sh",
        ("--count=", "count"),
        ("", "deep"),
        ("", "since", "..HEAD"),
        "--",
        ("", "paths"),
    )
    world = make_world(tool("acme.do", argv, properties), layers=["unsandboxed"])
    outcome = world.call("acme.do", {"deep": True, "paths": ["-a", "b c"]})
    assert outcome.output == {"text": "--count=7|true|--|-a|b c|"}


def test_a_value_right_after_e_may_begin_with_a_dash(make_world: Any, tool: Any) -> None:
    argv = ("shell", "-c", 'printf "%s|" "$@"', "sh", "-e", ("", "name"))
    world = make_world(tool("acme.do", argv, NAME), layers=["unsandboxed"])
    assert world.call("acme.do", {"name": "-x"}).output == {"text": "-e|-x|"}


def test_the_environment_holds_nothing_of_ours(
    make_world: Any, tool: Any, layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    argv = ("shell", "-c", "/usr/bin/env")
    world = make_world(tool("acme.do", argv, process={"output": "lines"}), layers=[layer])
    names = {line.partition("=")[0] for line in world.call("acme.do").output["lines"]}
    assert {name for name in names if not name.startswith("GIT_")} <= {
        "LC_ALL",
        "PATH",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
    }


def test_the_arguments_reach_standard_input_in_canonical_form(make_world: Any, tool: Any) -> None:
    reader = tool(
        "acme.do",
        ("shell", "-c", "cat"),
        {"b": {}, "a": {}},
        process={"stdin": "arguments", "output": "json"},
    )
    world = make_world(reader, layers=["unsandboxed"])
    outcome = world.call("acme.do", b'{ "b": 1.0, "a": "\\u00e9" }')
    assert outcome.output == {"a": "é", "b": 1}


@pytest.mark.parametrize(
    ("output", "script", "value"),
    [
        ("lines", r"printf 'a\nb\n\nc'", {"lines": ["a", "b", "", "c"]}),
        ("lines", "true", {"lines": []}),
        ("nul", r"printf 'a\000b c\000'", {"items": ["a", "b c"]}),
        ("json", """printf '{"n": [1, null]}'""", {"n": [1, None]}),
    ],
)
def test_output_becomes_a_value_of_its_declared_form(
    make_world: Any, tool: Any, output: str, script: str, value: Any
) -> None:
    world = make_world(shell(tool, script, process={"output": output}), layers=["unsandboxed"])
    assert world.call("acme.do").output == value


def test_bytes_that_are_not_utf8_are_replaced_and_flagged(make_world: Any, tool: Any) -> None:
    world = make_world(shell(tool, r"printf 'caf\351'"), layers=["unsandboxed"])
    assert world.call("acme.do").output == {"text": "caf\ufffd"}
    assert settled(world).code == "invalid_utf8_replaced"


@pytest.mark.parametrize(
    "written", ['{"a":1,"a":2}', "NaN", "{", "[" * 65 + "]" * 65, '{"n": 9007199254740993}']
)
def test_json_output_that_is_not_strict_is_an_error(make_world: Any, tool: Any, written: str) -> None:
    world = make_world(
        shell(tool, f"printf '%s' '{written}'", process={"output": "json"}), layers=["unsandboxed"]
    )
    outcome = world.call("acme.do")
    assert isinstance(outcome, CallFailed)
    assert (outcome.outcome, outcome.code) == ("error", "output_invalid")


def test_output_that_does_not_satisfy_its_schema_is_an_error(make_world: Any, tool: Any) -> None:
    strict = {"type": "object", "properties": {"text": {"maxLength": 3}}}
    world = make_world(shell(tool, "printf abcd", output=strict), layers=["unsandboxed"])
    outcome = world.call("acme.do")
    assert isinstance(outcome, CallFailed)
    assert outcome.code == "output_invalid"
    assert outcome.reason == "`/text` does not satisfy `maxLength`"


def test_a_bad_exit_code_is_an_error_that_says_what_the_tool_said(
    make_world: Any, tool: Any, layer: Layer
) -> None:
    world = make_world(shell(tool, "echo no such thing >&2; exit 3"), layers=[layer])
    outcome = world.call("acme.do")
    assert isinstance(outcome, CallFailed)
    assert (outcome.outcome, outcome.code) == ("error", "exit_code")
    assert settled(world).output == '{"errors":"no such thing","exit_code":3}'


def test_an_exit_code_that_is_declared_good_is_good(make_world: Any, tool: Any, layer: Layer) -> None:
    world = make_world(shell(tool, "exit 1", process={"ok_exit_codes": (0, 1)}), layers=[layer])
    assert isinstance(world.call("acme.do"), Called)


def test_walls_that_cannot_be_put_up_are_not_taken_for_the_tools_own_exit(
    make_world: Any, tool: Any, layer: Layer, home: Path
) -> None:
    gone = home / "gone"
    gone.write_text("#!/nonexistent/interpreter\n", "utf-8")
    gone.chmod(0o700)
    (home / "executables.toml").write_text(f'gone = "{gone}"\n', "utf-8")
    world = make_world(tool("acme.do", ("gone",), process={"ok_exit_codes": (0, 1)}), layers=[layer])
    outcome = world.call("acme.do")
    assert isinstance(outcome, CallFailed)
    assert (outcome.outcome, outcome.code) == ("error", "sandbox_failed")


def test_endless_output_is_cut_at_the_cap(make_world: Any, tool: Any, layer: Layer) -> None:
    endless = shell(tool, "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done")
    world = make_world(endless, layers=[layer])
    outcome = world.call("acme.do")
    assert isinstance(outcome, CallFailed)
    assert (outcome.outcome, outcome.code) == ("error", "output_too_large")
    assert settled(world).output is None


def test_endless_errors_are_cut_too(make_world: Any, tool: Any) -> None:
    world = make_world(shell(tool, "while :; do echo " + "y" * 500 + " >&2; done"), layers=["unsandboxed"])
    assert world.call("acme.do").code == "output_too_large"


def test_a_hang_is_ended_with_its_daemons(
    make_world: Any, tool: Any, layer: Layer, sleepers: tuple[str, Callable[[], list[int]]]
) -> None:
    seconds, living = sleepers
    script = f"setsid sh -c 'sleep {seconds} >/dev/null 2>&1 </dev/null &' ; sleep {seconds}"
    hang = shell(tool, script, changes={"limits": Limits(700, None, 1_000, 1)})
    outcome = make_world(hang, layers=[layer]).call("acme.do")
    assert isinstance(outcome, CallFailed)
    assert (outcome.outcome, outcome.code) == ("error", "timeout")
    assert wait_until_gone(living) == []


def test_a_daemon_does_not_outlive_a_call_that_ends_well(
    make_world: Any, tool: Any, layer: Layer, sleepers: tuple[str, Callable[[], list[int]]]
) -> None:
    seconds, living = sleepers
    script = f"setsid sh -c 'sleep {seconds} >/dev/null 2>&1 </dev/null &'; sleep 0.1; echo done"
    outcome = make_world(shell(tool, script), layers=[layer]).call("acme.do")
    assert isinstance(outcome, Called)
    assert wait_until_gone(living) == []


def test_what_was_cut_off_while_it_changed_something_is_unknown(
    make_world: Any, tool: Any, layer: Layer
) -> None:
    if layer == "unsandboxed":
        pytest.skip("nothing changes anything without walls")
    slow = shell(tool, "sleep 60", changes={"effect": "write", "limits": Limits(300, None, 1_000, 1)})
    outcome = make_world(slow, layers=[layer]).call("acme.do")
    assert isinstance(outcome, CallFailed)
    assert (outcome.outcome, outcome.code) == ("unknown", "timeout")


def test_a_kill_ends_the_call_in_flight(
    make_world: Any, tool: Any, sleepers: tuple[str, Callable[[], list[int]]]
) -> None:
    seconds, living = sleepers
    world = make_world(shell(tool, f"sleep {seconds}"), layers=["unsandboxed"])
    killer = threading.Timer(
        0.3, lambda: world.gateway.journal.kill(Scope("run", world.run), "os:ada", "enough")
    )
    killer.start()
    outcome = world.call("acme.do")
    killer.join()
    assert isinstance(outcome, CallFailed)
    assert outcome.code == "stopped"
    assert wait_until_gone(living) == []
    again = world.call("acme.do")
    assert isinstance(again, Stopped)
    assert again.refused.reason == "killed"


def test_a_halt_lets_the_call_in_flight_end_and_the_next_one_wait(make_world: Any, tool: Any) -> None:
    world = make_world(shell(tool, "sleep 0.8; echo done"), layers=["unsandboxed"])
    halt = threading.Timer(
        0.1, lambda: world.gateway.journal.halt(Scope("everything"), "os:ada", "look first")
    )
    halt.start()
    first = world.call("acme.do")
    halt.join()
    second = world.call("acme.do")
    assert isinstance(first, Called)
    assert isinstance(second, Stopped)
    assert second.refused.reason == "halted"


def test_the_call_after_the_last_of_the_budget_does_not_begin(
    make_world: Any, tool: Any, tmp_path: Path
) -> None:
    counter = tmp_path / "count"
    budget = Budget(50, 10, 3, 1_000_000, 600_000)
    world = make_world(shell(tool, f"echo x >> {counter}"), layers=["unsandboxed"], budget=budget)
    outcomes = [type(world.call("acme.do")).__name__ for _ in range(5)]
    assert outcomes == ["Called", "Called", "Called", "Stopped", "Stopped"]
    assert counter.read_text("utf-8") == "x\n" * 3
    assert world.gateway.journal.spent(world.run).tool_calls == 3
    assert sum(isinstance(event, ToolIntended) for event in world.events()) == 3


def test_a_cancelled_run_begins_no_call(make_world: Any, tool: Any, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    world = make_world(shell(tool, f"echo > {proof}"), layers=["unsandboxed"])
    world.gateway.journal.request_cancel(world.run, "os:ada")
    outcome = world.call("acme.do")
    assert isinstance(outcome, Stopped)
    assert outcome.refused.reason == "cancelled"
    assert not proof.exists()
    assert world.events() == []


SECRET = RedactPattern("secret", "token", r"tok_[a-z0-9]{6}")


def test_a_secret_is_redacted_in_the_output_and_in_the_recorded_arguments(
    make_world: Any, tool: Any, layer: Layer
) -> None:
    world = make_world(shell(tool, 'printf "%s and %s" "$1" tok_bbbbbb'), layers=[layer], redact=[SECRET])
    outcome = world.call("acme.do", {"name": "tok_aaaaaa"})
    assert outcome.output == {"text": "[redacted:token] and [redacted:token]"}
    assert outcome.redactions == ("token",)
    decided, _, ended = world.events()
    assert decided.arguments == '{"name":"[redacted:token]"}'
    assert ended.redactions == ("token",)
    stored = b"".join(path.read_bytes() for path in world.home.glob("journal.db*"))
    assert b"tok_" not in stored


def test_a_secret_in_what_a_failing_tool_says_is_redacted(make_world: Any, tool: Any) -> None:
    world = make_world(
        shell(tool, "echo bad tok_cccccc >&2; exit 2"), layers=["unsandboxed"], redact=[SECRET]
    )
    world.call("acme.do")
    assert settled(world).output == '{"errors":"bad [redacted:token]","exit_code":2}'


def test_a_read_is_tried_again_as_often_as_its_tool_says(make_world: Any, tool: Any, tmp_path: Path) -> None:
    counter = tmp_path / "count"
    script = f"echo x >> {counter}; test $(wc -l < {counter}) -ge 3"
    flaky = shell(tool, script, changes={"limits": Limits(20_000, None, 1_000, 3)})
    world = make_world(flaky, layers=["unsandboxed"])
    assert isinstance(world.call("acme.do"), Called)
    assert counter.read_text("utf-8") == "x\n" * 3
    assert world.gateway.journal.spent(world.run).tool_calls == 1


ASK = (
    '@id("policies/test.yaml#ask")\n@approval("owner")\n'
    'forbid (principal, action == Remit::Action::"acme.do", resource)'
    ' unless { context.run.approvals.contains(Remit::Approval::"owner") };'
)


def test_an_approval_allows_one_call_of_exactly_its_subject(
    make_world: Any, tool: Any, make_rule: Callable[..., PolicyRule]
) -> None:
    ask = make_rule(["acme.do"], ASK, id="policies/test.yaml#ask", effect="forbid", approval="owner")
    world = make_world(
        shell(tool, 'printf "%s" "$1"'), layers=["unsandboxed"], rules=[make_rule(["acme.do"]), ask]
    )
    waits = world.call("acme.do", {"name": "x"})
    assert isinstance(waits, NeedsApproval)
    requested = ApprovalRequested("apr_1", "owner", "work", waits.subject, "{}", 1_795_000_100_000)
    approved = ApprovalSettled("apr_1", "work", "approved", ("key:ada",))
    for event in (requested, approved):
        world.lease = world.gateway.journal.append(world.lease, [event]).lease
    token = (Approved("owner", "apr_1", waits.subject),)
    other = world.call("acme.do", {"name": "y"}, approved=token)
    first = world.call("acme.do", {"name": "x"}, approved=token)
    again = world.call("acme.do", {"name": "x"}, approved=token)
    assert isinstance(other, NeedsApproval)
    assert isinstance(first, Called)
    assert isinstance(again, Stopped)
    assert again.refused.reason == "approval_spent"


def test_what_a_definition_binds_may_be_larger_than_what_a_model_writes(make_world: Any, tool: Any) -> None:
    count = tool("acme.do", ("shell", "-c", "wc -c"), NAME, process={"stdin": "arguments"})
    world = make_world(count, layers=["unsandboxed"])
    large = {"name": "x" * 300_000}
    assert isinstance(world.call("acme.do", large), Denied)
    assert world.call("acme.do", large, written_by="definition").output == {"text": "300011\n"}
