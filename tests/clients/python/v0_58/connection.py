"""The handshake, authentication, errors and bare results."""

import json
import os

import car_runtime

import harness
from harness import Tools, check, equal, raises, submit, tool
from v0_58 import call, get, put, runtime, scenario


@scenario
def handshake():
    """The client connects, agrees on its protocol, and calls by name."""
    equal(car_runtime.protocol_version(), 3, "the client's wire protocol")
    rt = runtime()
    equal(rt.connection_epoch(), 1, "first connection")
    reply = call(
        rt,
        "server.handshake",
        {"client_version": "0.58.0", "protocol_version": 3, "required_capabilities": []},
    )
    equal(reply["protocol_version"], 3, "protocol_version")
    equal(call(rt, "state.get", {"key": "missing"}), None, "a call by name")
    equal(call(rt, "state.keys", None), [], "a call with null params")


@scenario
def auth():
    """A wrong token is refused; without one nothing works; the right one does."""
    expects_token = os.path.exists(harness.token_path())

    with harness.token("not-the-token-of-this-daemon"):
        rt = car_runtime.CarRuntime()
        if expects_token:
            with raises(RuntimeError, "a wrong token") as box:
                put(rt, "k", 1)
            # These two words make the client read the file once more before it gives up.
            check("token mismatch" in str(box.error), f"says token mismatch: {box.error}")
        else:
            put(rt, "k", 1)

    with harness.token(None):
        rt = car_runtime.CarRuntime()
        if expects_token:
            with raises(RuntimeError, "no token") as box:
                put(rt, "k", 1)
            check("-32001" in str(box.error), f"refused with -32001: {box.error}")
        else:
            put(rt, "k", 1)

    rt = car_runtime.CarRuntime()
    put(rt, "k", 1)
    equal(get(rt, "k"), 1, "k")


@scenario
def reconnect():
    """Closing ends the session; the next call makes a new one, empty."""
    rt = runtime(Tools(t=lambda c: "ok"), ["t"])
    put(rt, "k", 1)
    equal(rt.connection_epoch(), 1, "first connection")
    rt.close()
    equal(rt.connection_epoch(), 2, "second connection")
    equal(json.loads(rt.state_snapshot()), {}, "state of the new session")
    submit(rt, "p1", [tool("a1", "t")]).statuses("rejected")
    rt.register_tool("t")
    submit(rt, "p2", [tool("a1", "t")]).statuses("succeeded").output(0, "ok")


@scenario
def errors():
    """An error reaches Python with its code and its message, and the connection goes on."""
    rt = runtime()
    with raises(car_runtime.DaemonRpcError, "an unknown method") as box:
        rt.daemon_call("no.such.method", "{}")
    equal(box.error.code, -32601, "code of an unknown method")
    check("no.such.method" in box.error.message, f"names the method: {box.error.message}")

    with raises(car_runtime.DaemonRpcError, "a missing parameter") as box:
        rt.daemon_call("state.get", "{}")
    equal(box.error.code, -32602, "code of a missing parameter")
    check("key" in box.error.message, f"names the field: {box.error.message}")

    with raises(car_runtime.DaemonRpcError, "a parameter of the wrong type") as box:
        rt.daemon_call("state.get", '{"key": 7}')
    equal(box.error.code, -32602, "code of a wrong type")

    with raises(RuntimeError, "a proposal without actions") as box:
        car_runtime.register_tool_handler(lambda text: "null")
        rt.submit_proposal("{}")
    check("-32602" in str(box.error), f"bad params: {box.error}")
    put(rt, "k", 1)
    equal(get(rt, "k"), 1, "k")


@scenario
def session_init():
    """Tools and policies in one call; rules we do not know are not counted."""
    handler = Tools(a=lambda c: "a", b=lambda c: "b")
    rt = runtime(handler)
    reply = json.loads(
        rt.session_init(
            json.dumps(
                {
                    "client_id": "ignored",
                    "tools": [{"name": "a"}, {"name": "b"}],
                    "policies": [
                        {"name": "no_b", "rule": "deny_tool", "target": "b"},
                        {"name": "what", "rule": "no_such_rule"},
                    ],
                }
            )
        )
    )
    check(type(reply["session_id"]) is str and reply["session_id"] != "", f"session_id: {reply}")
    equal(reply["tools_registered"], 2, "tools_registered")
    equal(reply["policies_registered"], 1, "policies_registered")
    actions = [tool("a1", "a"), tool("a2", "b")]
    submit(rt, "p1", actions).statuses("succeeded", "rejected").error(1)
    equal(handler.names(), ["a"], "calls")

    again = json.loads(rt.session_init("{}"))
    equal((again["tools_registered"], again["policies_registered"]), (0, 0), "nothing is required")


@scenario
def raw_shapes():
    """The bare results that clients of both generations rely on."""
    rt = runtime()
    equal(call(rt, "tools.register", [{"name": "a"}, {"name": "b"}]), 2, "tools.register")
    equal(call(rt, "tools.register", []), 0, "tools.register of none")
    equal(call(rt, "state.set", {"key": "k"}), "ok", "state.set")
    equal(call(rt, "state.get", {"key": "k"}), None, "state.get after setting nothing")
    equal(call(rt, "state.exists", {"key": "k"}), True, "state.exists")
    equal(call(rt, "state.keys", {}), ["k"], "state.keys")
    equal(call(rt, "state.snapshot", {}), {"k": None}, "state.snapshot")
    equal(
        call(rt, "policy.register", {"name": "n", "rule": "deny_tool", "target": "x"}),
        {"registered": "n", "scope": "global", "level": "session"},
        "policy.register",
    )
