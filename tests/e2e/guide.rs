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
