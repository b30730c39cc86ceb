//! The manifest that an agent is installed from.

use std::collections::{BTreeMap, BTreeSet};

use car_protocol::rpc::agents::{AgentSpec, Capability};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::AgentId;

/// How long a manifest may be, in bytes.
const MAX_MANIFEST: usize = 1 << 20;

/// What this daemon does for agents, by namespace.
const CAPABILITIES: &[(&str, &[&str])] = &[("storage", &["temporary"])];

/// A manifest that was read.
#[derive(Debug)]
pub struct Manifest {
    /// The agent.
    pub id: AgentId,
    /// How it is started; none for one that is data only.
    pub spec: Option<AgentSpec>,
    /// The token that it names.
    pub token: Option<String>,
    /// What it could use and is not there.
    pub missing_optional: Vec<Capability>,
    /// All of it, as it is written to `manifest.toml`.
    pub text: String,
}

/// What is wrong with a manifest.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// A member is missing or something else.
    #[error("the manifest's {field}: {why}")]
    Member {
        /// Which.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// It needs what is not there.
    #[error("the agent needs {namespace}.{feature}, which this daemon does not have")]
    Lacks {
        /// The namespace.
        namespace: String,
        /// Its feature.
        feature: String,
    },
    /// It is too long.
    #[error("a manifest has {limit} bytes at most")]
    TooLong {
        /// How many there may be.
        limit: usize,
    },
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Capabilities {
    required: BTreeMap<String, Vec<String>>,
    optional: BTreeMap<String, Vec<String>>,
    denied: BTreeMap<String, Vec<String>>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn read(manifest: &Map<String, Value>) -> Result<Self, ManifestError> {
        let member = |field: &str, why: &dyn ToString| ManifestError::Member {
            field: field.to_owned(),
            why: why.to_string(),
        };
        let about = object(manifest, "agent")?;
        let transport = object(manifest, "transport")?;
        let text = |from: &Map<String, Value>, field: &str, name: &str| match from.get(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            _ => Err(member(field, &"a string is missing")),
        };
        let id = text(about, "agent.id", "id")?;
        let id: AgentId = id.parse().map_err(|error| member("agent.id", &error))?;
        let wanted: Capabilities = match manifest.get("capabilities") {
            Some(wanted) if !wanted.is_null() => serde_json::from_value(wanted.clone())
                .map_err(|error| member("capabilities", &error))?,
            _ => Capabilities::default(),
        };
        if let Some(Capability { namespace, feature }) =
            missing(&wanted.required).into_iter().next()
        {
            return Err(ManifestError::Lacks { namespace, feature });
        }
        let spec = match &*text(transport, "transport.kind", "kind")? {
            kind @ ("external_process" | "acp") => {
                let name = text(about, "agent.name", "name")?;
                text(transport, "transport.command", "command")?;
                let mut spec = transport.clone();
                spec.insert("id".to_owned(), id.as_str().into());
                spec.insert("name".to_owned(), name.into());
                spec.retain(|_, value| !value.is_null());
                if kind == "acp" {
                    spec.entry("acp").or_insert_with(|| Map::new().into());
                } else {
                    spec.remove("acp");
                }
                let mut spec: AgentSpec = serde_json::from_value(Value::Object(spec))
                    .map_err(|error| member("transport", &error))?;
                spec.denied = wanted.denied;
                Some(spec)
            }
            _ => None,
        };
        let token = transport.get("token").and_then(Value::as_str);
        let token = token.filter(|token| !token.is_empty()).map(str::to_owned);
        let mut written = Value::Object(manifest.clone());
        if let Some(transport) = written
            .pointer_mut("/transport")
            .and_then(Value::as_object_mut)
        {
            // Tokens have files of their own.
            transport.remove("token");
        }
        without_nulls(&mut written);
        let text = toml::to_string(&written).map_err(|error| member("members", &error))?;
        if text.len() > MAX_MANIFEST {
            let limit = MAX_MANIFEST;
            return Err(ManifestError::TooLong { limit });
        }
        Ok(Self {
            id,
            spec,
            token,
            missing_optional: missing(&wanted.optional).into_iter().collect(),
            text,
        })
    }
}

fn object<'a>(
    manifest: &'a Map<String, Value>,
    name: &str,
) -> Result<&'a Map<String, Value>, ManifestError> {
    let found = manifest.get(name).and_then(Value::as_object);
    found.ok_or_else(|| ManifestError::Member {
        field: name.to_owned(),
        why: "an object is missing".to_owned(),
    })
}

