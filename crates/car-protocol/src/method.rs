//! The three tables of the protocol and what a line of them says.
//!
//! [`methods!`](crate::methods) declares what a client may ask, [`callbacks!`](crate::callbacks) what the daemon
//! asks its clients, and [`notifications!`](crate::notifications) what it tells them. Each line emits a marker
//! type that ties the name to its types; the daemon's routes, the client's typed calls and all generated
//! documents come from it.

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "schema")]
pub use crate::schema::Described;

/// What a message type must be able to do. With feature `schema` it also describes itself.
#[cfg(not(feature = "schema"))]
pub trait Described {}
#[cfg(not(feature = "schema"))]
impl<T: ?Sized> Described for T {}

/// A type that travels.
pub trait Wire: Serialize + DeserializeOwned + Described + Send + 'static {}
impl<T: Serialize + DeserializeOwned + Described + Send + 'static> Wire for T {}

/// Who may call a method. A host may do all that a client may.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Anybody, before authentication too.
    Open,
    /// An authenticated client, agent or host.
    Client,
    /// Only a session bound to an agent.
    Agent,
    /// Only a session with the host role.
    Host,
}

impl Access {
    /// The word that the generated documents use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Client => "client",
            Self::Agent => "agent",
            Self::Host => "host",
        }
    }
}

/// Whether a person is asked by default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Risk {
    /// No.
    None,
    /// Yes: the method is in the gate's default set.
    NeedsApproval,
}

/// One line of the method table.
#[derive(Clone, Copy, Debug)]
pub struct MethodSpec {
    /// The name on the wire.
    pub name: &'static str,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
    /// What it does, in Markdown.
    pub doc: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Whether a person is asked by default.
    pub risk: Risk,
    /// Whether it changes anything; idempotency keys apply to it.
    pub mutates: bool,
    /// Whether a connected host does the work; without one the call is `unavailable`.
    pub provided: bool,
    /// How its types describe themselves.
    #[cfg(feature = "schema")]
    pub types: crate::schema::Types,
}

impl MethodSpec {
    /// A line with the defaults: for clients, without risk, changing nothing.
    #[must_use]
    pub const fn new<P: Described, R: Described>(name: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            doc: "",
            access: Access::Client,
            risk: Risk::None,
            mutates: false,
            provided: false,
            #[cfg(feature = "schema")]
            types: crate::schema::Types::of::<P, R>(),
        }
    }
}

/// One method: its name and types, tied to a marker type.
pub trait Method: 'static {
    /// What it takes.
    type Params: Wire;
    /// What it answers.
    type Result: Wire;
    /// Its line in the table.
    const SPEC: &'static MethodSpec;
    /// Its name on the wire.
    const NAME: &'static str = Self::SPEC.name;
}

/// One line of the callback table.
#[derive(Clone, Copy, Debug)]
pub struct CallbackSpec {
    /// The name on the wire.
    pub name: &'static str,
    /// What it asks, in Markdown.
    pub doc: &'static str,
    /// The notification that takes the request back.
    pub cancel: Option<&'static str>,
    /// How its types describe themselves.
    #[cfg(feature = "schema")]
    pub types: crate::schema::Types,
}

impl CallbackSpec {
    /// A line without a cancelling notification.
    #[must_use]
    pub const fn new<P: Described, R: Described>(name: &'static str) -> Self {
        Self {
            name,
            doc: "",
            cancel: None,
            #[cfg(feature = "schema")]
            types: crate::schema::Types::of::<P, R>(),
        }
    }
}

/// A request from the daemon to a client.
pub trait Callback: 'static {
    /// What the client gets.
    type Params: Wire;
    /// What the client answers.
    type Result: Wire;
    /// Its line in the table.
    const SPEC: &'static CallbackSpec;
    /// Its name on the wire.
    const NAME: &'static str = Self::SPEC.name;
}

/// One line of the notification table.
#[derive(Clone, Copy, Debug)]
pub struct NotificationSpec {
    /// The name on the wire.
    pub name: &'static str,
    /// What it tells, in Markdown.
    pub doc: &'static str,
    /// How its type describes itself.
    #[cfg(feature = "schema")]
    pub types: crate::schema::Types,
}

impl NotificationSpec {
    /// A line.
    #[must_use]
    pub const fn new<P: Described>(name: &'static str) -> Self {
        Self {
            name,
            doc: "",
            #[cfg(feature = "schema")]
            types: crate::schema::Types::of::<P, ()>(),
        }
    }
}

/// A notification from the daemon to a client.
pub trait ServerNotification: 'static {
    /// What it carries.
    type Params: Wire;
    /// Its line in the table.
    const SPEC: &'static NotificationSpec;
    /// Its name on the wire.
    const NAME: &'static str = Self::SPEC.name;
}

