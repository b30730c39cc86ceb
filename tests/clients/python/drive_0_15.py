"""Drives a running daemon with the published `car-runtime` 0.15.2.

    CAR_DAEMON_URL=ws://127.0.0.1:PORT  HOME=...  python drive_0_15.py [list | SCENARIO]

This generation sends `"params": null`, has no handshake, and answers every
`tools.execute` one at a time. A tool that blocks may stall its whole connection,
and a tool must not call the runtime; so nothing here does either. Its
`state_get`, `state_exists` and `state_keys` turn any error into `"null"`,
`False` and `[]`, so a scenario never trusts one of them alone.
"""

import v0_15
from v0_15 import connection, failures, memory, proposals, refusals  # noqa: F401, each adds its scenarios

if __name__ == "__main__":
    v0_15.scenario.main(__file__)
