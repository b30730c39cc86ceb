"""Tools, proposals, and what becomes of them."""

import json

import car_runtime

from harness import Tools, check, equal, proposal, read, submit, tool, write
from v0_58 import call, execute, get, put, runtime, scenario


@scenario
def tools():
    """The tool is told the action, the attempt and the request it serves."""
    handler = Tools(t=lambda c: {"n": c["params"]["n"]})
    rt = runtime(handler)
    rt.register_tool_schema(
        json.dumps(
            {
                "name": "t",
                "description": "Gives back a number.",
                "parameters": {
                    "type": "object",
                    "properties": {"n": {"type": "integer"}},
                    "required": ["n"],
                },
            }
        )
    )
    actions = [tool("a1", "t", {"n": 1}), tool("a2", "t", {"n": 2}, timeout_ms=10000)]
    outcome = submit(rt, "p1", actions).statuses("succeeded", "succeeded")
    outcome.output(0, {"n": 1}).output(1, {"n": 2})
    outcome.costs(tool_calls=2, actions_executed=2, actions_skipped=0, retries=0)
    for number, c in enumerate(handler.calls, 1):
        equal(c["tool"], "t", "tool")
        equal(c["params"], {"n": number}, "params")
        equal(c["action_id"], f"a{number}", "action_id")
        equal(c["attempt"], 1, "attempt")
    equal(handler.calls[1]["timeout_ms"], 10000, "timeout_ms of a bounded action")
    ids = [c["request_id"] for c in handler.calls]
    check(len(set(ids)) == 2 and "" not in ids, f"request ids differ and are not empty: {ids}")

    submit(rt, "p2", [tool("a1", "t", {"n": "1"})]).statuses("rejected").error(0)
    submit(rt, "p3", [tool("a1", "no_such_tool")]).statuses("rejected").error(0, "no_such_tool")
    equal(len(handler.calls), 2, "number of calls")


@scenario
def proposals():
    """In order, with state, nulls, and one outcome for each action."""
    handler = Tools(step=lambda c: c["params"]["n"], nothing=lambda c: None)
    rt = runtime(handler, ["step", "nothing"])
    actions = [
        tool("a1", "step", {"n": 1}),
        write("a2", "k", {"x": 1}),
        read("a3", "k"),
        tool("a4", "nothing"),
        write("a5", "k", 2),
        tool("a6", "step", {"n": 2}),
        read("a7", "k"),
    ]
    outcome = submit(rt, "p1", actions).statuses(*["succeeded"] * 7)
    outcome.output(0, 1).output(2, {"x": 1}).output(3, None).output(5, 2).output(6, 2)
    outcome.costs(tool_calls=3, actions_executed=7, actions_skipped=0, retries=0)
    equal([c["action_id"] for c in handler.calls], ["a1", "a4", "a6"], "order of the calls")
    equal(json.loads(rt.state_snapshot()), {"k": 2}, "state")


@scenario
def execute_proposal():
    """A handler for one proposal serves that one and leaves the registered one alone."""
    registered = Tools(t=lambda c: "registered")
    own = Tools(t=lambda c: "own")
    rt = runtime(registered, ["t"])
    execute(rt, "p1", [tool("a1", "t"), tool("a2", "t")], own).output(0, "own").output(1, "own")
    submit(rt, "p2", [tool("a1", "t")]).output(0, "registered")
    equal((len(own.calls), len(registered.calls)), (2, 1), "calls of each handler")


@scenario
def calls_from_a_tool():
    """A tool may use the connection that called it while its proposal waits for it."""
    rt = runtime()

    def nested(_call):
        put(rt, "inside", 1)
        rt.register_tool("late")
        return rt.state_keys()

    car_runtime.register_tool_handler(Tools(nested=nested))
    rt.register_tool("nested")
    outcome = submit(rt, "p1", [tool("a1", "nested"), read("a2", "inside")])
    # The proposal reads the state as it was when it began; the key is there all the same.
    outcome.statuses("succeeded", "succeeded").output(0, ["inside"]).output(1, None)
    equal(get(rt, "inside"), 1, "a key written from inside a tool")


@scenario
def verify():
    rt = runtime(Tools(t=lambda c: "called"), ["t"])
    good = json.loads(rt.verify_proposal(proposal("v", [write("a1", "k", 1), tool("a2", "t")])))
    equal((good["valid"], good["issues"]), (True, []), "a good proposal")
    equal(good["simulated_state"], {"k": 1}, "simulated state")
    bad = json.loads(rt.verify_proposal(proposal("v", [tool("a1", "no_such_tool")])))
    equal(bad["valid"], False, "a bad proposal")
    equal([(i["action_id"], i["severity"]) for i in bad["issues"]], [("a1", "error")], "issues")
    # By name, the state to start from may be given.
    needs = {"actions": [tool("a1", "t", state_dependencies=["have"])]}
    given = call(rt, "verify", {"proposal": needs, "initial_state": {"have": 1}})
    equal((given["valid"], given["simulated_state"]), (True, {"have": 1}), "with a given state")
    equal(call(rt, "verify", {"proposal": needs})["valid"], False, "without it")


@scenario
def events():
    """count, stats, truncate and clear agree with each other."""
    rt = runtime(Tools(t=lambda c: "ok"), ["t"])
    submit(rt, "p1", [tool("a1", "t"), tool("a2", "t")]).statuses("succeeded", "succeeded")
    count = rt.event_count()
    check(type(count) is int and count >= 3, f"a proposal and two actions: {count}")
    stats = json.loads(rt.events_stats("null"))
    equal(stats["events"], count, "events in the statistics")
    for field in ("events", "spans", "approxEventBytes", "approxSpanBytes"):
        check(type(stats[field]) is int and stats[field] >= 0, f"{field} is a number: {stats}")
    check(stats["approxEventBytes"] > 0, f"events take space: {stats}")

    truncated = json.loads(rt.events_truncate('{"maxEvents": 1}'))
    equal(truncated["removedEvents"], count - 1, "removedEvents")
    check(type(truncated["removedSpans"]) is int, f"removedSpans: {truncated}")
    equal(truncated["stats"]["events"], 1, "events left")
    equal(rt.event_count(), 1, "count after truncating")

    cleared = json.loads(rt.events_clear("{}"))
    equal(cleared["removed"]["events"], 1, "events removed")
    equal(cleared["stats"]["events"], 0, "events left")
    equal(rt.event_count(), 0, "count after clearing")
