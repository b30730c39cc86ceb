"""Memory: facts of the daemon, whichever connection they came by."""

import json

from harness import equal
from v0_58 import runtime, scenario


@scenario
def facts():
    rt = runtime()
    before = rt.fact_count()
    count = rt.add_fact("harbour", "The ferry to Granvik leaves at nine", "pattern")
    equal(count, before + 1, "facts after one more")
    count = rt.add_fact("harbour", "Nobody sails when it storms", "constraint", 0.9)
    equal(count, before + 2, "facts after two more")
    equal(rt.fact_count(), before + 2, "the count")
    found = json.loads(rt.query_facts("when does the ferry to Granvik leave", 1))
    equal(found[0]["subject"], "harbour", "subject of what was found")
    equal(found[0]["body"], "The ferry to Granvik leaves at nine", "body of what was found")
    equal(found[0]["confidence"] > 0, True, "how well it fits")
    equal(runtime().fact_count(), before + 2, "the count on another connection")


@scenario
def contexts():
    rt = runtime()
    rt.add_fact("lighthouse", "The lamp of Soderskar turns every eight seconds", "pattern")
    text = rt.build_context("how often does the lamp of Soderskar turn")
    equal("turns every eight seconds" in text, True, "the fact is in the context")
    equal("turns every eight seconds" in rt.build_context_fast("lamp", 8192), True, "in the fast one")
    report = json.loads(rt.consolidate())
    equal(report["total_nodes"] > 0, True, "facts in the report")


@scenario
def files():
    rt = runtime()
    rt.add_fact("pier", "Closed in winter", "pattern")
    count = rt.fact_count()
    equal(rt.persist_memory("drive/0_58.json"), count, "facts that were written")
    equal(rt.load_memory("drive/0_58.json"), count, "facts that were loaded")
    equal(rt.fact_count(), count, "the count after loading")
