"""What a proposal does when all goes well."""

import json

import car_runtime

from harness import (
    Background,
    Held,
    Tools,
    assertion,
    check,
    equal,
    proposal,
    read,
    submit,
    tool,
    write,
)
from v0_15 import fail, get, put, runtime, scenario


@scenario
def tools():
    """A proposal calls the registered function, and its value is the action's output."""
    handler = Tools(
        add=lambda call: {"sum": call["params"]["a"] + call["params"]["b"]},
        echo=lambda call: call["params"],
    )
    rt = runtime(handler, ["echo"])
    rt.register_tool_schema(
        json.dumps(
            {
                "name": "add",
                "description": "Adds two numbers.",
                "parameters": {
                    "type": "object",
                    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
                    "required": ["a", "b"],
                },
            }
        )
    )

    deep = {"list": [1, 2.5, None, {"k": "é"}], "empty": {}}
    outcome = submit(
        rt,
        "p1",
        [tool("a1", "add", {"a": 2, "b": 40}), tool("a2", "echo", deep), tool("a3", "echo")],
    )
    outcome.statuses("succeeded", "succeeded", "succeeded")
    outcome.output(0, {"sum": 42}).output(1, deep).output(2, {})
    outcome.costs(tool_calls=3, actions_executed=3, actions_skipped=0, retries=0)
    equal(
        handler.calls,
        [
            {"tool": "add", "params": {"a": 2, "b": 40}},
            {"tool": "echo", "params": deep},
            {"tool": "echo", "params": {}},
        ],
        "calls",
    )
    for result in outcome.results:
        duration = result.get("duration_ms")
        check(type(duration) in (int, float) and duration >= 0, f"duration_ms: {result!r}")

    # Parameters that break the schema never reach the tool.
    for proposal_id, parameters in (("p2", {"a": 1}), ("p3", {"a": 1, "b": "2"})):
        submit(rt, proposal_id, [tool("a1", "add", parameters)]).statuses("rejected").error(0)
    # A property the schema does not name is allowed.
    submit(rt, "p4", [tool("a1", "add", {"a": 1, "b": 2, "c": 3})]).output(0, {"sum": 3})
    equal(len(handler.calls), 4, "number of calls")


@scenario
def tool_registered_again():
    """Registering a name a second time replaces its schema."""
    handler = Tools(t=lambda call: "called")
    rt = runtime(handler)
    strict = {"name": "t", "parameters": {"type": "object", "required": ["x"]}}
    rt.register_tool_schema(json.dumps(strict))
    submit(rt, "p1", [tool("a1", "t")]).statuses("rejected")
    rt.register_tool("t")
    submit(rt, "p2", [tool("a1", "t")]).statuses("succeeded").output(0, "called")


@scenario
def handler_replaced():
    """The client swaps its handler without a word to the daemon; the next call reaches the new one."""
    rt = runtime(Tools(t=lambda call: "old"), ["t"])
    submit(rt, "p1", [tool("a1", "t")]).output(0, "old")
    car_runtime.register_tool_handler(Tools(t=lambda call: "new"))
    submit(rt, "p2", [tool("a1", "t")]).output(0, "new")


@scenario
def state_actions():
    """state_write, state_read, assertion and expected_effects, without any tool."""
    handler = Tools(t=lambda call: "done")
    rt = runtime(handler, ["t"])
    put(rt, "before", [1])
    actions = [
        read("a1", "before"),
        write("a2", "k", {"x": 1}),
        read("a3", "k"),
        assertion("a4", "k", {"x": 1}),
        tool("a5", "t", expected_effects={"effect": True}),
        read("a6", "effect"),
        read("a7", "missing"),
    ]
    outcome = submit(rt, "p1", actions).statuses(*["succeeded"] * 7)
    outcome.output(0, [1]).output(2, {"x": 1}).output(4, "done").output(5, True).output(6, None)
    equal(outcome.results[1]["state_changes"], {"k": {"x": 1}}, "changes of a2")
    equal(outcome.results[4]["state_changes"], {"effect": True}, "changes of a5")
    equal(outcome.results[2]["state_changes"], {}, "changes of a read")
    outcome.costs(tool_calls=1, actions_executed=7, actions_skipped=0, retries=0)
    equal(
        json.loads(rt.state_snapshot()),
        {"before": [1], "k": {"x": 1}, "effect": True},
        "state afterwards",
    )

    outcome = submit(rt, "p2", [assertion("a1", "k", 2)]).statuses("failed").error(0)
    outcome.costs(tool_calls=0, actions_executed=1, actions_skipped=0, retries=0)


