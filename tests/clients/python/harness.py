"""What both drive scripts share: the scenario runner, checks, and builders for proposals.

The environment says where the daemon is (`CAR_DAEMON_URL`) and where the token
lies (`HOME`, `XDG_RUNTIME_DIR`); the scripts start nothing and never sleep. A
scenario that hangs is killed by its own watchdog.
"""

import contextlib
import faulthandler
import json
import os
import subprocess
import sys
import tempfile
import threading
import traceback

# The clients read this on every call. It must be set before the first one and
# stay below PATIENCE, so that an unanswered call fails with the client's own words.
os.environ.setdefault("CAR_DAEMON_TIMEOUT", "15")

# Seconds to wait for something that must happen. Never used to let time pass.
PATIENCE = 20.0
# Seconds a whole scenario may take before its process is killed.
WATCHDOG = 60.0


class Failed(AssertionError):
    """A check did not hold."""


def equal(actual, expected, what):
    """Exact equality, in type too: `1` is not `1.0` and not `True`, at any depth."""
    if not _same(actual, expected):
        raise Failed(f"{what}: expected {expected!r}, got {actual!r}")


def _same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    return a == b


def check(condition, what):
    if not condition:
        raise Failed(what)


@contextlib.contextmanager
def raises(kind, what):
    """Expects an exception of exactly this type; yields a box whose `error` is set to it."""

    class Box:
        error = None

    try:
        yield Box
    except Failed:
        raise
    except Exception as error:
        if type(error) is not kind:
            raise Failed(
                f"{what}: expected {kind.__name__}, got {type(error).__name__}: {error}"
            ) from error
        Box.error = error
    else:
        raise Failed(f"{what}: expected {kind.__name__}, nothing was raised")


# --- proposals -------------------------------------------------------------


def tool(action_id, name, parameters=None, **fields):
    return {
        "id": action_id,
        "type": "tool_call",
        "tool": name,
        "parameters": {} if parameters is None else parameters,
        **fields,
    }


def write(action_id, key, value, **fields):
    return {
        "id": action_id,
        "type": "state_write",
        "parameters": {"key": key, "value": value},
        **fields,
    }


def read(action_id, key, **fields):
    return {"id": action_id, "type": "state_read", "parameters": {"key": key}, **fields}


def assertion(action_id, key, expected, **fields):
    return {
        "id": action_id,
        "type": "assertion",
        "parameters": {"key": key, "expected": expected},
        **fields,
    }


def proposal(proposal_id, actions, **fields):
    return json.dumps({"id": proposal_id, "source": "car-tests", "actions": actions, **fields})


class Outcome:
    """A proposal's result, taken apart."""

    def __init__(self, text, proposal_id, action_ids):
        body = json.loads(text)
        equal(body.get("proposal_id"), proposal_id, "proposal_id")
        self.results = body["results"]
        self.cost = body["cost"]
        # The result comes in the order of the proposal, complete, whatever happened.
        equal([r["action_id"] for r in self.results], action_ids, "action ids, in order")
        duration = self.cost.get("total_duration_ms")
        check(
            type(duration) in (int, float) and duration >= 0,
            f"total_duration_ms is a number: {duration!r}",
        )
        for r in self.results:
            check(type(r.get("state_changes")) is dict, f"state_changes is an object: {r!r}")
            check(type(r.get("timestamp")) is str, f"timestamp is a string: {r!r}")

    def statuses(self, *expected):
        got = [r["status"] for r in self.results]
        errors = {r["action_id"]: r["error"] for r in self.results if r.get("error")}
        if got != list(expected):
            raise Failed(f"statuses: expected {list(expected)}, got {got}; errors {errors}")
        return self

    def costs(self, **expected):
        equal({k: self.cost.get(k) for k in expected}, expected, "cost")
        return self

    def output(self, index, expected):
        r = self.results[index]
        # Absent and null differ: an action that produced null says so.
        check("output" in r, f"{r['action_id']} has an output: {r!r}")
        equal(r["output"], expected, f"output of {r['action_id']}")
        check(r.get("error") is None, f"{r['action_id']} has no error: {r.get('error')!r}")
        return self

    def error(self, index, *fragments):
        r = self.results[index]
        text = r.get("error")
        check(type(text) is str and text != "", f"{r['action_id']} says why: {r!r}")
        for fragment in fragments:
            check(fragment in text, f"error of {r['action_id']} names {fragment!r}: {text!r}")
        check(r.get("output") is None, f"{r['action_id']} has no output: {r!r}")
        return self


def submit(rt, proposal_id, actions, **arguments):
    text = rt.submit_proposal(proposal(proposal_id, actions), **arguments)
    return Outcome(text, proposal_id, [a["id"] for a in actions])


