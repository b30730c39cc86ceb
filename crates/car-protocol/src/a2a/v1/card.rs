use std::collections::BTreeMap;

use super::super::Metadata;
use super::super::read::message;
use super::{AgentSkill, SecurityRequirement, SecurityScheme};

/// The protocol bindings that A2A names. Others are URIs.
pub mod binding {
    /// JSON-RPC 2.0 over HTTP.
    pub const JSONRPC: &str = "JSONRPC";
    /// gRPC.
    pub const GRPC: &str = "GRPC";
    /// HTTP with JSON bodies.
    pub const HTTP_JSON: &str = "HTTP+JSON";
}

message! {
    /// What an agent says about itself.
    pub struct AgentCard {
        /// Its name, for people.
        required name: String = "name",
        /// What it is for, for people.
        required description: String = "description",
        /// Where it can be reached; the first is preferred.
        required supported_interfaces: Vec<AgentInterface> = "supportedInterfaces",
        /// Who provides it.
        optional provider: AgentProvider = "provider",
        /// Its own version.
        required version: String = "version",
        /// Where it is described.
        optional documentation_url: String = "documentationUrl",
        /// What it can do beyond the minimum.
        required capabilities: AgentCapabilities = "capabilities",
        /// Ways to authenticate, by names that the requirements use.
        sparse security_schemes: BTreeMap<String, SecurityScheme> = "securitySchemes",
        /// What a client must have: one of these.
        sparse security_requirements: Vec<SecurityRequirement> = "securityRequirements",
        /// The media types that all skills take.
        present default_input_modes: Vec<String> = "defaultInputModes",
        /// The media types that all skills give.
        present default_output_modes: Vec<String> = "defaultOutputModes",
        /// What it can do.
        present skills: Vec<AgentSkill> = "skills",
        /// Signatures over the card without this field.
        sparse signatures: Vec<AgentCardSignature> = "signatures",
        /// Where its icon is.
        optional icon_url: String = "iconUrl",
    }
}

message! {
    /// One way to reach an agent.
    pub struct AgentInterface {
        /// Where: an absolute URL.
        required url: String = "url",
        /// How: one of [`binding`], or the URI of another binding.
        required protocol_binding: String = "protocolBinding",
        /// What requests there must give as their tenant.
        optional tenant: String = "tenant",
        /// The version of A2A that is spoken there: major and minor, for example `1.0`.
        required protocol_version: String = "protocolVersion",
    }
}

message! {
    /// Who provides an agent.
    pub struct AgentProvider {
        /// Their website.
        required url: String = "url",
        /// Their name.
        required organization: String = "organization",
    }
}

message! {
    /// What an agent can do beyond the minimum. What is not said, it cannot.
    #[derive(Default)]
    pub struct AgentCapabilities {
        /// Whether it streams.
        optional streaming: bool = "streaming",
        /// Whether it calls webhooks.
        optional push_notifications: bool = "pushNotifications",
        /// The extensions that it knows.
        sparse extensions: Vec<AgentExtension> = "extensions",
        /// Whether it shows more of its card to those who authenticate.
        optional extended_agent_card: bool = "extendedAgentCard",
    }
}

message! {
    /// An extension of A2A that an agent knows.
    #[derive(Default)]
    pub struct AgentExtension {
        /// Which.
        plain uri: String = "uri",
        /// What the agent does with it, for people.
        optional description: String = "description",
        /// Whether a client must use it.
        sparse required: bool = "required",
        /// Its parameters.
        sparse params: Metadata = "params",
    }
}

message! {
    /// A signature of a card, in the JSON form of a JWS (RFC 7515) whose payload is the card itself.
    pub struct AgentCardSignature {
        /// The protected header: JSON in base64url.
        required protected: String = "protected",
        /// The signature, in base64url.
        required signature: String = "signature",
        /// The header that is not protected.
        sparse header: Metadata = "header",
    }
}

message! {
    /// The params of `GetExtendedAgentCard`.
    #[derive(Default)]
    pub struct GetExtendedAgentCardRequest {
        /// The tenant, where the interface has one.
        optional tenant: String = "tenant",
    }
}
