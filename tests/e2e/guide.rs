use std::fs;
use std::path::Path;

/// Each `transcript NAME` block of the guide must stand, word for word, in the conversation of that name.
#[test]
fn the_guide_quotes_conversations_that_took_place() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(tests.join("../docs/guide.md")).unwrap();
    let mut quoted = 0;
    for block in guide.split("```transcript ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let (quote, _) = rest.split_once("\n```").unwrap();
        let snapshot = tests.join(format!("e2e/snapshots/e2e__{name}.snap"));
        let conversation = fs::read_to_string(&snapshot).unwrap();
        assert!(
            conversation.contains(quote),
            "docs/guide.md quotes what {name} no longer says:\n{quote}"
        );
        quoted += 1;
    }
    assert!(quoted >= 5, "the guide has lost its transcripts");
}