@scenario
def ordering():
    """Without declared dependencies the actions run one after the other, as written."""
    held = Held()
    tools = Tools(hold=held, step=lambda call: call["params"]["n"])
    rt = runtime(tools, ["hold", "step"])
    actions = [
        tool("a0", "hold", **Held.ACTION),
        write("a1", "k", 1),
        tool("a2", "step", {"n": 1}),
        read("a3", "k"),
        write("a4", "k", 2),
        tool("a5", "step", {"n": 2}),
        read("a6", "k"),
        tool("a7", "step", {"n": 3}),
        tool("a8", "step", {"n": 4}),
        write("a9", "k", 3),
    ]
    running = Background(lambda: submit(rt, "p1", actions))
    held.wait_entered()
    # While the first action is not done, nothing behind it has happened.
    equal(json.loads(rt.state_snapshot()), {}, "state before the first action is done")
    equal(set(tools.names()), {"hold"}, "calls before the first action is done")
    held.release()
    outcome = running.result().statuses(*["succeeded"] * 10)
    outcome.output(0, "released").output(3, 1).output(6, 2).output(8, 4)
    steps = [call["params"]["n"] for call in tools.calls if call["tool"] == "step"]
    equal(steps, [1, 2, 3, 4], "order of the steps")
    equal(tools.names()[-4:], ["step"] * 4, "the steps come last")
    equal(get(rt, "k"), 3, "the last write wins")


@scenario
def connection_works_during_a_proposal():
    """A proposal under way does not stop the other calls of its connection."""
    held = Held()
    rt = runtime(Tools(hold=held), ["hold"])
    actions = [tool("a1", "hold", **Held.ACTION), read("a2", "meanwhile")]
    running = Background(lambda: submit(rt, "p1", actions))
    held.wait_entered()
    put(rt, "meanwhile", "written")
    equal(get(rt, "meanwhile"), "written", "a key written while a proposal runs")
    check(rt.event_count() > 0, "events of the running proposal")
    rt.register_tool("another")
    held.release()
    # The proposal reads the state as it was when it began.
    running.result().statuses("succeeded", "succeeded").output(1, None)
    equal(get(rt, "meanwhile"), "written", "the key after the proposal")


@scenario
def null_result():
    """A tool that returns JSON null succeeds with the output null."""
    rt = runtime(Tools(nothing=lambda call: None, after=lambda call: 1), ["nothing", "after"])
    outcome = submit(rt, "p1", [tool("a1", "nothing"), tool("a2", "after")])
    outcome.statuses("succeeded", "succeeded").output(0, None).output(1, 1)
    outcome.costs(tool_calls=2, actions_executed=2, actions_skipped=0, retries=0)


@scenario
def result_that_looks_like_an_error():
    """Only a JSON-RPC error fails a tool; a result with a member called `error` is a result."""
    value = {"error": {"code": -32000, "message": "not one"}, "result": None}
    rt = runtime(Tools(t=lambda call: value), ["t"])
    submit(rt, "p1", [tool("a1", "t")]).statuses("succeeded").output(0, value)


@scenario
def proposal_defaults():
    """Ids, source and context may be left out; ids are then made up, all different."""
    rt = runtime(Tools(t=lambda call: "ok"), ["t"])
    action = {"type": "tool_call", "tool": "t"}
    body = json.loads(rt.submit_proposal(json.dumps({"actions": [action, action]})))
    check(body["proposal_id"] != "", "a proposal id")
    ids = [r["action_id"] for r in body["results"]]
    check(len(set(ids)) == 2 and "" not in ids, f"two action ids: {ids}")
    equal([r["output"] for r in body["results"]], ["ok", "ok"], "outputs")

    body = json.loads(rt.submit_proposal(json.dumps({"id": "empty", "actions": []})))
    equal((body["proposal_id"], body["results"]), ("empty", []), "an empty proposal")


