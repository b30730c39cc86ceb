"""Retry, abort, cancellation and errors of a tool."""

import json
import threading

import car_runtime

from harness import PATIENCE, Background, Gate, Raw, Tools, check, equal, submit, tool, write
from v0_58 import put, runtime, scenario


@scenario
def retry():
    """Each attempt carries its number and a request id of its own."""
    seen = []

    def flaky(c):
        seen.append((c["attempt"], c["action_id"], c["request_id"]))
        if len(seen) < 3:
            raise ValueError("not yet")
        return "third time"

    rt = runtime(Tools(flaky=flaky), ["flaky"])
    outcome = submit(rt, "p1", [tool("a1", "flaky", failure_behavior="retry")])
    outcome.statuses("succeeded").output(0, "third time")
    outcome.costs(tool_calls=1, actions_executed=1, actions_skipped=0, retries=2)
    equal([x[:2] for x in seen], [(1, "a1"), (2, "a1"), (3, "a1")], "attempts")
    check(len({x[2] for x in seen}) == 3, f"request ids differ: {seen}")


@scenario
def abort_and_roll_back():
    gate = Gate()

    def broken(_call):
        gate.pass_through()
        raise ValueError("cannot go on")

    rt = runtime(Tools(broken=broken, never=lambda c: None), ["broken", "never"])
    put(rt, "overwritten", "before")
    actions = [
        write("a1", "created", 1),
        write("a2", "overwritten", "during"),
        tool("a3", "broken"),
        tool("a4", "never"),
    ]
    running = Background(lambda: submit(rt, "p1", actions))
    gate.wait_entered()
    put(rt, "foreign", 1)
    gate.release()
    outcome = running.result().costs(tool_calls=0, actions_skipped=1, retries=0)
    equal([r["status"] for r in outcome.results][2:], ["failed", "skipped"], "the end")
    outcome.error(2, "cannot go on")
    equal(
        json.loads(rt.state_snapshot()),
        {"overwritten": "before", "foreign": 1},
        "state after the abort",
    )


@scenario
def tool_cancelled():
    """A tool that runs out of time is told so, by the id it was called with."""
    cancelled = []
    told = threading.Event()

    def on_cancel(request_id):
        cancelled.append(request_id)
        told.set()

    def slow(_call):
        check(told.wait(PATIENCE), "the tool was not told")
        return "too late"

    car_runtime.register_tool_cancel_handler(on_cancel)
    handler = Tools(slow=slow, fast=lambda c: "fast")
    rt = runtime(handler, ["slow", "fast"])
    outcome = submit(rt, "p1", [tool("a1", "slow", timeout_ms=200), tool("a2", "fast")])
    outcome.statuses("failed", "skipped").error(0)
    check(told.wait(PATIENCE), "the tool was not told")
    equal(cancelled, [handler.calls[0]["request_id"]], "cancelled requests")
    equal(handler.calls[0]["timeout_ms"], 200, "timeout_ms")
    submit(rt, "p2", [tool("a1", "fast")]).statuses("succeeded").output(0, "fast")
    equal(len(cancelled), 1, "number of cancellations")


@scenario
def terminal_error():
    """The client marks such an error with data; the action fails like any other."""

    def terminal(_call):
        raise car_runtime.TerminalToolError("cannot recover")

    handler = Tools(terminal=terminal)
    rt = runtime(handler, ["terminal"])
    actions = [write("a1", "k", 1), tool("a2", "terminal")]
    outcome = submit(rt, "p1", actions)
    equal(outcome.results[1]["status"], "failed", "status")
    outcome.error(1, "cannot recover").costs(retries=0)
    equal(json.loads(rt.state_snapshot()), {}, "state after the abort")


@scenario
def handler_without_a_json_text():
    handler = Tools(none=lambda c: Raw(None), words=lambda c: Raw("words"))
    rt = runtime(handler, ["none", "words"])
    actions = [tool(n, n, failure_behavior="skip") for n in handler.functions]
    submit(rt, "p1", actions).statuses("skipped", "skipped").error(0, "NoneType").error(1, "JSON")
