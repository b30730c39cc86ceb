use std::collections::BTreeMap;

use super::super::read::{message, one_of};

one_of! {
    /// The way to an OAuth 2.0 token.
    pub enum OAuthFlows {
        /// By a code that the person brings back.
        AuthorizationCode(AuthorizationCodeOAuthFlow) = "authorizationCode" | "authorization_code",
        /// By the client's own credentials.
        ClientCredentials(ClientCredentialsOAuthFlow) = "clientCredentials" | "client_credentials",
        /// In the browser at once. Deprecated by A2A.
        Implicit(ImplicitOAuthFlow) = "implicit",
        /// By the person's password. Deprecated by A2A.
        Password(PasswordOAuthFlow) = "password",
        /// By a code that the person enters on another device (RFC 8628).
        DeviceCode(DeviceCodeOAuthFlow) = "deviceCode" | "device_code",
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
        /// Whether PKCE (RFC 7636) must be used.
        sparse pkce_required: bool = "pkceRequired",
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
    /// The implicit flow. Deprecated by A2A.
    #[derive(Default)]
    pub struct ImplicitOAuthFlow {
        /// Where the person agrees.
        plain authorization_url: String = "authorizationUrl",
        /// Where a token is renewed.
        optional refresh_url: String = "refreshUrl",
        /// The scopes, each with what it means.
        plain scopes: BTreeMap<String, String> = "scopes",
    }
}

message! {
    /// The password flow. Deprecated by A2A.
    #[derive(Default)]
    pub struct PasswordOAuthFlow {
        /// Where the password becomes a token.
        plain token_url: String = "tokenUrl",
        /// Where a token is renewed.
        optional refresh_url: String = "refreshUrl",
        /// The scopes, each with what it means.
        plain scopes: BTreeMap<String, String> = "scopes",
    }
}

message! {
    /// The device code flow (RFC 8628).
    pub struct DeviceCodeOAuthFlow {
        /// Where the device asks for a code.
        required device_authorization_url: String = "deviceAuthorizationUrl",
        /// Where the code becomes a token.
        required token_url: String = "tokenUrl",
        /// Where a token is renewed.
        optional refresh_url: String = "refreshUrl",
        /// The scopes, each with what it means.
        present scopes: BTreeMap<String, String> = "scopes",
    }
}
