"""Memory, as every client has it."""

from remembering import scenarios
from v0_15 import runtime, scenario

scenarios(runtime, scenario, "Vallvik", "Norrskar", "drive/0_15.json")
