use super::super::{v0_3, v1};
use super::ConvertError;

/// The names of schemes with their scopes, which protobuf wraps twice.
pub(super) fn requirement_to_v1(requirement: v0_3::SecurityRequirement) -> v1::SecurityRequirement {
    let wrapped = |(name, list)| (name, v1::StringList { list });
    v1::SecurityRequirement {
        schemes: requirement.into_iter().map(wrapped).collect(),
    }
}

/// The names of schemes with their scopes.
pub(super) fn requirement_to_v0_3(
    requirement: v1::SecurityRequirement,
) -> v0_3::SecurityRequirement {
    let bare = |(name, scopes): (_, v1::StringList)| (name, scopes.list);
    requirement.schemes.into_iter().map(bare).collect()
}

impl TryFrom<v0_3::SecurityScheme> for v1::SecurityScheme {
    type Error = ConvertError;

    fn try_from(scheme: v0_3::SecurityScheme) -> Result<Self, ConvertError> {
        Ok(match scheme {
            v0_3::SecurityScheme::ApiKey(scheme) => Self::ApiKey(v1::ApiKeySecurityScheme {
                description: scheme.description,
                location: scheme.r#in,
                name: scheme.name,
            }),
            v0_3::SecurityScheme::Http(scheme) => Self::HttpAuth(v1::HttpAuthSecurityScheme {
                description: scheme.description,
                scheme: scheme.scheme,
                bearer_format: scheme.bearer_format,
            }),
            v0_3::SecurityScheme::OAuth2(scheme) => Self::OAuth2(v1::OAuth2SecurityScheme {
                description: scheme.description,
                flows: scheme.flows.try_into()?,
                oauth2_metadata_url: scheme.oauth2_metadata_url,
            }),
            v0_3::SecurityScheme::OpenIdConnect(scheme) => {
                Self::OpenIdConnect(v1::OpenIdConnectSecurityScheme {
                    description: scheme.description,
                    open_id_connect_url: scheme.open_id_connect_url,
                })
            }
            v0_3::SecurityScheme::MutualTls(scheme) => {
                Self::MutualTls(v1::MutualTlsSecurityScheme {
                    description: scheme.description,
                })
            }
        })
    }
}

impl TryFrom<v1::SecurityScheme> for v0_3::SecurityScheme {
    type Error = ConvertError;

    fn try_from(scheme: v1::SecurityScheme) -> Result<Self, ConvertError> {
        Ok(match scheme {
            v1::SecurityScheme::ApiKey(scheme) => Self::ApiKey(v0_3::ApiKeySecurityScheme {
                description: scheme.description,
                r#in: scheme.location,
                name: scheme.name,
            }),
            v1::SecurityScheme::HttpAuth(scheme) => Self::Http(v0_3::HttpAuthSecurityScheme {
                description: scheme.description,
                scheme: scheme.scheme,
                bearer_format: scheme.bearer_format,
            }),
            v1::SecurityScheme::OAuth2(scheme) => Self::OAuth2(v0_3::OAuth2SecurityScheme {
                description: scheme.description,
                flows: scheme.flows.try_into()?,
                oauth2_metadata_url: scheme.oauth2_metadata_url,
            }),
            v1::SecurityScheme::OpenIdConnect(scheme) => {
                Self::OpenIdConnect(v0_3::OpenIdConnectSecurityScheme {
                    description: scheme.description,
                    open_id_connect_url: scheme.open_id_connect_url,
                })
            }
            v1::SecurityScheme::MutualTls(scheme) => {
                Self::MutualTls(v0_3::MutualTlsSecurityScheme {
                    description: scheme.description,
                })
            }
        })
    }
}

impl TryFrom<v0_3::OAuthFlows> for v1::OAuthFlows {
    type Error = ConvertError;

    fn try_from(flows: v0_3::OAuthFlows) -> Result<Self, ConvertError> {
        let code = flows.authorization_code.map(|flow| {
            Self::AuthorizationCode(v1::AuthorizationCodeOAuthFlow {
                authorization_url: flow.authorization_url,
                token_url: flow.token_url,
                refresh_url: flow.refresh_url,
                scopes: flow.scopes,
                pkce_required: false,
            })
        });
        let client = flows.client_credentials.map(|flow| {
            Self::ClientCredentials(v1::ClientCredentialsOAuthFlow {
                token_url: flow.token_url,
                refresh_url: flow.refresh_url,
                scopes: flow.scopes,
            })
        });
        let implicit = flows.implicit.map(|flow| {
            Self::Implicit(v1::ImplicitOAuthFlow {
                authorization_url: flow.authorization_url,
                refresh_url: flow.refresh_url,
                scopes: flow.scopes,
            })
        });
        let password = flows.password.map(|flow| {
            Self::Password(v1::PasswordOAuthFlow {
                token_url: flow.token_url,
                refresh_url: flow.refresh_url,
                scopes: flow.scopes,
            })
        });
        let mut found = [code, client, implicit, password].into_iter().flatten();
        match (found.next(), found.next()) {
            (Some(flow), None) => Ok(flow),
            _ => Err(ConvertError::OAuthFlows),
        }
    }
}

impl TryFrom<v1::OAuthFlows> for v0_3::OAuthFlows {
    type Error = ConvertError;

    fn try_from(flow: v1::OAuthFlows) -> Result<Self, ConvertError> {
        let mut flows = Self::default();
        match flow {
            v1::OAuthFlows::AuthorizationCode(flow) if flow.pkce_required => {
                return Err(ConvertError::PkceRequired);
            }
            v1::OAuthFlows::AuthorizationCode(flow) => {
                flows.authorization_code = Some(v0_3::AuthorizationCodeOAuthFlow {
                    authorization_url: flow.authorization_url,
                    token_url: flow.token_url,
                    refresh_url: flow.refresh_url,
                    scopes: flow.scopes,
                });
            }
            v1::OAuthFlows::ClientCredentials(flow) => {
                flows.client_credentials = Some(v0_3::ClientCredentialsOAuthFlow {
                    token_url: flow.token_url,
                    refresh_url: flow.refresh_url,
                    scopes: flow.scopes,
                });
            }
            v1::OAuthFlows::Implicit(flow) => {
                flows.implicit = Some(v0_3::ImplicitOAuthFlow {
                    authorization_url: flow.authorization_url,
                    refresh_url: flow.refresh_url,
                    scopes: flow.scopes,
                });
            }
            v1::OAuthFlows::Password(flow) => {
                flows.password = Some(v0_3::PasswordOAuthFlow {
                    token_url: flow.token_url,
                    refresh_url: flow.refresh_url,
                    scopes: flow.scopes,
                });
            }
            v1::OAuthFlows::DeviceCode(_) => return Err(ConvertError::DeviceCodeFlow),
        }
        Ok(flows)
    }
}
