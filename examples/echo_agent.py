"""An agent that says what it is told, word by word.

`pip install car-runtime==0.58.0`, `car-server` in one terminal, `python examples/echo_agent.py` in another, and in a
third `car-server chat echo`. Where the daemon starts it, it speaks for the agent that it is started as; otherwise it
registers itself as `echo`.

The client has a way to take prompts since 0.58; 0.15 answers every question but `tools.execute` with -32601, and so
can be no agent.
"""

import json
import os
import threading

import car_runtime


def answer(params):
    """Runs in a thread of the client, one prompt after the other. Raising ends the turn with `error`."""
    turn = json.loads(params)
    words = turn["prompt"].split(" ")
    for number, word in enumerate(words):
        runtime.chat_event(turn["session_id"], "token", word if number == 0 else " " + word)
    runtime.chat_event(turn["session_id"], "done")


car_runtime.register_chat_handler(answer)
runtime = car_runtime.CarRuntime()
# The first call connects.
if "CAR_AGENT_ID" in os.environ:
    runtime.state_keys()
else:
    runtime.host_register_agent(json.dumps({"id": "echo", "name": "Echo"}))
print("ready", flush=True)
threading.Event().wait()
