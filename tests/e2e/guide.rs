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