/// What of this is not there.
fn missing(wanted: &BTreeMap<String, Vec<String>>) -> BTreeSet<Capability> {
    let there = |namespace: &str, feature: &str| {
        CAPABILITIES
            .iter()
            .any(|(name, features)| *name == namespace && features.contains(&feature))
    };
    let all = wanted
        .iter()
        .flat_map(|(namespace, features)| features.iter().map(move |feature| (namespace, feature)));
    all.filter(|(namespace, feature)| !there(namespace, feature))
        .map(|(namespace, feature)| Capability {
            namespace: namespace.clone(),
            feature: feature.clone(),
        })
        .collect()
}

/// TOML has no word for nothing.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(without_nulls);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use car_protocol::rpc::agents::AcpFiles;
    use serde_json::json;

    use super::*;

    fn read(manifest: Value) -> Result<Manifest, ManifestError> {
        Manifest::read(manifest.as_object().unwrap())
    }

    fn manifest() -> Value {
        json!({
            "agent": { "id": "echo", "name": "Echo", "version": "1.0" },
            "publisher": { "key_id": "k", "signature": null },
            "transport": { "kind": "external_process", "command": "/opt/echo", "token": "secret", "args": ["-v"] },
            "capabilities": {
                "optional": { "inference": ["embedding"], "storage": ["temporary"] },
                "denied": { "network": ["*"] },
            },
            "later": { "deep": [1, { "more": true }] },
        })
    }

    #[test]
    fn all_of_a_manifest_is_kept_but_its_token() {
        let manifest = read(manifest()).unwrap();
        let spec = manifest.spec.unwrap();
        assert_eq!(
            (&*spec.command, &*spec.args),
            ("/opt/echo", &["-v".to_owned()][..])
        );
        assert_eq!(spec.denied["network"], ["*"]);
        assert_eq!(manifest.missing_optional.len(), 1);
        assert_eq!(manifest.token.as_deref(), Some("secret"));
        assert!(!manifest.text.contains("secret"));
        for kept in ["version = \"1.0\"", "key_id = \"k\"", "deep", "more = true"] {
            assert!(manifest.text.contains(kept), "{kept}");
        }
    }

    #[test]
    fn an_agent_of_another_protocol_says_so_and_names_its_files() {
        let mut acp = manifest();
        assert_eq!(read(acp.clone()).unwrap().spec.unwrap().acp, None);
        acp["transport"]["kind"] = json!("acp");
        let spec = read(acp.clone()).unwrap().spec.unwrap();
        assert_eq!(spec.acp, Some(AcpFiles::default()));
        acp["transport"]["acp"] = json!({ "read": ["/srv/docs"] });
        let spec = read(acp).unwrap().spec.unwrap();
        assert_eq!(spec.acp.unwrap().read, ["/srv/docs"]);
    }

    #[test]
    fn data_is_kept_and_not_started() {
        let mut data = manifest();
        data["transport"] = json!({ "kind": "pure_data" });
        let data = read(data).unwrap();
        assert!(data.spec.is_none() && data.text.contains("pure_data"));
    }

    #[test]
    fn a_manifest_that_climbs_or_needs_more_than_there_is_is_refused() {
        let mut climbs = manifest();
        climbs["agent"]["id"] = json!("../echo");
        assert!(
            matches!(read(climbs), Err(ManifestError::Member { field, .. }) if field == "agent.id")
        );
        let mut needs = manifest();
        needs["capabilities"]["required"] = json!({ "inference": ["embedding"] });
        assert!(matches!(read(needs), Err(ManifestError::Lacks { .. })));
        assert!(matches!(read(json!({})), Err(ManifestError::Member { .. })));
    }
}
