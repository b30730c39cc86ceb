use std::collections::BTreeMap;

use super::super::Metadata;
use super::super::read::{message, wire_enum};
use super::SecurityScheme;

/// Schemes that are needed together: their names, each with the scopes that it must have.
pub type SecurityRequirement = BTreeMap<String, Vec<String>>;

wire_enum! {
    /// How an agent can be reached.
    pub enum TransportProtocol {
        /// JSON-RPC 2.0 over HTTP.
        JsonRpc = "JSONRPC",
        /// gRPC.
        Grpc = "GRPC",
        /// HTTP with JSON bodies.
        HttpJson = "HTTP+JSON",
    }
}

message! {
    /// What an agent says about itself.
    pub struct AgentCard {
        /// The version of A2A that it speaks, for example `0.3.0`.
        required protocol_version: String = "protocolVersion",
        /// Its name, for people.
        required name: String = "name",
        /// What it is for, for people.
        required description: String = "description",
        /// Where it can be reached best.
        required url: String = "url",
        /// How, at `url`; JSON-RPC when nothing is said. Often one of [`TransportProtocol`].
        optional preferred_transport: String = "preferredTransport",
        /// Where else it can be reached.
        sparse additional_interfaces: Vec<AgentInterface> = "additionalInterfaces",
        /// Where its icon is.
        optional icon_url: String = "iconUrl",
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
        sparse security: Vec<SecurityRequirement> = "security",
        /// The media types that all skills take.
        present default_input_modes: Vec<String> = "defaultInputModes",
        /// The media types that all skills give.
        present default_output_modes: Vec<String> = "defaultOutputModes",
        /// What it can do.
        present skills: Vec<AgentSkill> = "skills",
        /// Whether it shows more of its card to those who authenticate.
        optional supports_authenticated_extended_card: bool = "supportsAuthenticatedExtendedCard",
        /// Signatures over the card without this field.
        sparse signatures: Vec<AgentCardSignature> = "signatures",
    }
}

message! {
    /// One more way to reach an agent.
    pub struct AgentInterface {
        /// Where.
        required url: String = "url",
        /// How. Often one of [`TransportProtocol`].
        required transport: String = "transport",
    }
}

message! {
    /// Who provides an agent.
    pub struct AgentProvider {
        /// Their name.
        required organization: String = "organization",
        /// Their website.
        required url: String = "url",
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
        /// Whether it tells how the status of a task changed. 1.0 does not have this.
        optional state_transition_history: bool = "stateTransitionHistory",
        /// The extensions that it knows.
        sparse extensions: Vec<AgentExtension> = "extensions",
    }
}

message! {
    /// An extension of A2A that an agent knows.
    pub struct AgentExtension {
        /// Which.
        required uri: String = "uri",
        /// What the agent does with it, for people.
        optional description: String = "description",
        /// Whether a client must use it.
        optional required: bool = "required",
        /// Its parameters.
        sparse params: Metadata = "params",
    }
}

message! {
    /// Something that an agent can do.
    pub struct AgentSkill {
        /// Its id, unique within the card.
        required id: String = "id",
        /// Its name, for people.
        required name: String = "name",
        /// What it does.
        required description: String = "description",
        /// Words to find it by.
        present tags: Vec<String> = "tags",
        /// What one could ask of it.
        sparse examples: Vec<String> = "examples",
        /// The media types that it takes, where they differ from the agent's.
        sparse input_modes: Vec<String> = "inputModes",
        /// The media types that it gives, where they differ from the agent's.
        sparse output_modes: Vec<String> = "outputModes",
        /// What a client must have to use it: one of these.
        sparse security: Vec<SecurityRequirement> = "security",
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
