"""What happens when a tool fails: retry, skip, abort, time out."""

import json
import threading

from harness import Background, Held, Raw, Tools, equal, read, submit, tool, write
from v0_15 import fail, get, put, runtime, scenario


@scenario
def handler_without_a_json_text():
    """This client turns anything but a JSON text into an error, Python's None included."""
    tools = Tools(
        none=lambda call: Raw(None), number=lambda call: Raw(5), words=lambda call: Raw("words")
    )
    rt = runtime(tools, ["none", "number", "words"])
    actions = [tool(f"a{i}", n, failure_behavior="skip") for i, n in enumerate(tools.functions)]
    outcome = submit(rt, "p1", actions).statuses("skipped", "skipped", "skipped")
    outcome.error(0, "NoneType").error(1, "int").error(2, "JSON")
    outcome.costs(tool_calls=0, retries=0)


@scenario
def retry():
    """Two failures, then a value: one successful tool call, two retries."""
    attempts = []

    def flaky(call):
        attempts.append(call["params"])
        if len(attempts) < 3:
            raise ValueError(f"attempt {len(attempts)} fails")
        return "third time"

    rt = runtime(Tools(flaky=flaky, after=lambda call: "after"), ["flaky", "after"])
    actions = [tool("a1", "flaky", {"x": 1}, failure_behavior="retry"), tool("a2", "after")]
    outcome = submit(rt, "p1", actions)
    outcome.statuses("succeeded", "succeeded").output(0, "third time").output(1, "after")
    equal(attempts, [{"x": 1}] * 3, "attempts")
    outcome.costs(tool_calls=2, actions_executed=2, actions_skipped=0, retries=2)


@scenario
def retry_exhausted():
    """`max_retries` counts the attempts after the first. Giving up is no abort."""
    tools = Tools(broken=fail("always"), after=lambda call: "after")
    rt = runtime(tools, ["broken", "after"])
    actions = [
        tool("a1", "broken", failure_behavior="retry", max_retries=1),
        tool("a2", "after"),
    ]
    outcome = submit(rt, "p1", actions).statuses("failed", "succeeded")
    outcome.error(0, "always").output(1, "after")
    outcome.costs(tool_calls=1, actions_executed=2, actions_skipped=0, retries=1)
    equal(tools.names(), ["broken", "broken", "after"], "calls")


@scenario
def retry_needs_its_behavior():
    """`max_retries` alone retries nothing: an aborting or skipping action has one attempt."""
    tools = Tools(broken=fail("always"))
    rt = runtime(tools, ["broken"])
    actions = [
        tool("a1", "broken", failure_behavior="skip", max_retries=5),
        tool("a2", "broken", max_retries=5),
    ]
    outcome = submit(rt, "p1", actions).statuses("skipped", "failed").costs(retries=0)
    outcome.error(0, "always").error(1, "always")
    equal(tools.names(), ["broken", "broken"], "calls")


@scenario
def abort_and_roll_back():
    """An abort undoes the proposal's own writes and nothing else."""
    held = Held()
    tools = Tools(
        ok=lambda call: "ok", hold=held, broken=fail("cannot go on"), never=lambda call: "never"
    )
    rt = runtime(tools, ["ok", "hold", "broken", "never"])
    put(rt, "untouched", "before")
    put(rt, "overwritten", "before")
    actions = [
        write("a1", "created", 1),
        write("a2", "overwritten", "during"),
        write("a3", "overwritten", "twice"),
        tool("a4", "ok", expected_effects={"effect": 1}),
        tool("a5", "hold", **Held.ACTION),
        tool("a6", "broken"),
        tool("a7", "never"),
        write("a8", "late", 1),
    ]
    running = Background(lambda: submit(rt, "p1", actions))
    held.wait_entered()
    # Nobody sees the writes while the proposal runs, and another writer comes between.
    equal(
        json.loads(rt.state_snapshot()),
        {"untouched": "before", "overwritten": "before"},
        "state during the proposal",
    )
    put(rt, "foreign", {"by": "someone else"})
    put(rt, "untouched", "changed by someone else")
    held.release()

    outcome = running.result()
    equal([r["status"] for r in outcome.results][5:], ["failed", "skipped", "skipped"], "the end")
    outcome.error(5, "cannot go on")
    outcome.costs(tool_calls=2, actions_executed=6, actions_skipped=2)
    equal([n for n in tools.names() if n != "hold"], ["ok", "broken"], "calls")
    equal(
        json.loads(rt.state_snapshot()),
        {
            "untouched": "changed by someone else",
            "overwritten": "before",
            "foreign": {"by": "someone else"},
        },
        "state after the abort",
    )
    equal(rt.state_exists("created"), False, "a key the proposal created exists")
    equal(rt.state_exists("late"), False, "a key of a skipped action exists")

    # The session goes on as if the proposal had never been.
    submit(rt, "p2", [tool("a1", "ok"), read("a2", "overwritten")]).output(1, "before")


@scenario
def skip_keeps_going():
    """A failing action that may be skipped costs only itself."""
    tools = Tools(broken=fail("no matter"), ok=lambda call: "ok")
    rt = runtime(tools, ["broken", "ok"])
    actions = [
        write("a1", "k", 1),
        tool("a2", "broken", failure_behavior="skip"),
        tool("a3", "ok"),
    ]
    outcome = submit(rt, "p1", actions).statuses("succeeded", "skipped", "succeeded")
    outcome.error(1, "no matter").output(2, "ok")
    outcome.costs(tool_calls=1, retries=0)
    equal(get(rt, "k"), 1, "k")


@scenario
def tool_timeout():
    """`timeout_ms` ends an action whose tool does not answer; the late answer harms nobody."""
    done = threading.Event()

    def slow(_call):
        # Normally the test ends this. The limit is for a client that cannot read the
        # outcome while its tool blocks; it is far behind the action's own limit.
        done.wait(3)
        return "too late"

    rt = runtime(Tools(slow=slow, fast=lambda call: "fast"), ["slow", "fast"])
    outcome = submit(rt, "p1", [tool("a1", "slow", timeout_ms=200), tool("a2", "fast")])
    done.set()
    outcome.statuses("failed", "skipped").error(0)
    outcome.costs(tool_calls=0, actions_executed=1, actions_skipped=1, retries=0)
    submit(rt, "p2", [tool("a1", "fast")]).statuses("succeeded").output(0, "fast")
