use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::{Version, v0_3, v1};
use super::security::{requirement_to_v0_3, requirement_to_v1};
use super::{ConvertError, every};

impl TryFrom<v0_3::AgentCard> for v1::AgentCard {
    type Error = ConvertError;

    fn try_from(card: v0_3::AgentCard) -> Result<Self, ConvertError> {
        let supported_interfaces = interfaces(&card);
        let mut capabilities = v1::AgentCapabilities::from(card.capabilities);
        capabilities.extended_agent_card = card.supports_authenticated_extended_card;
        Ok(Self {
            name: card.name,
            description: card.description,
            supported_interfaces,
            provider: card.provider.map(|provider| v1::AgentProvider {
                url: provider.url,
                organization: provider.organization,
            }),
            version: card.version,
            documentation_url: card.documentation_url,
            capabilities,
            security_schemes: schemes(card.security_schemes)?,
            security_requirements: requirements_to_v1(card.security),
            default_input_modes: card.default_input_modes,
            default_output_modes: card.default_output_modes,
            skills: every(card.skills),
            signatures: Vec::new(),
            icon_url: card.icon_url,
        })
    }
}

/// The main interface first, then the others, without the main one where it is repeated.
fn interfaces(card: &v0_3::AgentCard) -> Vec<v1::AgentInterface> {
    // A patch number is never told.
    let protocol_version = match Version::parse(&card.protocol_version) {
        Some(version) => version.as_str().to_owned(),
        None => card.protocol_version.clone(),
    };
    let interface = |url: &String, binding: &str| v1::AgentInterface {
        url: url.clone(),
        protocol_binding: binding.to_owned(),
        tenant: None,
        protocol_version: protocol_version.clone(),
    };
    let binding = card.preferred_transport.as_deref();
    let main = interface(&card.url, binding.unwrap_or(v1::binding::JSONRPC));
    let others = card.additional_interfaces.iter();
    let others = others.map(|other| interface(&other.url, &other.transport));
    let mut interfaces = vec![main];
    for other in others {
        if !interfaces.contains(&other) {
            interfaces.push(other);
        }
    }
    interfaces
}

/// The card that a client of 0.3 sees: only the interfaces of 0.3 are on it.
impl TryFrom<v1::AgentCard> for v0_3::AgentCard {
    type Error = ConvertError;

    fn try_from(card: v1::AgentCard) -> Result<Self, ConvertError> {
        let Reach {
            url,
            protocol_version,
            preferred_transport,
            additional_interfaces,
        } = reach(&card.supported_interfaces)?;
        Ok(Self {
            protocol_version,
            name: card.name,
            description: card.description,
            url,
            preferred_transport: Some(preferred_transport),
            additional_interfaces,
            icon_url: card.icon_url,
            provider: card.provider.map(|provider| v0_3::AgentProvider {
                organization: provider.organization,
                url: provider.url,
            }),
            version: card.version,
            documentation_url: card.documentation_url,
            supports_authenticated_extended_card: card.capabilities.extended_agent_card,
            capabilities: card.capabilities.into(),
            security_schemes: schemes(card.security_schemes)?,
            security: requirements_to_v0_3(card.security_requirements),
            default_input_modes: card.default_input_modes,
            default_output_modes: card.default_output_modes,
            skills: every(card.skills),
            signatures: Vec::new(),
        })
    }
}

/// Where a card of 0.3 says that the agent is.
struct Reach {
    url: String,
    protocol_version: String,
    preferred_transport: String,
    additional_interfaces: Vec<v0_3::AgentInterface>,
}

fn reach(interfaces: &[v1::AgentInterface]) -> Result<Reach, ConvertError> {
    let spoken = |interface: &&v1::AgentInterface| {
        Version::parse(&interface.protocol_version) == Some(Version::V0_3)
    };
    let mut interfaces = interfaces.iter().filter(spoken);
    let main = interfaces.next().ok_or(ConvertError::NoInterface)?;
    let mut additional_interfaces = Vec::new();
    for other in interfaces {
        no_tenant(other)?;
        additional_interfaces.push(v0_3::AgentInterface {
            url: other.url.clone(),
            transport: other.protocol_binding.clone(),
        });
    }
    no_tenant(main)?;
    Ok(Reach {
        url: main.url.clone(),
        protocol_version: main.protocol_version.clone(),
        preferred_transport: main.protocol_binding.clone(),
        additional_interfaces,
    })
}