@scenario
def tenants():
    """A scope's tenant has its own keys; `claims` may be left out."""
    rt = runtime(Tools(t=lambda call: "ok"), ["t"])
    put(rt, "k", "session")
    scope = json.dumps({"callerId": "c", "tenantId": "blue"})
    arguments = {"scope_json": scope}
    outcome = submit(rt, "p1", [write("a1", "k", "blue"), read("a2", "k")], **arguments)
    outcome.statuses("succeeded", "succeeded").output(1, "blue")
    equal(get(rt, "k"), "session", "the session's key")
    equal(rt.state_keys(), ["k"], "the session's keys")
    green = json.dumps({"tenantId": "green", "claims": {}})
    submit(rt, "p2", [read("a1", "k")], scope_json=green).output(0, None)
    submit(rt, "p3", [read("a1", "k")], **arguments).output(0, "blue")


@scenario
def verify():
    """Verifying says what would go wrong, calls nobody and changes nothing."""
    tools = Tools(t=lambda call: "called")
    rt = runtime(tools, ["t"])

    def verified(actions):
        body = json.loads(rt.verify_proposal(proposal("v", actions)))
        for issue in body["issues"]:
            check(type(issue["message"]) is str and issue["message"], f"a message: {issue!r}")
        return body

    good = verified(
        [write("a1", "k", 1), tool("a2", "t", state_dependencies=["k"], expected_effects={"e": 2})]
    )
    equal((good["valid"], good["issues"]), (True, []), "a good proposal")
    equal(good["simulated_state"], {"k": 1, "e": 2}, "simulated state")

    def one_error(actions, action_id, what):
        body = verified(actions)
        equal(body["valid"], False, what)
        found = [(i["action_id"], i["severity"]) for i in body["issues"]]
        equal(found, [(action_id, "error")], what)
        return body["issues"][0]["message"]

    message = one_error([tool("a1", "t"), tool("a2", "no_such_tool")], "a2", "an unknown tool")
    check("no_such_tool" in message, f"the message names the tool: {message}")
    one_error([tool("a1", "t", state_dependencies=["zz"])], "a1", "a missing dependency")
    one_error(
        [tool("a1", "t", preconditions=[{"key": "zz", "operator": "exists"}])],
        "a1",
        "a precondition that cannot hold",
    )

    twice = verified([tool("a1", "t", {"x": 1}), tool("a2", "t", {"x": 1})])
    equal(twice["valid"], True, "the same call twice")
    equal([i["severity"] for i in twice["issues"]], ["warning"], "the same call twice")
    thrice = verified([tool(f"a{i}", "t", {"x": 1}) for i in range(3)])
    equal(thrice["valid"], False, "the same call three times")
    equal([i["severity"] for i in thrice["issues"]], ["error"], "the same call three times")

    many = verified([tool(f"a{i}", "t", {"i": i}) for i in range(30)])
    equal((many["valid"], many["issues"]), (True, []), "thirty actions")
    more = verified([tool(f"a{i}", "t", {"i": i}) for i in range(31)])
    equal(more["valid"], True, "thirty-one actions")
    equal([i["severity"] for i in more["issues"]], ["warning"], "thirty-one actions")

    equal(tools.names(), [], "calls")
    equal(json.loads(rt.state_snapshot()), {}, "state")


@scenario
def events():
    """Every proposal leaves events behind, the same ones for the same proposal."""
    rt = runtime(Tools(t=lambda call: "ok", broken=fail("x")), ["t", "broken"])
    counts = [rt.event_count()]
    check(type(counts[0]) is int and counts[0] >= 0, f"a count: {counts[0]!r}")
    equal(rt.event_count(), counts[0], "counting adds nothing")
    for number in range(2):
        submit(rt, f"p{number}", [tool("a1", "t", {"n": number})]).statuses("succeeded")
        counts.append(rt.event_count())
    first, second = counts[1] - counts[0], counts[2] - counts[1]
    check(first >= 2, f"a proposal and its action leave at least two events: {first}")
    equal(second, first, "events of an equal proposal")
    submit(rt, "p2", [tool("a1", "broken")]).statuses("failed")
    check(rt.event_count() > counts[2], "a failed proposal leaves events too")
    # A session counts its own.
    check(runtime().event_count() < counts[2], "another session has its own log")
