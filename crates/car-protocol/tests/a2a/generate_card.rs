//! Any card of 1.0, for properties.

use car_protocol::a2a::v1::*;
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::generate::{any_of, metadata, names, text, texts};

pub(crate) fn flows() -> BoxedStrategy<OAuthFlows> {
    let code = any_of!(AuthorizationCodeOAuthFlow {
        authorization_url: text(),
        token_url: text(),
        refresh_url: of(text()),
        scopes: names(),
        pkce_required: any::<bool>(),
    });
    let client = any_of!(ClientCredentialsOAuthFlow {
        token_url: text(),
        refresh_url: of(text()),
        scopes: names(),
    });
    let implicit = any_of!(ImplicitOAuthFlow {
        authorization_url: text(),
        refresh_url: of(text()),
        scopes: names(),
    });
    let password = any_of!(PasswordOAuthFlow {
        token_url: text(),
        refresh_url: of(text()),
        scopes: names()
    });
    let device = any_of!(DeviceCodeOAuthFlow {
        device_authorization_url: text(),
        token_url: text(),
        refresh_url: of(text()),
        scopes: names(),
    });
    prop_oneof![
        code.prop_map(OAuthFlows::AuthorizationCode),
        client.prop_map(OAuthFlows::ClientCredentials),
        implicit.prop_map(OAuthFlows::Implicit),
        password.prop_map(OAuthFlows::Password),
        device.prop_map(OAuthFlows::DeviceCode),
    ]
    .boxed()
}

pub(crate) fn scheme() -> BoxedStrategy<SecurityScheme> {
    let key = any_of!(ApiKeySecurityScheme {
        description: of(text()),
        location: text(),
        name: text()
    });
    let http = any_of!(HttpAuthSecurityScheme {
        description: of(text()),
        scheme: text(),
        bearer_format: of(text()),
    });
    let oauth = any_of!(OAuth2SecurityScheme {
        description: of(text()),
        flows: flows(),
        oauth2_metadata_url: of(text()),
    });
    let openid = any_of!(OpenIdConnectSecurityScheme {
        description: of(text()),
        open_id_connect_url: text()
    });
    let mtls = any_of!(MutualTlsSecurityScheme {
        description: of(text())
    });
    prop_oneof![
        key.prop_map(SecurityScheme::ApiKey),
        http.prop_map(SecurityScheme::HttpAuth),
        oauth.prop_map(SecurityScheme::OAuth2),
        openid.prop_map(SecurityScheme::OpenIdConnect),
        mtls.prop_map(SecurityScheme::MutualTls),
    ]
    .boxed()
}

fn requirement() -> BoxedStrategy<SecurityRequirement> {
    let scopes = any_of!(StringList { list: texts() });
    any_of!(SecurityRequirement {
        schemes: btree_map(text(), scopes, 0..3)
    })
}

fn skill() -> BoxedStrategy<AgentSkill> {
    any_of!(AgentSkill {
        id: text(),
        name: text(),
        description: text(),
        tags: texts(),
        examples: texts(),
        input_modes: texts(),
        output_modes: texts(),
        security_requirements: vec(requirement(), 0..2),
    })
}

fn interface() -> BoxedStrategy<AgentInterface> {
    let bindings = vec![
        binding::JSONRPC,
        binding::GRPC,
        binding::HTTP_JSON,
        "https://example.com/binding",
    ];
    any_of!(AgentInterface {
        // The official crate cuts `http://` off the URL of a gRPC interface; none begins so here.
        url: text().prop_map(|text| format!("https://{text}")),
        protocol_binding: select(bindings).prop_map(str::to_owned),
        tenant: of(text()),
        protocol_version: select(vec!["0.3", "1.0", "2.0"]).prop_map(str::to_owned),
    })
}

fn capabilities() -> BoxedStrategy<AgentCapabilities> {
    let extension = any_of!(AgentExtension {
        uri: text(),
        description: of(text()),
        required: any::<bool>(),
        params: metadata(),
    });
    any_of!(AgentCapabilities {
        streaming: of(any::<bool>()),
        push_notifications: of(any::<bool>()),
        extensions: vec(extension, 0..2),
        extended_agent_card: of(any::<bool>()),
    })
}

pub(crate) fn card() -> BoxedStrategy<AgentCard> {
    let provider = any_of!(AgentProvider {
        url: text(),
        organization: text()
    });
    let signature = any_of!(AgentCardSignature {
        protected: text(),
        signature: text(),
        header: metadata()
    });
    any_of!(AgentCard {
        name: text(),
        description: text(),
        supported_interfaces: vec(interface(), 1..3),
        provider: of(provider),
        version: text(),
        documentation_url: of(text()),
        capabilities: capabilities(),
        security_schemes: btree_map(text(), scheme(), 0..3),
        security_requirements: vec(requirement(), 0..2),
        default_input_modes: texts(),
        default_output_modes: texts(),
        skills: vec(skill(), 0..2),
        signatures: vec(signature, 0..2),
        icon_url: of(text()),
    })
}

pub(crate) fn extended() -> BoxedStrategy<GetExtendedAgentCardRequest> {
    any_of!(GetExtendedAgentCardRequest { tenant: of(text()) })
}