fn no_tenant(interface: &v1::AgentInterface) -> Result<(), ConvertError> {
    super::no_tenant(interface.tenant.as_ref())
}

/// One document that clients of both versions read: the card of 1.0, and on top of it what a client of 0.3 needs to
/// find its way. Sign the result, not the card.
///
/// `securitySchemes` has one name and two shapes; it stays that of 1.0.
///
/// # Errors
/// [`ConvertError::NoInterface`] when no interface speaks 0.3, [`ConvertError::Tenant`] when such a one has a tenant.
pub fn serve_both(card: &v1::AgentCard) -> Result<Map<String, Value>, ConvertError> {
    let reach = reach(&card.supported_interfaces)?;
    let Ok(Value::Object(mut document)) = serde_json::to_value(card) else {
        // A card is an object whose names are strings: there is nothing in it that JSON cannot hold.
        return Err(ConvertError::NoInterface);
    };
    let mut add = |name: &str, value: Value| document.insert(name.to_owned(), value);
    add("url", reach.url.into());
    add("protocolVersion", reach.protocol_version.into());
    add("preferredTransport", reach.preferred_transport.into());
    let others = reach.additional_interfaces.iter();
    let others: Vec<Value> = others
        .map(|other| serde_json::json!({ "url": other.url, "transport": other.transport }))
        .collect();
    if !others.is_empty() {
        add("additionalInterfaces", others.into());
    }
    if let Some(extended) = card.capabilities.extended_agent_card {
        add("supportsAuthenticatedExtendedCard", extended.into());
    }
    Ok(document)
}

impl From<v0_3::AgentCapabilities> for v1::AgentCapabilities {
    fn from(capabilities: v0_3::AgentCapabilities) -> Self {
        let extension = |extension: v0_3::AgentExtension| v1::AgentExtension {
            uri: extension.uri,
            description: extension.description,
            required: extension.required.unwrap_or_default(),
            params: extension.params,
        };
        Self {
            streaming: capabilities.streaming,
            push_notifications: capabilities.push_notifications,
            extensions: capabilities.extensions.into_iter().map(extension).collect(),
            extended_agent_card: None,
        }
    }
}

impl From<v1::AgentCapabilities> for v0_3::AgentCapabilities {
    fn from(capabilities: v1::AgentCapabilities) -> Self {
        let extension = |extension: v1::AgentExtension| v0_3::AgentExtension {
            uri: extension.uri,
            description: extension.description,
            required: extension.required.then_some(true),
            params: extension.params,
        };
        Self {
            streaming: capabilities.streaming,
            push_notifications: capabilities.push_notifications,
            state_transition_history: None,
            extensions: capabilities.extensions.into_iter().map(extension).collect(),
        }
    }
}

impl From<v0_3::AgentSkill> for v1::AgentSkill {
    fn from(skill: v0_3::AgentSkill) -> Self {
        Self {
            id: skill.id,
            name: skill.name,
            description: skill.description,
            tags: skill.tags,
            examples: skill.examples,
            input_modes: skill.input_modes,
            output_modes: skill.output_modes,
            security_requirements: requirements_to_v1(skill.security),
        }
    }
}

impl From<v1::AgentSkill> for v0_3::AgentSkill {
    fn from(skill: v1::AgentSkill) -> Self {
        Self {
            id: skill.id,
            name: skill.name,
            description: skill.description,
            tags: skill.tags,
            examples: skill.examples,
            input_modes: skill.input_modes,
            output_modes: skill.output_modes,
            security: requirements_to_v0_3(skill.security_requirements),
        }
    }
}

fn requirements_to_v1(all: Vec<v0_3::SecurityRequirement>) -> Vec<v1::SecurityRequirement> {
    all.into_iter().map(requirement_to_v1).collect()
}

fn requirements_to_v0_3(all: Vec<v1::SecurityRequirement>) -> Vec<v0_3::SecurityRequirement> {
    all.into_iter().map(requirement_to_v0_3).collect()
}

fn schemes<T: TryInto<U, Error = ConvertError>, U>(
    schemes: BTreeMap<String, T>,
) -> Result<BTreeMap<String, U>, ConvertError> {
    let converted = |(name, scheme): (String, T)| Ok((name, scheme.try_into()?));
    schemes.into_iter().map(converted).collect()
}
