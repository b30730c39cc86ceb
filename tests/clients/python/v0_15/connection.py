"""Authentication, sessions and state."""

import json
import os

import car_runtime

import harness
from harness import Tools, check, equal, raises, submit, tool
from v0_15 import get, put, runtime, scenario


@scenario
def auth():
    """A wrong token is refused; without one the first method is; the right one works."""
    expects_token = os.path.exists(harness.token_path())

    with harness.token("not-the-token-of-this-daemon"):
        rt = car_runtime.CarRuntime()
        if expects_token:
            with raises(RuntimeError, "a wrong token") as box:
                put(rt, "k", 1)
            check("session.auth" in str(box.error), f"refused by session.auth: {box.error}")
        else:
            put(rt, "k", 1)

    with harness.token(None):
        rt = car_runtime.CarRuntime()
        if expects_token:
            with raises(RuntimeError, "no token") as box:
                put(rt, "k", 1)
            check(" -32001 " in str(box.error), f"refused with -32001: {box.error}")
        else:
            put(rt, "k", 1)

    rt = car_runtime.CarRuntime()
    put(rt, "k", 1)
    equal(get(rt, "k"), 1, "k")


@scenario
def sessions_are_separate():
    """Two runtimes of one process are two sessions: neither state nor tools are shared."""
    tools = Tools(only_first=lambda call: "here")
    first = runtime(tools, ["only_first"])
    second = runtime()
    put(first, "k", 1)
    put(second, "other", 2)
    equal(json.loads(first.state_snapshot()), {"k": 1}, "state of the first")
    equal(json.loads(second.state_snapshot()), {"other": 2}, "state of the second")

    action = [tool("a1", "only_first")]
    submit(second, "p1", action).statuses("rejected")
    equal(tools.names(), [], "calls")
    submit(first, "p2", action).statuses("succeeded").output(0, "here")


@scenario
def state():
    rt = runtime()
    equal(rt.state_keys(), [], "keys of a new session")
    equal(json.loads(rt.state_snapshot()), {}, "snapshot of a new session")
    equal(rt.state_get("missing"), "null", "a missing key")
    equal(rt.state_exists("missing"), False, "a missing key exists")

    values = {
        "object": {"z": [1, {"a": None}], "a": {}, "": "empty key"},
        "array": [],
        "true": True,
        "false": False,
        "null": None,
        "zero": 0,
        "int": -7,
        "u64": 18446744073709551615,
        "i64": -9223372036854775808,
        "whole float": 1.0,
        "float": 0.1,
        "large float": 1e300,
        "empty": "",
        "text": 'quote " backslash \\ newline \n tab \t nul \x00',
        "unicode é 日本 \U0001f600": "é 日本 \U0001f600 \u2028",
        "dots.and/slashes:colons": "x",
    }
    for key, value in values.items():
        put(rt, key, value)
    for key, value in values.items():
        equal(get(rt, key), value, f"value of {key!r}")
        equal(rt.state_exists(key), True, f"{key!r} exists")
    equal(sorted(rt.state_keys()), sorted(values), "keys")
    equal(json.loads(rt.state_snapshot()), values, "snapshot")

    put(rt, "int", {"now": "an object"})
    equal(get(rt, "int"), {"now": "an object"}, "a key written again")
    equal(len(rt.state_keys()), len(values), "number of keys after writing one again")


@scenario
def state_large_value():
    rt = runtime()
    value = "é" * (1 << 20)
    put(rt, "large", value)
    equal(get(rt, "large") == value, True, "2 MiB come back")
    equal(json.loads(rt.state_snapshot()) == {"large": value}, True, "2 MiB in a snapshot")


@scenario
def meetings_are_listed():
    rt = runtime()
    begun = json.loads(rt.start_meeting(json.dumps({"id": "python", "sources": ["mic"]})))
    equal(begun["voice_session_ids"], ["meeting:python:mic"], "streams of a meeting")
    ended = json.loads(rt.stop_meeting("python", False))
    check(ended["ended_at"] is not None, f"it has ended: {ended}")
    check("python" in json.loads(rt.list_meetings())["ids"], "the meeting is listed")
    equal(json.loads(rt.get_meeting("python"))["segments"], [], "what is kept")
    with raises(RuntimeError, "a meeting that is not there"):
        rt.get_meeting("none")
