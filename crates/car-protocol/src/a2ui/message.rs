use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize as DeriveDeserialize, Serialize, Serializer};

use super::call::{
    AgentFunctionResponse, CallAgentFunction, CallRendererFunction, RendererFunctionResponse,
};
use super::event::{Action, ErrorReport};
use super::patch::PatchComponents;
use super::surface::{CreateSurface, DeleteSurface, UpdateComponents, UpdateDataModel};
use super::version::Version;
use super::violation::NOT_ONE;
use super::{CallId, SurfaceId};

/// One A2UI message: its version, and exactly one body.
///
/// What a version does not know can be written down here all the same: the body is one model for all versions.
/// [`convert`](super::convert::convert) brings a message into a version, and says what is lost. Members that no version
/// knows are ignored.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The version it is written in.
    pub version: Version,
    /// What it says.
    pub body: Body,
}

impl Message {
    /// A message.
    pub fn new(version: Version, body: impl Into<Body>) -> Self {
        Self {
            version,
            body: body.into(),
        }
    }
}

/// Which way a message goes. v0.9 calls the two server and client.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// From the agent to what shows its surfaces.
    ToRenderer,
    /// From what shows the surfaces to their agent.
    ToAgent,
}

macro_rules! bodies {
    ($( $(#[$doc:meta])* $variant:ident($body:ty) = $wire:literal, $direction:ident; )*) => {
        /// What a message says.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Body { $( $(#[$doc])* $variant($body), )* }

        impl Body {
            /// The member of the message that holds it: `createSurface`.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $( Self::$variant(_) => $wire, )* }
            }

            /// Which way it goes.
            #[must_use]
            pub fn direction(&self) -> Direction {
                match self { $( Self::$variant(_) => Direction::$direction, )* }
            }

            fn write<M: SerializeMap>(&self, members: &mut M) -> Result<(), M::Error> {
                match self { $( Self::$variant(body) => members.serialize_entry($wire, body), )* }
            }
        }

        /// A member of a message.
        #[derive(DeriveDeserialize)]
        #[serde(field_identifier)]
        enum Member {
            #[serde(rename = "version")]
            Version,
            $( #[serde(rename = $wire)] $variant, )*
            #[serde(other)]
            Other,
        }

        impl<'de> Visitor<'de> for MessageVisitor {
            type Value = Envelope;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an A2UI message")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Envelope, A::Error> {
                let (mut version, mut body) = (None, None);
                while let Some(member) = members.next_key()? {
                    let read = match member {
                        Member::Version if version.is_some() => {
                            return Err(de::Error::duplicate_field("version"));
                        }
                        Member::Version => {
                            version = Some(members.next_value()?);
                            continue;
                        }
                        $( Member::$variant => Body::$variant(members.next_value()?), )*
                        Member::Other => {
                            members.next_value::<de::IgnoredAny>()?;
                            continue;
                        }
                    };
                    if let Some(first) = body.replace(read) {
                        let first = Body::name(&first);
                        return Err(de::Error::custom(format!("{NOT_ONE}: `{first}` and another")));
                    }
                }
                let body = body.ok_or_else(|| de::Error::custom(format!("{NOT_ONE}: there is none")))?;
                let envelope = Envelope { version, body };
                envelope.check().map_err(de::Error::missing_field)?;
                Ok(envelope)
            }
        }

        $( impl From<$body> for Body {
            fn from(body: $body) -> Self {
                Self::$variant(body)
            }
        } )*
    };
}

struct MessageVisitor;

bodies! {
    /// Opens a surface.
    CreateSurface(CreateSurface) = "createSurface", ToRenderer;
    /// Adds components, or replaces them by their ids.
    UpdateComponents(UpdateComponents) = "updateComponents", ToRenderer;
    /// Changes components in place. Of the original, in no version of the specification.
    PatchComponents(PatchComponents) = "patchComponents", ToRenderer;
    /// Changes the data model.
    UpdateDataModel(UpdateDataModel) = "updateDataModel", ToRenderer;
    /// Closes a surface.
    DeleteSurface(DeleteSurface) = "deleteSurface", ToRenderer;
    /// Runs a function of the renderer. v1.0 only.
    CallRendererFunction(CallRendererFunction) = "callRendererFunction", ToRenderer;
    /// Answers [`CallAgentFunction`](Self::CallAgentFunction). v1.0 only.
    AgentFunctionResponse(AgentFunctionResponse) = "agentFunctionResponse", ToRenderer;
    /// The user did something.
    Action(Action) = "action", ToAgent;
    /// Runs a function of the agent. v1.0 only.
    CallAgentFunction(CallAgentFunction) = "callAgentFunction", ToAgent;
    /// Answers [`CallRendererFunction`](Self::CallRendererFunction). v1.0 only.
    RendererFunctionResponse(RendererFunctionResponse) = "rendererFunctionResponse", ToAgent;
    /// Something is wrong with what was received.
    Error(ErrorReport) = "error", ToAgent;
}

impl Body {
    /// The surface it is about, if it names one.
    #[must_use]
    pub fn surface_id(&self) -> Option<&SurfaceId> {
        match self {
            Self::CreateSurface(body) => Some(&body.surface_id),
            Self::UpdateComponents(body) => Some(&body.surface_id),
            Self::PatchComponents(body) => Some(&body.surface_id),
            Self::UpdateDataModel(body) => Some(&body.surface_id),
            Self::DeleteSurface(body) => Some(&body.surface_id),
            Self::Action(body) => Some(&body.surface_id),
            Self::CallAgentFunction(body) => Some(&body.surface_id),
            Self::Error(body) => body.surface_id.as_ref(),
            Self::CallRendererFunction(_)
            | Self::AgentFunctionResponse(_)
            | Self::RendererFunctionResponse(_) => None,
        }
    }

    /// The call it is about, if it names one.
    #[must_use]
    pub fn call_id(&self) -> Option<&CallId> {
        match self {
            Self::CallRendererFunction(body) => Some(&body.function_call_id),
            Self::CallAgentFunction(body) => Some(&body.function_call_id),
            Self::AgentFunctionResponse(body) => Some(&body.0.function_call_id),
            Self::RendererFunctionResponse(body) => Some(&body.0.function_call_id),
            Self::Error(body) => body.function_call_id.as_ref(),
            _ => None,
        }
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(2))?;
        members.serialize_entry("version", &self.version)?;
        self.body.write(&mut members)?;
        members.end()
    }
}

/// A message whose version may be left out, which the original reads as v0.9. The specification requires it.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The version, if there is one.
    pub version: Option<Version>,
    /// What the message says.
    pub body: Body,
}

impl Envelope {
    /// The message, of v0.9 where it does not say.
    #[must_use]
    pub fn or_v0_9(self) -> Message {
        Message {
            version: self.version.unwrap_or(Version::V0_9),
            body: self.body,
        }
    }

    /// The member that is missing by the rules of the message's own version, though it may be by those of another.
    fn check(&self) -> Result<(), &'static str> {
        match &self.body {
            // Without it, v0.9 removes; v1.0 has `null` for that, and a reader that guessed would lose data.
            Body::UpdateDataModel(update) if update.value.is_none() => match self.version {
                Some(version) if version.is_v1() => Err("value"),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MessageVisitor)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Envelope { version, body } = Envelope::deserialize(deserializer)?;
        let version = version.ok_or_else(|| de::Error::missing_field("version"))?;
        Ok(Self { version, body })
    }
}
