//! Inputs for the fuzz targets to begin with: every example as it travels.

use super::Document;
use super::node::Node;
use super::protocol::Protocol;

/// What the examples do not have: escapes, pairs, depth.
const FOR_THE_SCAN: &[(&str, &str)] = &[
    ("escapes", r#"{"a\"b":"\\\/\b\f\n\r\t\u00e9","[":"{"}"#),
    ("pairs", r#"["\ud83d\ude00","\uD834\uDD1E\u0041"]"#),
    ("halves", r#"["\ud83d","\ude00","\ud83d\n","\\ud83d"]"#),
    (
        "nested",
        r#"{"a":[{"b":[[],{},[{}]]}],"c":[[[[[[[[[[[[]]]]]]]]]]]]}"#,
    ),
    (
        "numbers",
        "[0,-0.5,1e9,1E-3,18446744073709551617,null,true,false]",
    ),
];

/// A batch of all messages of a namespace for the decoder, and the params of each line by themselves.
pub(super) fn documents(protocol: &Protocol) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut namespaces: Vec<(&str, Vec<Node>)> = Vec::new();
    for line in &protocol.lines {
        let mut call = Node::object([("jsonrpc", "2.0".into())]);
        if line.result.is_some() {
            call.set("id", 1);
        }
        call.set("method", line.name);
        call.set("params", line.params_shown.clone());
        let answer = line.result_shown.as_ref().map(|result| {
            Node::object([
                ("jsonrpc", "2.0".into()),
                ("id", "cb-1".into()),
                ("result", result.clone()),
            ])
        });
        let messages = [Some(call), answer].into_iter().flatten();
        let namespace = line.namespace();
        match namespaces.iter_mut().find(|(name, _)| *name == namespace) {
            Some((_, all)) => all.extend(messages),
            None => namespaces.push((namespace, messages.collect())),
        }
        let path = format!("fuzz/seeds/decode_params/{}.json", line.name);
        documents.push(Document::new(path, line.params_shown.compact()));
    }
    documents.extend(namespaces.into_iter().map(|(namespace, messages)| {
        let path = format!("fuzz/seeds/decode/{namespace}.json");
        Document::new(path, Node::List(messages).compact())
    }));
    documents.extend(FOR_THE_SCAN.iter().map(|(name, text)| {
        Document::new(format!("fuzz/seeds/scan/{name}.json"), (*text).to_owned())
    }));
    documents
}
