//! The committed documents are those that the table makes.

use std::fs;
use std::path::Path;

use car_protocol::schema::documents;

#[test]
fn the_generated_documents_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !root.join("schema").is_dir() {
        // A published package is alone; its documents were checked before it was made.
        return;
    }
    let stale: Vec<String> = documents()
        .unwrap()
        .into_iter()
        .filter(|document| {
            let text = fs::read_to_string(root.join(&document.path));
            text.unwrap_or_default() != document.text
        })
        .map(|document| document.path)
        .collect();
    assert!(
        stale.is_empty(),
        "stale: {stale:?}; `cargo xtask codegen` writes them"
    );
}
