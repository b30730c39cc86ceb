//! A2UI: surfaces that an agent describes and a renderer shows, as data.
//!
//! One model for v0.9, v0.9.1 (the production release) and v1.0 (a release candidate), by the specification at
//! <https://a2ui.org/specification>; beside it what the original of this system adds to v0.9: [`patch`].
//!
//! - [`decode`] reads a payload, each message by itself, and holds the limits of [`Limit`] on the way; [`Violation`]
//!   says where, which rule, and what to answer.
//! - [`Message`] and its [`Body`] are the messages both ways. [`Component`] is any component, [`basic`] the 18 that every
//!   renderer has, [`function`] the functions, [`Dynamic`] a value that may be bound or computed.
//! - [`DataModel`] is what components are bound to, by [`Pointer`] (RFC 6901).
//! - [`convert`](convert::convert) brings a message into another version and says what is lost.
//! - [`carriage`] is how A2A carries all this; [`capabilities`] what each side says it can do.
//! - With feature `validate`, the module `validate` holds messages against the official JSON Schemas.
//!
//! ```
//! use car_protocol::a2ui::{self, Body, Component, CreateSurface, Message, UpdateComponents, Version, basic};
//!
//! let version = Version::V0_9_1;
//! let open = Message::new(version, CreateSurface::new("s1", version.basic_catalog()));
//! let show = Message::new(version, UpdateComponents {
//!     surface_id: "s1".into(),
//!     components: vec![
//!         Component::new("root", basic::Column::new(["hello"])),
//!         Component::new("hello", basic::Text::new("Hello!")),
//!     ],
//! });
//! let payload = serde_json::to_string(&[open, show])?;
//!
//! for message in a2ui::decode(&payload)? {
//!     let Body::UpdateComponents(update) = message?.body else { continue };
//!     let Some(basic::Basic::Text(text)) = update.components[1].basic()? else { unreachable!() };
//!     assert_eq!(text.text.literal().map(String::as_str), Some("Hello!"));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here is executed or fetched: functions are names with arguments, and the id of a catalog is no address.

mod action;
pub mod basic;
mod call;
pub mod capabilities;
pub mod carriage;
mod component;
pub mod convert;
mod data;
mod decode;
mod dynamic;
mod event;
pub mod function;
mod id;
mod limits;
mod message;
pub mod patch;
mod path;
mod record;
mod surface;
#[cfg(feature = "validate")]
pub mod validate;
mod version;
mod violation;

pub use action::{ComponentAction, EventAction};
pub use call::{
    AgentFunctionResponse, CallAgentFunction, CallRendererFunction, FunctionError, FunctionOutcome,
    FunctionResponse, RendererFunctionResponse,
};
pub use component::{Accessibility, Component, Live, Metadata, RESERVED_COMPONENT};
pub use data::{DataError, DataModel};
pub use decode::{Decoded, decode, decode_original, decode_value};
pub use dynamic::Dynamic;
pub use event::{Action, ErrorReport, codes};
pub use id::{CallId, CatalogId, ComponentId, SurfaceId};
pub use limits::Limit;
pub use message::{Body, Direction, Envelope, Message};
pub use path::{DataPath, PathError, Pointer};
pub use surface::{Change, CreateSurface, DeleteSurface, UpdateComponents, UpdateDataModel};
pub use version::{UnknownVersion, Version, is_basic_catalog};
pub use violation::{About, Rule, Violation};
