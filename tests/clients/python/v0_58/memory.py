"""Memory, as every client has it."""

from remembering import scenarios
from v0_58 import runtime, scenario

scenarios(runtime, scenario, "Granvik", "Soderskar", "drive/0_58.json")
