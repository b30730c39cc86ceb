use serde_json::{Value, json};

use super::Example;

pub(super) fn examples() -> Vec<Example> {
    let mut examples = asking();
    examples.extend(keeping());
    examples.extend(files());
    examples
}

fn asking() -> Vec<Example> {
    let context = |name| {
        Example::of(
            name,
            json!({ "query": "which port does billing use", "model_context_window": 32_768 }),
            json!({}),
        )
    };
    let text = "## Facts\n- [m-2] billing: Listens on port 8443\n";
    vec![
        Example::of(
            "memory.query",
            json!({ "query": "which port does billing use", "k": 3, "explain": true }),
            json!({ "query": "port" }),
        )
        .gives(
            json!([{
                "subject": "billing",
                "body": "Listens on port 8443",
                "kind": "fact",
                "confidence": 1.25,
                "id": "m-2",
                "fact_kind": "pattern",
                "score": score(),
            }]),
            json!([]),
        ),
        context("memory.build_context").gives(json!(text), json!("")),
        context("memory.build_context_fast").gives(json!(text), json!("")),
        context("memory.explain_context").gives(
            json!({
                "text": text,
                "lines": [{
                    "section": "facts",
                    "id": "m-2",
                    "score": score(),
                    "text": "- [m-2] billing: Listens on port 8443\n",
                }],
            }),
            json!({ "text": "", "lines": [] }),
        ),
        Example::call("memory.fact_count").gives(json!(2), json!(0)),
        Example::of("memory.get", json!({ "id": "m-2" }), json!({ "id": "m-1" }))
            .gives(fact(), least()),
        Example::of(
            "memory.list",
            json!({
                "after": "m-1",
                "limit": 10,
                "kind": "pattern",
                "source": "meeting/7",
                "outdated": true,
            }),
            json!({}),
        )
        .gives(
            json!({ "facts": [fact()], "next": "m-2" }),
            json!({ "facts": [] }),
        ),
        Example::of(
            "memory.history",
            json!({ "id": "m-2" }),
            json!({ "id": "m-1" }),
        )
        .gives(json!([fact()]), json!([])),
    ]
}

fn keeping() -> Vec<Example> {
    let small = json!({ "subject": "billing", "body": "Listens on port 8443" });
    let added = || {
        (
            json!({ "id": "m-2", "count": 2 }),
            json!({ "id": "m-1", "count": 1 }),
        )
    };
    vec![
        Example::of("memory.add_fact", new(), small.clone()).gives(json!(2), json!(1)),
        Example::of("memory.add", new(), small.clone()).gives(added().0, added().1),
        Example::of(
            "memory.update",
            json!({
                "id": "m-2",
                "subject": "billing",
                "body": "Listens on port 8443",
                "kind": "pattern",
                "confidence": 0.9,
                "valid_until": "2026-06-01T00:00:00.000Z",
                "trust": "untrusted",
            }),
            json!({ "id": "m-1" }),
        )
        .gives(fact(), least()),
        Example::of(
            "memory.supersede",
            json!({ "id": "m-1", "fact": new() }),
            json!({ "id": "m-1", "fact": small }),
        )
        .gives(added().0, added().1),
        Example::of(
            "memory.forget",
            json!({ "id": "m-2", "source": "meeting/7" }),
            json!({}),
        )
        .gives(
            json!({ "facts": ["m-2"], "vectors": 1, "index_rows": 4, "references": 1 }),
            json!({ "facts": [], "vectors": 0, "index_rows": 0, "references": 0 }),
        ),
        Example::of(
            "memory.ingest_conversation",
            json!({
                "speaker": "meeting/7/mic",
                "text": "the bridge opens in May",
                "at": "2026-01-02T03:04:05.678Z",
                "segment": segment(),
            }),
            json!({ "speaker": "ada", "text": "hello" }),
        )
        .gives(
            json!({ "outcome": "replaced", "id": "m-2" }),
            json!({ "outcome": "known" }),
        ),
        Example::call("memory.consolidate")
            .gives(consolidated(40, &["billing"]), consolidated(0, &[])),
    ]
}

fn files() -> Vec<Example> {
    let file = |name| {
        Example::of(
            name,
            json!({ "path": "team/notes.json" }),
            json!({ "path": "a" }),
        )
    };
    vec![
        file("memory.persist").gives(json!(2), json!(0)),
        file("memory.load").gives(json!(2), json!(0)),
        file("memory.export").gives(
            json!({ "facts": 2, "bytes": 512 }),
            json!({ "facts": 0, "bytes": 25 }),
        ),
        file("memory.import").gives(
            json!({ "facts": 2, "outdated": 1 }),
            json!({ "facts": 0, "outdated": 0 }),
        ),
    ]
}

fn new() -> Value {
    json!({
        "subject": "billing",
        "body": "Listens on port 8443",
        "kind": "pattern",
        "confidence": 0.9,
        "valid_until": "2026-06-01T00:00:00.000Z",
        "trust": "untrusted",
        "source": "meeting/7",
        "event": "meeting/7#12",
        "contradicts": ["m-3"],
        "derived_from": ["m-4"],
    })
}

fn fact() -> Value {
    json!({
        "id": "m-2",
        "subject": "billing",
        "body": "Listens on port 8443",
        "kind": "pattern",
        "confidence": 0.9,
        "source": "meeting/7/mic",
        "event": "meeting/7#12",
        "at": "2026-01-02T03:04:05.678Z",
        "valid_until": "2026-06-01T00:00:00.000Z",
        "trust": "untrusted",
        "outdated": true,
        "supersedes": "m-1",
        "superseded_by": "m-5",
        "contradicts": ["m-3"],
        "derived_from": ["m-4"],
        "segment": segment(),
    })
}

fn least() -> Value {
    json!({
        "id": "m-1",
        "subject": "billing",
        "body": "Listens on port 80",
        "kind": "pattern",
        "confidence": 0.5,
        "source": "session/6f1d0c4b92ae",
        "at": "2026-01-02T03:04:05.678Z",
    })
}

fn segment() -> Value {
    json!({ "conversation": "meeting/7", "source": "mic", "segment": "s1", "revision": 2 })
}

fn score() -> Value {
    json!({ "total": 1.25, "lexical": 0.75, "dense": 0.5, "graph": 0.25 })
}

fn consolidated(embedded: u64, domains: &[&str]) -> Value {
    json!({
        "expired_pruned": 1,
        "superseded_gc": 0,
        "stale_embeddings_removed": embedded,
        "nodes_embedded": embedded,
        "domains_evolved": domains,
        "total_nodes": 200,
        "total_edges": 12,
        "embedding_coverage": 1.0,
        "trajectory_insights": 0,
        "model_insights": 0,
        "turns_compacted": 0,
        "summaries_created": 0,
        "conv_facts_extracted": 0,
    })
}
