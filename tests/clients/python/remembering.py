"""Memory: facts of the daemon, whichever connection they came by. All clients call it alike."""

import json

from harness import equal


def scenarios(runtime, scenario, town, lamp, file):
    """The same for each client, with names and a file of its own: they share the daemon's memory."""

    @scenario
    def facts():
        rt = runtime()
        before = rt.fact_count()
        count = rt.add_fact("harbour", f"The ferry to {town} leaves at nine", "pattern")
        equal(count, before + 1, "facts after one more")
        count = rt.add_fact("harbour", "Nobody sails when it storms", "constraint", 0.9)
        equal(count, before + 2, "facts after two more")
        equal(rt.fact_count(), before + 2, "the count")
        found = json.loads(rt.query_facts(f"when does the ferry to {town} leave", 1))
        equal(found[0]["subject"], "harbour", "subject of what was found")
        equal(found[0]["body"], f"The ferry to {town} leaves at nine", "body of what was found")
        equal(found[0]["confidence"] > 0, True, "how well it fits")
        equal(runtime().fact_count(), before + 2, "the count on another connection")

    @scenario
    def contexts():
        rt = runtime()
        rt.add_fact("lighthouse", f"The lamp of {lamp} turns every eight seconds", "pattern")
        text = rt.build_context(f"how often does the lamp of {lamp} turn")
        equal("turns every eight seconds" in text, True, "the fact is in the context")
        equal("turns every eight seconds" in rt.build_context_fast("lamp", 8192), True, "in the fast one")
        report = json.loads(rt.consolidate())
        equal(report["total_nodes"] > 0, True, "facts in the report")

    @scenario
    def skills():
        rt = runtime()
        name, failed = f"moor_in_{town}", []
        number = rt.ingest_skill(name, "tie()", "boat", "captain", "", ["moor"], f"Moors in {town}")
        equal(number > 0, True, "the number of the skill")
        found = json.loads(rt.find_skill("captain", "", f"moor the boat in {town}"))
        equal([skill["code"] for skill in found], ["tie()"], "what was found")
        equal(json.loads(rt.report_outcome(name, "success"))["success_count"], 1, "how often it worked")
        events = [{"kind": "action_failed", "tool": "winch", "data": {"domain": town, "error": "rope torn"}}]
        learnt = rt.distill_skills(json.dumps(events))
        equal(rt.ingest_distilled_skills(learnt), 1, "lessons that were kept")
        lesson = json.loads(learnt)[0]["name"]
        listed = [skill["name"] for skill in json.loads(rt.list_skills(town))]
        equal(lesson in listed and name in listed, True, "they are listed")
        for _ in range(3):
            failed = json.loads(rt.report_outcome(lesson, "fail"))
        equal(failed["degraded"], True, "it failed too often")
        equal(town in rt.domains_needing_evolution(0.6), True, "the domain needs evolution")
        equal(rt.repair_skill(lesson), None, "there is no better code")
        equal(json.loads(rt.evolve_skills(json.dumps(events), town)), [], "nothing new")

    @scenario
    def files():
        rt = runtime()
        rt.add_fact("pier", "Closed in winter", "pattern")
        count = rt.fact_count()
        equal(rt.persist_memory(file), count, "facts that were written")
        equal(rt.load_memory(file), count, "facts that were loaded")
        equal(rt.fact_count(), count, "the count after loading")
