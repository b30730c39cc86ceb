"""What is rejected before any tool is called."""

from harness import Tools, check, equal, raises, submit, tool
from v0_15 import put, runtime, scenario


@scenario
def unknown_tool():
    """A tool nobody registered is rejected by name, before anybody is called."""
    tools = Tools(known=lambda call: "called")
    rt = runtime(tools, ["known"])

    # By default a rejected action aborts what follows.
    outcome = submit(rt, "p1", [tool("a1", "no_such_tool"), tool("a2", "known")])
    outcome.statuses("rejected", "skipped").error(0, "no_such_tool")
    outcome.costs(tool_calls=0, actions_executed=1, actions_skipped=1, retries=0)
    equal(tools.names(), [], "calls after the abort")

    # Told to skip, the proposal goes on.
    outcome = submit(
        rt, "p2", [tool("a1", "no_such_tool", failure_behavior="skip"), tool("a2", "known")]
    )
    outcome.statuses("rejected", "succeeded").error(0, "no_such_tool").output(1, "called")
    outcome.costs(tool_calls=1, actions_executed=2, actions_skipped=0, retries=0)

    # A rejection is never retried.
    outcome = submit(rt, "p3", [tool("a1", "no_such_tool", failure_behavior="retry")])
    outcome.statuses("rejected").costs(retries=0)
    equal(tools.names(), ["known"], "calls")


@scenario
def policy_deny_tool():
    tools = Tools(rm=lambda call: "removed", ls=lambda call: "listed")
    rt = runtime(tools, ["rm", "ls"])
    submit(rt, "p1", [tool("a1", "rm")]).statuses("succeeded")
    rt.register_policy("no_rm", "deny_tool", target="rm")

    outcome = submit(rt, "p2", [tool("a1", "ls"), tool("a2", "rm"), tool("a3", "ls")])
    outcome.statuses("succeeded", "rejected", "skipped").error(1)
    outcome.costs(tool_calls=1, actions_executed=2, actions_skipped=1, retries=0)

    outcome = submit(rt, "p3", [tool("a1", "rm", failure_behavior="skip"), tool("a2", "ls")])
    outcome.statuses("rejected", "succeeded").error(0).output(1, "listed")
    equal(tools.names(), ["rm", "ls", "ls"], "calls")

    # The policy belongs to this session.
    other = runtime(register=["rm"])
    submit(other, "p4", [tool("a1", "rm")]).statuses("succeeded").output(0, "removed")


@scenario
def policy_deny_tool_param():
    tools = Tools(open=lambda call: call["params"]["path"], save=lambda call: "saved")
    rt = runtime(tools, ["open", "save"])
    rt.register_policy("no_etc", "deny_tool_param", target="open", key="path", pattern="/etc/")
    denied = [{"path": "/etc/passwd"}, {"path": "/a/../etc/shadow"}]
    for number, parameters in enumerate(denied):
        outcome = submit(rt, f"d{number}", [tool("a1", "open", parameters)])
        outcome.statuses("rejected").error(0)
    equal(tools.names(), [], "calls")

    allowed = [
        tool("a1", "open", {"path": "/home/x"}),
        tool("a2", "open", {"path": "etc", "note": "/etc/"}),
        tool("a3", "save", {"path": "/etc/hosts"}),
    ]
    outcome = submit(rt, "p1", allowed).statuses("succeeded", "succeeded", "succeeded")
    outcome.output(0, "/home/x").output(1, "etc").output(2, "saved")


@scenario
def policy_require_state():
    tools = Tools(t=lambda call: "called")
    rt = runtime(tools, ["t"])
    rt.register_policy("ready", "require_state", key="ready", value_json="true")
    submit(rt, "p1", [tool("a1", "t")]).statuses("rejected").error(0)
    put(rt, "ready", False)
    submit(rt, "p2", [tool("a1", "t")]).statuses("rejected").error(0)
    equal(tools.names(), [], "calls")
    put(rt, "ready", True)
    submit(rt, "p3", [tool("a1", "t")]).statuses("succeeded").output(0, "called")


@scenario
def preconditions():
    tools = Tools(t=lambda call: "called")
    rt = runtime(tools, ["t"])
    put(rt, "n", 5)
    holds = [
        {"key": "n", "operator": "exists"},
        {"key": "zz", "operator": "not_exists"},
        {"key": "n", "value": 5},
        {"key": "n", "operator": "neq", "value": 6},
        {"key": "n", "operator": "gt", "value": 4},
        {"key": "n", "operator": "gte", "value": 5},
        {"key": "n", "operator": "lt", "value": 6},
        {"key": "n", "operator": "lte", "value": 5},
    ]
    submit(rt, "p0", [tool("a1", "t", preconditions=holds)]).statuses("succeeded")
    breaks = [
        {"key": "zz", "operator": "exists"},
        {"key": "n", "operator": "not_exists"},
        {"key": "n", "value": 6},
        {"key": "zz", "operator": "neq", "value": 6},
        {"key": "n", "operator": "gt", "value": 5},
        {"key": "n", "operator": "lt", "value": 5},
        {"key": "n", "operator": "no_such_operator", "value": 5},
    ]
    for number, condition in enumerate(breaks):
        action = tool("a1", "t", preconditions=[holds[0], condition])
        submit(rt, f"p{number + 1}", [action]).statuses("rejected").error(0)
    submit(rt, "q1", [tool("a1", "t", state_dependencies=["zz"])]).statuses("rejected")
    submit(rt, "q2", [tool("a1", "t", state_dependencies=["n"])]).statuses("succeeded")
    equal(tools.names(), ["t", "t"], "calls")


@scenario
def malformed_proposal():
    """A proposal that is none is an error of the call, and the connection goes on."""
    rt = runtime(Tools(t=lambda call: "ok"), ["t"])
    for text in ("[]", "{}", '{"actions":[{"type":"no_such_type"}]}', '{"actions":7}'):
        with raises(RuntimeError, f"submitting {text}") as box:
            rt.submit_proposal(text)
        check("proposal.submit: -32602 " in str(box.error), f"bad params: {box.error}")
    submit(rt, "p1", [tool("a1", "t")]).output(0, "ok")
