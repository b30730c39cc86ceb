"""What the scenarios of 0.58.0 share."""

import json

import car_runtime

from harness import Outcome, Scenarios, proposal

scenario = Scenarios()


def runtime(tools=None, register=()):
    rt = car_runtime.CarRuntime()
    for name in register:
        rt.register_tool(name)
    if tools is not None:
        car_runtime.register_tool_handler(tools)
    return rt


def put(rt, key, value, **arguments):
    rt.state_set(key, json.dumps(value), **arguments)


def get(rt, key, **arguments):
    return json.loads(rt.state_get(key, **arguments))


def call(rt, method, params):
    return json.loads(rt.daemon_call(method, json.dumps(params)))


def fail(text):
    def function(_call):
        raise ValueError(text)

    return function


def execute(rt, proposal_id, actions, handler):
    """Runs a proposal with a handler of its own, whatever is registered for the process."""
    text = rt.execute_proposal(proposal(proposal_id, actions), handler)
    return Outcome(text, proposal_id, [a["id"] for a in actions])
