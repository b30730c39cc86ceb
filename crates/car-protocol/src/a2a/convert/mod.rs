//! From 0.3 to 1.0 and back.
//!
//! `From` where everything has a meaning on the other side, `TryFrom` with a [`ConvertError`] where something may have
//! none; nothing is lost in silence but what says nothing of its own:
//!
//! - `final` of a status update, which follows from the state (1.0 ends a stream by closing it);
//! - `stateTransitionHistory` of a card, which 1.0 dropped without a successor;
//! - the signatures of a card, which are over the text of the other version;
//! - the difference between an absent and a `false` flag whose default is `false`.
//!
//! The media type of a text or data part of 1.0 becomes `metadata.mimeType` in 0.3, where A2UI and others look for it.

mod card;
mod message;
mod push;
mod request;
mod security;
mod task;

use std::fmt;

pub use card::serve_both;

/// What has no meaning in the other version.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ConvertError {
    /// A role that is not said; 0.3 has none such.
    RoleUnspecified,
    /// A task without a context; in 0.3 each has one.
    ContextMissing,
    /// A data part whose value is no object; 0.3 has only those.
    DataNotObject,
    /// A text or data part with a file name; in 0.3 only files have one.
    FilenameOfNoFile,
    /// A part whose media type differs from its `metadata.mimeType`, which is where 0.3 has it.
    MediaTypeTaken,
    /// A tenant; 0.3 has none.
    Tenant,
    /// Metadata of a request that has none in 1.0.
    RequestMetadata,
    /// A push configuration of no task, where 0.3 needs one.
    TaskMissing,
    /// A push configuration inside a message that names a task; in 0.3 it cannot.
    TaskOfMessage,
    /// A request for a push configuration without its id; in 1.0 there is no "the only one".
    PushConfigIdMissing,
    /// A page of push configurations; 0.3 has them all in one answer.
    Paging,
    /// Credentials for several schemes or for none; 1.0 has one.
    AuthenticationSchemes,
    /// OAuth with several flows, or with none; 1.0 has one.
    OAuthFlows,
    /// The device code flow; 0.3 does not have it.
    DeviceCodeFlow,
    /// A flow that requires PKCE; 0.3 cannot say so.
    PkceRequired,
    /// A card without an interface of 0.3.
    NoInterface,
}

impl ConvertError {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::RoleUnspecified,
        Self::ContextMissing,
        Self::DataNotObject,
        Self::FilenameOfNoFile,
        Self::MediaTypeTaken,
        Self::Tenant,
        Self::RequestMetadata,
        Self::TaskMissing,
        Self::TaskOfMessage,
        Self::PushConfigIdMissing,
        Self::Paging,
        Self::AuthenticationSchemes,
        Self::OAuthFlows,
        Self::DeviceCodeFlow,
        Self::PkceRequired,
        Self::NoInterface,
    ];
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RoleUnspecified => "A2A 0.3 has no message without a role",
            Self::ContextMissing => "A2A 0.3 has no task without a context",
            Self::DataNotObject => "A2A 0.3 has no data that is not an object",
            Self::FilenameOfNoFile => "A2A 0.3 has no file name but that of a file",
            Self::MediaTypeTaken => "metadata.mimeType names another media type than the part",
            Self::Tenant => "A2A 0.3 has no tenants",
            Self::RequestMetadata => "A2A 1.0 has no metadata in this request",
            Self::TaskMissing => "A2A 0.3 has no push configuration without a task",
            Self::TaskOfMessage => "A2A 0.3 names no task in the push configuration of a message",
            Self::PushConfigIdMissing => "A2A 1.0 asks for a push configuration by its id only",
            Self::Paging => "A2A 0.3 has no pages of push configurations",
            Self::AuthenticationSchemes => "A2A 1.0 has exactly one authentication scheme",
            Self::OAuthFlows => "A2A 1.0 has exactly one OAuth flow",
            Self::DeviceCodeFlow => "A2A 0.3 has no device code flow",
            Self::PkceRequired => "A2A 0.3 cannot require PKCE",
            Self::NoInterface => "the card has no interface of A2A 0.3",
        })
    }
}

impl std::error::Error for ConvertError {}

/// All of a list, or the first error.
fn each<T: TryInto<U, Error = ConvertError>, U>(list: Vec<T>) -> Result<Vec<U>, ConvertError> {
    list.into_iter().map(T::try_into).collect()
}

/// All of a list.
fn every<T: Into<U>, U>(list: Vec<T>) -> Vec<U> {
    list.into_iter().map(T::into).collect()
}

/// A request of 1.0 must have no tenant to be one of 0.3.
fn no_tenant(tenant: Option<&String>) -> Result<(), ConvertError> {
    match tenant {
        None => Ok(()),
        Some(_) => Err(ConvertError::Tenant),
    }
}

/// A request of 0.3 must have no metadata where those of 1.0 have none.
fn no_metadata(metadata: &super::Metadata) -> Result<(), ConvertError> {
    if metadata.is_empty() {
        Ok(())
    } else {
        Err(ConvertError::RequestMetadata)
    }
}
