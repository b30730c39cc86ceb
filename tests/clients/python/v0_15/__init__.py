"""What the scenarios of 0.15.2 share."""

import json

import car_runtime

from harness import Scenarios

scenario = Scenarios()


def runtime(tools=None, register=()):
    """A new connection, hence a new session. The handler belongs to the process."""
    rt = car_runtime.CarRuntime()
    for name in register:
        rt.register_tool(name)
    if tools is not None:
        car_runtime.register_tool_handler(tools)
    return rt


def put(rt, key, value):
    rt.state_set(key, json.dumps(value))


def get(rt, key):
    return json.loads(rt.state_get(key))


def fail(text):
    def function(_call):
        raise ValueError(text)

    return function