class Tools:
    """A tool handler made of plain functions, which records each call.

    A function takes the call (`params` and what else the client passes) and
    returns a value; `Raw` text is handed to the client as it is.
    """

    def __init__(self, **functions):
        self.functions = functions
        self.calls = []

    def __call__(self, text):
        call = json.loads(text)
        self.calls.append(call)
        value = self.functions[call["tool"]](call)
        return value.value if isinstance(value, Raw) else json.dumps(value)

    def names(self):
        return [c["tool"] for c in self.calls]

    def params(self):
        return [c["params"] for c in self.calls]


class Raw:
    """What a handler returns to the client without encoding it first."""

    def __init__(self, value):
        self.value = value


class Gate:
    """A point where a tool stops until the test lets it go on."""

    def __init__(self):
        self._entered = threading.Event()
        self._released = threading.Event()

    def pass_through(self):
        self._entered.set()
        check(self._released.wait(PATIENCE), "the test did not release the tool")

    def wait_entered(self):
        check(self._entered.wait(PATIENCE), "the tool was not called")

    def release(self):
        self._released.set()


class Held:
    """A tool that fails until the test lets it succeed, for an action that retries.

    It holds a proposal in the middle without blocking: the older client may run a
    tool on the thread that has to read its socket, where a blocked tool stalls it.
    """

    # The delays double from 100 ms, so that these attempts outlast any test.
    ACTION = {"failure_behavior": "retry", "max_retries": 30}

    def __init__(self):
        self._entered = threading.Event()
        self._released = threading.Event()

    def __call__(self, _call):
        self._entered.set()
        if not self._released.is_set():
            raise ValueError("held")
        return "released"

    def wait_entered(self):
        check(self._entered.wait(PATIENCE), "the tool was not called")

    def release(self):
        self._released.set()


class Background:
    """Runs a function in a thread and hands back its value or its exception."""

    def __init__(self, function):
        self._value = self._error = None

        def run():
            try:
                self._value = function()
            except BaseException as error:
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def result(self):
        self._thread.join(PATIENCE)
        check(not self._thread.is_alive(), "the call did not return")
        if self._error is not None:
            raise self._error
        return self._value


# --- the token -------------------------------------------------------------


def token_path():
    """Where the published clients look for the token, and nowhere else."""
    home = os.environ.get("HOME", "")
    if sys.platform == "darwin":
        base = os.path.join(home, "Library", "Application Support")
    else:
        base = os.environ.get("XDG_RUNTIME_DIR") or os.path.join(home, ".config")
    return os.path.join(base, "ai.parslee.car", "auth-token")


@contextlib.contextmanager
def token(text):
    """Makes the client find this token, or none at all if it is None.

    A client reads the file when it connects, so the connection must be made inside.
    """
    saved = {k: os.environ.get(k) for k in ("HOME", "XDG_RUNTIME_DIR", "CAR_AUTH_TOKEN")}
    with tempfile.TemporaryDirectory() as home:
        try:
            os.environ["HOME"] = home
            os.environ.pop("XDG_RUNTIME_DIR", None)
            os.environ.pop("CAR_AUTH_TOKEN", None)
            if text is not None:
                path = token_path()
                os.makedirs(os.path.dirname(path))
                with open(path, "w", encoding="ascii") as file:
                    file.write(text)
            yield
        finally:
            for key, value in saved.items():
                if value is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = value


# --- the runner ------------------------------------------------------------


class Scenarios:
    def __init__(self):
        self._functions = {}

    def __call__(self, function):
        self._functions[function.__name__] = function
        return function

    def main(self, script):
        arguments = sys.argv[1:]
        if not arguments:
            sys.exit(self._run_all(script))
        if arguments == ["list"]:
            print("\n".join(self._functions))
            sys.exit(0)
        if len(arguments) != 1 or arguments[0] not in self._functions:
            print(f"usage: {os.path.basename(script)} [list | SCENARIO]", file=sys.stderr)
            sys.exit(2)
        self._run_one(arguments[0])

    def _run_one(self, name):
        faulthandler.dump_traceback_later(WATCHDOG, exit=True)
        try:
            self._functions[name]()
            line, code = f"ok {name}", 0
        except BaseException as error:
            if not isinstance(error, Failed):
                traceback.print_exc()
            why = " ".join(f"{type(error).__name__}: {error}".split())
            line, code = f"FAIL {name}: {why}", 1
        print(line, flush=True)
        sys.stderr.flush()
        # A tool that still waits must not keep the process alive.
        os._exit(code)

    def _run_all(self, script):
        # A process for each: the clients keep the tool handler and their threads for
        # the life of the process.
        failed = False
        for name in self._functions:
            child = subprocess.run(
                [sys.executable, script, name], stdout=subprocess.PIPE, text=True, check=False
            )
            lines = child.stdout.splitlines()
            verdict = [x for x in lines if x.startswith((f"ok {name}", f"FAIL {name}:"))]
            if child.returncode == 0 and verdict == [f"ok {name}"]:
                print(verdict[0], flush=True)
                continue
            failed = True
            fallback = f"FAIL {name}: the process ended with {child.returncode}"
            print(verdict[0] if verdict and child.returncode else fallback, flush=True)
        return 1 if failed else 0