/// Declares methods: a doc comment, attributes, then `Marker = "name" (Params) -> Result;`.
///
/// Attributes: `#[access(Open | Client | Agent | Host)]`, `#[risk(NeedsApproval)]`, `#[mutates]`, `#[provided]`,
/// `#[aliases("…", …)]`. Emits the marker types and `METHODS`, the lines in order.
#[macro_export]
macro_rules! methods {
    ($( $(#[$($attribute:tt)*])* $marker:ident = $name:literal ($params:ty) -> $result:ty; )*) => {
        $(
            #[doc = concat!("The method `", $name, "`.")]
            #[derive(Clone, Copy, Debug)]
            pub enum $marker {}

            impl $crate::method::Method for $marker {
                type Params = $params;
                type Result = $result;
                const SPEC: &'static $crate::method::MethodSpec = &{
                    #[allow(unused_mut, clippy::allow_attributes, reason = "a line may have no attribute")]
                    let mut spec = $crate::method::MethodSpec::new::<$params, $result>($name);
                    $crate::__line!(spec [] $(#[$($attribute)*])*);
                    spec
                };
            }
        )*

        /// The methods of this namespace, in the order of their declaration.
        pub const METHODS: &[&$crate::method::MethodSpec] = &[$(<$marker as $crate::method::Method>::SPEC),*];
    };
}

/// Declares requests from the daemon to its clients; like [`methods!`](crate::methods), with the attribute
/// `#[cancel("notification")]`. Emits `CALLBACKS`.
#[macro_export]
macro_rules! callbacks {
    ($( $(#[$($attribute:tt)*])* $marker:ident = $name:literal ($params:ty) -> $result:ty; )*) => {
        $(
            #[doc = concat!("The callback `", $name, "`.")]
            #[derive(Clone, Copy, Debug)]
            pub enum $marker {}

            impl $crate::method::Callback for $marker {
                type Params = $params;
                type Result = $result;
                const SPEC: &'static $crate::method::CallbackSpec = &{
                    #[allow(unused_mut, clippy::allow_attributes, reason = "a line may have no attribute")]
                    let mut spec = $crate::method::CallbackSpec::new::<$params, $result>($name);
                    $crate::__line!(spec [] $(#[$($attribute)*])*);
                    spec
                };
            }
        )*

        /// The callbacks of this namespace, in the order of their declaration.
        pub const CALLBACKS: &[&$crate::method::CallbackSpec] = &[$(<$marker as $crate::method::Callback>::SPEC),*];
    };
}

/// Declares notifications from the daemon to its clients: `Marker = "name" (Params);`. Emits `NOTIFICATIONS`.
#[macro_export]
macro_rules! notifications {
    ($( $(#[$($attribute:tt)*])* $marker:ident = $name:literal ($params:ty); )*) => {
        $(
            #[doc = concat!("The notification `", $name, "`.")]
            #[derive(Clone, Copy, Debug)]
            pub enum $marker {}

            impl $crate::method::ServerNotification for $marker {
                type Params = $params;
                const SPEC: &'static $crate::method::NotificationSpec = &{
                    #[allow(unused_mut, clippy::allow_attributes, reason = "a line may have no attribute")]
                    let mut spec = $crate::method::NotificationSpec::new::<$params>($name);
                    $crate::__line!(spec [] $(#[$($attribute)*])*);
                    spec
                };
            }
        )*

        /// The notifications of this namespace, in the order of their declaration.
        pub const NOTIFICATIONS: &[&$crate::method::NotificationSpec] =
            &[$(<$marker as $crate::method::ServerNotification>::SPEC),*];
    };
}

/// Reads the attributes of one line, one after the other.
#[doc(hidden)]
#[macro_export]
macro_rules! __line {
    ($spec:ident [$($doc:literal)*] #[doc = $text:literal] $($rest:tt)*) => {
        $crate::__line!($spec [$($doc)* $text] $($rest)*)
    };
    ($spec:ident [$($doc:literal)*] #[access($access:ident)] $($rest:tt)*) => {
        $spec.access = $crate::method::Access::$access;
        $crate::__line!($spec [$($doc)*] $($rest)*)
    };
    ($spec:ident [$($doc:literal)*] #[risk($risk:ident)] $($rest:tt)*) => {
        $spec.risk = $crate::method::Risk::$risk;
        $crate::__line!($spec [$($doc)*] $($rest)*)
    };
    ($spec:ident [$($doc:literal)*] #[mutates] $($rest:tt)*) => {
        $spec.mutates = true;
        $crate::__line!($spec [$($doc)*] $($rest)*)
    };
    ($spec:ident [$($doc:literal)*] #[provided] $($rest:tt)*) => {
        $spec.provided = true;
        $crate::__line!($spec [$($doc)*] $($rest)*)
    };
    ($spec:ident [$($doc:literal)*] #[aliases($($alias:literal),*)] $($rest:tt)*) => {
        $spec.aliases = &[$($alias),*];
        $crate::__line!($spec [$($doc)*] $($rest)*)
    };
    ($spec:ident [$($doc:literal)*] #[cancel($cancel:literal)] $($rest:tt)*) => {
        $spec.cancel = Some($cancel);
        $crate::__line!($spec [$($doc)*] $($rest)*)
    };
    ($spec:ident [$($doc:literal)*]) => {
        $spec.doc = concat!($($doc, "\n"),*);
    };
}
