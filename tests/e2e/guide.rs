use std::fs;
use std::path::Path;

/// How many transcripts of a page stand, word for word, in the conversations that they name; those are the snapshots of
/// this suite or of the one with real sockets.
fn quoted(page: &str) -> usize {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(tests.join("../docs").join(page)).unwrap();
    let mut quoted = 0;
    for block in text.split("```transcript ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let (quote, _) = rest.split_once("\n```").unwrap();
        let snapshot = ["e2e", "sockets"]
            .map(|suite| tests.join(format!("{suite}/snapshots/{suite}__{name}.snap")));
        let snapshot = snapshot.iter().find(|path| path.exists()).unwrap();
        let conversation = fs::read_to_string(snapshot).unwrap();
        assert!(
            conversation.contains(quote),
            "docs/{page} quotes what {name} no longer says:\n{quote}"
        );
        quoted += 1;
    }
    quoted
}

#[test]
fn the_guide_quotes_conversations_that_took_place() {
    assert!(
        quoted("guide.md") >= 5,
        "the guide has lost its transcripts"
    );
}

#[test]
fn the_page_about_operations_quotes_what_was_said() {
    assert!(
        quoted("operations.md") >= 3,
        "the page has lost its transcripts"
    );
}

#[test]
fn the_page_about_streams_quotes_conversations_that_took_place() {
    assert!(
        quoted("streams.md") >= 5,
        "the page has lost its transcripts"
    );
}

#[test]
fn the_page_about_sessions_quotes_conversations_that_took_place() {
    assert!(
        quoted("sessions.md") >= 6,
        "the page has lost its transcripts"
    );
}

#[test]
fn the_page_about_outcomes_quotes_conversations_that_took_place() {
    assert!(
        quoted("outcomes.md") >= 6,
        "the page has lost its transcripts"
    );
}

#[test]
fn the_page_about_proposals_quotes_conversations_that_took_place() {
    assert!(
        quoted("proposals.md") >= 7,
        "the page has lost its transcripts"
    );
}

#[test]
fn the_pages_about_policies_results_and_approvals_quote_conversations_that_took_place() {
    for (page, transcripts) in [("policies.md", 8), ("results.md", 7), ("approvals.md", 4)] {
        assert!(
            quoted(page) >= transcripts,
            "docs/{page} has lost its transcripts"
        );
    }
}

/// Each Rust block of the README must stand, word for word, in the example that it is from.
#[test]
fn the_readme_quotes_an_example_that_is_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let example = root.join("crates/car-protocol/examples/snapshot.rs");
    let example = fs::read_to_string(example).unwrap();
    let blocks: Vec<_> = readme.split("```rust\n").skip(1).collect();
    assert!(!blocks.is_empty(), "the README has lost its example");
    for block in blocks {
        let (quote, _) = block.split_once("\n```").unwrap();
        // In the example the lines may stand further to the right.
        let lines = |text: &str| {
            text.lines()
                .map(|line| line.trim().to_owned() + "\n")
                .collect::<String>()
        };
        let quoted = lines(&example).contains(&lines(quote));
        assert!(
            quoted,
            "the README quotes what the example does not say:\n{quote}"
        );
    }
}

#[test]
fn the_pages_about_agents_and_chats_quote_conversations_that_took_place() {
    for (page, transcripts) in [("agents.md", 4), ("chat.md", 5)] {
        assert!(
            quoted(page) >= transcripts,
            "docs/{page} has lost its transcripts"
        );
    }
}

#[test]
fn the_page_about_memory_quotes_conversations_that_took_place() {
    assert!(
        quoted("memory.md") >= 3,
        "the page has lost its transcripts"
    );
}
