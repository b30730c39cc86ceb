use std::collections::BTreeMap;

use super::super::read::{message, one_of};
use super::OAuthFlows;

message! {
    /// Schemes that are needed together.
    #[derive(Default)]
    pub struct SecurityRequirement {
        /// The names of the schemes, each with the scopes that it must have.
        plain schemes: BTreeMap<String, StringList> = "schemes",
    }
}

message! {
    /// A list of strings, which protobuf cannot put into a map as it is.
    #[derive(Default, Eq)]
    pub struct StringList {
        /// The strings.
        plain list: Vec<String> = "list",
    }
}

one_of! {
    /// A way to authenticate.
    pub enum SecurityScheme {
        /// A key in a header, the query or a cookie.
        ApiKey(ApiKeySecurityScheme) = "apiKeySecurityScheme" | "api_key_security_scheme",
        /// HTTP authentication.
        HttpAuth(HttpAuthSecurityScheme) = "httpAuthSecurityScheme" | "http_auth_security_scheme",
        /// OAuth 2.0.
        OAuth2(OAuth2SecurityScheme) = "oauth2SecurityScheme" | "oauth2_security_scheme",
        /// OpenID Connect.
        OpenIdConnect(OpenIdConnectSecurityScheme)
            = "openIdConnectSecurityScheme" | "open_id_connect_security_scheme",
        /// A client certificate.
        MutualTls(MutualTlsSecurityScheme) = "mtlsSecurityScheme" | "mtls_security_scheme",
    }
}

message! {
    /// A key that the client sends along.
    pub struct ApiKeySecurityScheme {
        /// What it is, for people.
        optional description: String = "description",
        /// Where it stands: `query`, `header` or `cookie`.
        required location: String = "location",
        /// The name of the parameter, the header or the cookie.
        required name: String = "name",
    }
}

message! {
    /// HTTP authentication.
    pub struct HttpAuthSecurityScheme {
        /// What it is, for people.
        optional description: String = "description",
        /// The scheme, for example `Bearer`.
        required scheme: String = "scheme",
        /// The form of a bearer token, for example `JWT`.
        optional bearer_format: String = "bearerFormat",
    }
}

message! {
    /// OAuth 2.0.
    pub struct OAuth2SecurityScheme {
        /// What it is, for people.
        optional description: String = "description",
        /// The way to a token.
        required flows: OAuthFlows = "flows",
        /// The metadata of the authorization server (RFC 8414).
        optional oauth2_metadata_url: String = "oauth2MetadataUrl",
    }
}

message! {
    /// OpenID Connect.
    pub struct OpenIdConnectSecurityScheme {
        /// What it is, for people.
        optional description: String = "description",
        /// The discovery document.
        required open_id_connect_url: String = "openIdConnectUrl",
    }
}

message! {
    /// A client certificate.
    #[derive(Default)]
    pub struct MutualTlsSecurityScheme {
        /// What it is, for people.
        optional description: String = "description",
    }
}
