"""State, of the session and of its tenants."""

import json

from harness import Tools, equal, read, submit, write
from v0_58 import get, put, runtime, scenario


@scenario
def state():
    rt = runtime()
    equal(rt.state_keys(), [], "keys of a new session")
    equal(rt.state_get("missing"), "null", "a missing key")
    equal(rt.state_exists("missing"), False, "a missing key exists")
    values = {
        "object": {"z": [1, {"a": None}], "a": {}},
        "null": None,
        "u64": 18446744073709551615,
        "whole float": 1.0,
        "unicode é 日本 \U0001f600": "\U0001f600 \u2028 \x00",
    }
    for key, value in values.items():
        put(rt, key, value)
    for key, value in values.items():
        equal(get(rt, key), value, f"value of {key!r}")
        equal(rt.state_exists(key), True, f"{key!r} exists")
    equal(sorted(rt.state_keys()), sorted(values), "keys")
    equal(json.loads(rt.state_snapshot()), values, "snapshot")
    equal(json.loads(runtime().state_snapshot()), {}, "state of another session")


@scenario
def tenants():
    """A tenant has its own keys, by call and by a proposal's scope alike."""
    rt = runtime(Tools(t=lambda c: "ok"), ["t"])
    put(rt, "k", "session")
    put(rt, "k", "blue", tenant="blue")
    put(rt, "only blue", 1, tenant="blue")
    equal(get(rt, "k"), "session", "the session's key")
    equal(get(rt, "k", tenant="blue"), "blue", "blue's key")
    equal(get(rt, "k", tenant="green"), None, "green's key")
    equal(rt.state_exists("only blue"), False, "blue's key exists for the session")
    equal(rt.state_exists("only blue", tenant="blue"), True, "blue's key exists for blue")
    equal(rt.state_keys(), ["k"], "the session's keys")
    equal(sorted(rt.state_keys(tenant="blue")), ["k", "only blue"], "blue's keys")
    equal(rt.state_keys(tenant="green"), [], "green's keys")
    equal(json.loads(rt.state_snapshot()), {"k": "session"}, "the session's snapshot")
    equal(
        json.loads(rt.state_snapshot(tenant="blue")),
        {"k": "blue", "only blue": 1},
        "blue's snapshot",
    )
    scope = json.dumps({"tenantId": "blue"})
    actions = [read("a1", "k"), write("a2", "k", "from a proposal")]
    submit(rt, "p1", actions, scope_json=scope).statuses("succeeded", "succeeded").output(0, "blue")
    equal(get(rt, "k", tenant="blue"), "from a proposal", "blue's key afterwards")
    equal(get(rt, "k"), "session", "the session's key afterwards")
