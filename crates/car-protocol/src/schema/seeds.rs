//! Inputs for the fuzz targets to begin with: every example as it travels.

use super::Document;
use super::node::Node;
use super::protocol::Protocol;

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
    documents
}
