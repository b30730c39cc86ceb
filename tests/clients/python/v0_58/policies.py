"""Policies, for the session and for a part of it."""

import json

from harness import Tools, check, equal, raises, submit, tool
from v0_58 import runtime, scenario


@scenario
def policies():
    handler = Tools(rm=lambda c: "removed", open=lambda c: "opened")
    rt = runtime(handler, ["rm", "open"])
    rt.register_policy("no_rm", "deny_tool", target="rm")
    rt.register_policy("no_etc", "deny_tool_param", target="open", key="path", pattern="/etc/")
    submit(rt, "p1", [tool("a1", "rm")]).statuses("rejected").error(0)
    submit(rt, "p2", [tool("a1", "open", {"path": "/etc/x"})]).statuses("rejected").error(0)
    equal(handler.names(), [], "calls")
    submit(rt, "p3", [tool("a1", "open", {"path": "/x"})]).output(0, "opened")


@scenario
def policy_sessions():
    """A policy session adds its rules to the proposals that name it, until it is closed."""
    handler = Tools(t=lambda c: "called")
    rt = runtime(handler, ["t"])
    opened = json.loads(rt.session_policy_open("null"))
    session_id = opened["session_id"]
    check(type(session_id) is str and session_id != "", f"session_id: {opened!r}")
    reply = json.loads(
        rt.policy_register(
            json.dumps(
                {"name": "no_t", "rule": "deny_tool", "target": "t", "session_id": session_id}
            )
        )
    )
    expected = {"registered": "no_t", "scope": {"session_id": session_id}, "level": "policy_scope"}
    equal(reply, expected, "reply")
    action = [tool("a1", "t")]
    submit(rt, "p1", action, session_id=session_id).statuses("rejected").error(0)
    submit(rt, "p2", action).statuses("succeeded").output(0, "called")

    close = json.dumps({"session_id": session_id})
    equal(json.loads(rt.session_policy_close(close)), {"closed": True}, "closing")
    equal(json.loads(rt.session_policy_close(close)), {"closed": False}, "closing again")
    with raises(RuntimeError, "a proposal in a closed policy session") as box:
        submit(rt, "p3", action, session_id=session_id)
    check("unknown policy scope" in str(box.error), f"names the scope: {box.error}")
    equal(len(handler.calls), 1, "number of calls")
