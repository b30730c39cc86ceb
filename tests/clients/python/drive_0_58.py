"""Drives a running daemon with the published `car-runtime` 0.58.0.

    CAR_DAEMON_URL=ws://127.0.0.1:PORT  HOME=...  python drive_0_58.py [list | SCENARIO]

This generation authenticates, then demands `server.handshake` to answer wire
protocol 3, and only then calls. It passes `action_id`, `attempt`, `request_id`
and `timeout_ms` on to the tool, takes `tools.cancel`, and reaches any method
by name through `daemon_call`.
"""

import v0_58
from v0_58 import connection, failures, memory, policies, proposals, state, voice  # noqa: F401, each adds its scenarios

if __name__ == "__main__":
    v0_58.scenario.main(__file__)
