use std::collections::BTreeMap;

use super::super::read::{message, tagged};

tagged! {
    /// A way to authenticate, after the security schemes of OpenAPI.
    #[expect(clippy::large_enum_variant, reason = "a card has a handful of them, and they are read in place")]
    pub enum SecurityScheme by "type" {
        /// A key in a header, the query or a cookie.
        ApiKey(ApiKeySecurityScheme) = "apiKey",
        /// HTTP authentication.
        Http(HttpAuthSecurityScheme) = "http",
        /// OAuth 2.0.
        OAuth2(OAuth2SecurityScheme) = "oauth2",
        /// OpenID Connect.
        OpenIdConnect(OpenIdConnectSecurityScheme) = "openIdConnect",
        /// A client certificate.
        MutualTls(MutualTlsSecurityScheme) = "mutualTLS",
    }
}

message! {
    /// A key that the client sends along.
    pub struct ApiKeySecurityScheme = "type": "apiKey" {
        /// What it is, for people.
        optional description: String = "description",
        /// Where it stands: `query`, `header` or `cookie`.
        required r#in: String = "in",
        /// The name of the parameter, the header or the cookie.
        required name: String = "name",
    }
}

message! {
    /// HTTP authentication.
    pub struct HttpAuthSecurityScheme = "type": "http" {
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
    pub struct OAuth2SecurityScheme = "type": "oauth2" {
        /// What it is, for people.
        optional description: String = "description",
        /// The ways to a token.
        required flows: OAuthFlows = "flows",
        /// The metadata of the authorization server (RFC 8414).
        optional oauth2_metadata_url: String = "oauth2MetadataUrl",
    }
}

message! {
    /// OpenID Connect.
    pub struct OpenIdConnectSecurityScheme = "type": "openIdConnect" {
        /// What it is, for people.
        optional description: String = "description",
        /// The discovery document.
        required open_id_connect_url: String = "openIdConnectUrl",
    }
}

message! {
    /// A client certificate.
    #[derive(Default)]
    pub struct MutualTlsSecurityScheme = "type": "mutualTLS" {
        /// What it is, for people.
        optional description: String = "description",
    }
}

message! {
    /// The ways to an OAuth 2.0 token.
    #[derive(Default)]
    pub struct OAuthFlows {
        /// By a code that the person brings back.
        optional authorization_code: AuthorizationCodeOAuthFlow = "authorizationCode",
        /// By the client's own credentials.
        optional client_credentials: ClientCredentialsOAuthFlow = "clientCredentials",
        /// In the browser at once.
        optional implicit: ImplicitOAuthFlow = "implicit",
        /// By the person's password.
        optional password: PasswordOAuthFlow = "password",
    }
}

message! {
    /// The authorization code flow.
    pub struct AuthorizationCodeOAuthFlow {
        /// Where the person agrees.
        required authorization_url: String = "authorizationUrl",
        /// Where the code becomes a token.
        required token_url: String = "tokenUrl",
        /// Where a token is renewed.
        optional refresh_url: String = "refreshUrl",
        /// The scopes, each with what it means.
        present scopes: BTreeMap<String, String> = "scopes",
    }
}

message! {
    /// The client credentials flow.
    pub struct ClientCredentialsOAuthFlow {
        /// Where the credentials become a token.
        required token_url: String = "tokenUrl",
        /// Where a token is renewed.
        optional refresh_url: String = "refreshUrl",
        /// The scopes, each with what it means.
        present scopes: BTreeMap<String, String> = "scopes",
    }
}

message! {
    /// The implicit flow.
    pub struct ImplicitOAuthFlow {
        /// Where the person agrees.
        required authorization_url: String = "authorizationUrl",
        /// Where a token is renewed.
        optional refresh_url: String = "refreshUrl",
        /// The scopes, each with what it means.
        present scopes: BTreeMap<String, String> = "scopes",
    }
}

message! {
    /// The password flow.
    pub struct PasswordOAuthFlow {
        /// Where the password becomes a token.
        required token_url: String = "tokenUrl",
        /// Where a token is renewed.
        optional refresh_url: String = "refreshUrl",
        /// The scopes, each with what it means.
        present scopes: BTreeMap<String, String> = "scopes",
    }
}
