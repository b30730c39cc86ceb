//! The functions of the basic catalog, and the checks that use them.
//!
//! A call is read as it is, whatever it names; [`FunctionCall::basic`] gives the typed arguments of the functions that
//! every renderer has. A catalog may add others, which stay calls with free arguments.

use serde_json::{Map, Number, Value};

use super::record::{record, words};
use super::version::is_basic_catalog;
use super::violation::{self, Violation};
use super::{CatalogId, Dynamic};

words! {
    /// What a function gives, as a catalog declares it and v0.9 repeats in each call.
    ReturnType {
        /// A string.
        String,
        /// A number.
        Number,
        /// A truth value.
        Boolean,
        /// An array.
        Array,
        /// An object.
        Object,
        /// The result of a check. v1.0 only.
        ValidationResult,
        /// Anything.
        Any,
        /// Nothing.
        Void,
    }
}

record! {
    /// A call of a function.
    FunctionCall {
        /// The name. Names that begin with `@` are the protocol's own.
        call: String,
    }
    maybe {
        /// Whose function it is, where it is not the surface's default catalog. v1.0 only.
        catalog_id: CatalogId,
        /// The arguments, by name. Each may be a literal, a path or another call.
        args: Map<String, Value>,
        /// What it gives; `boolean` when left out. v0.9 only: v1.0 takes it from the catalog.
        return_type: ReturnType,
    }
}

record! {
    /// One check of an input: while its condition does not hold, the input is invalid and a button is disabled.
    CheckRule {
        /// A path or a call. In v0.9 it is true or false, and may be a literal; in v1.0 a validation result.
        condition: Dynamic<bool>,
    }
    maybe {
        /// What to show. v0.9 requires it; in v1.0 the result of the check may bring its own.
        message: String,
    }
}

impl FunctionCall {
    /// The call with the typed arguments of the basic catalog; nothing if the function is not of it.
    ///
    /// # Errors
    /// The name is one of the basic catalog, but the arguments do not fit.
    pub fn basic(&self) -> Result<Option<Function>, Violation> {
        if self
            .catalog_id
            .as_ref()
            .is_some_and(|id| !is_basic_catalog(id))
        {
            return Ok(None);
        }
        let none = Map::new();
        let args = self.args.as_ref().unwrap_or(&none);
        Function::read(&self.call, args).map_err(|mut violation| {
            violation.path.insert_str(0, "/args");
            violation
        })
    }
}

macro_rules! functions {
    ($(
        $(#[$meta:meta])*
        $name:ident = $wire:literal -> $returns:ident
        { $( $(#[$required_meta:meta])* $required:ident: $required_type:ty, )* }
        $( maybe { $( $(#[$maybe_meta:meta])* $maybe:ident: $maybe_type:ty, )* } )?
    ;)*) => {
        $( record! {
            $(#[$meta])*
            $name { $( $(#[$required_meta])* $required: $required_type, )* }
            $( maybe { $( $(#[$maybe_meta])* $maybe: $maybe_type, )* } )?
        } )*

        /// A function that every renderer has, with its arguments.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Function { $( $(#[$meta])* $name($name), )* }

        impl Function {
            /// The names, in the order of the catalog.
            pub const NAMES: &'static [&'static str] = &[$($wire),*];

            /// The name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $( Self::$name(_) => $wire, )* }
            }

            /// What the function of this name gives in v0.9; nothing if it is not of the basic catalog.
            #[must_use]
            pub fn return_type(name: &str) -> Option<ReturnType> {
                match name { $( $wire => Some(ReturnType::$returns), )* _ => None }
            }

            fn read(name: &str, args: &Map<String, Value>) -> Result<Option<Self>, Violation> {
                Ok(Some(match name {
                    $( $wire => Self::$name(violation::read_members(args)?), )*
                    _ => return Ok(None),
                }))
            }

            /// The arguments, as a call carries them.
            #[must_use]
            pub fn args(&self) -> Map<String, Value> {
                let value = match self { $( Self::$name(args) => serde_json::to_value(args), )* };
                match value {
                    Ok(Value::Object(args)) => args,
                    // A record is an object, and none of them has a key that is no string.
                    _ => Map::new(),
                }
            }
        }

        $( impl From<$name> for Function {
            fn from(args: $name) -> Self {
                Self::$name(args)
            }
        }

        impl From<$name> for FunctionCall {
            fn from(args: $name) -> Self {
                Function::$name(args).into()
            }
        } )*
    };
}

impl From<Function> for FunctionCall {
    /// Without a return type: v0.9 needs one where the value is no boolean, which [`convert`](super::convert) adds.
    fn from(function: Function) -> Self {
        Self {
            args: Some(function.args()),
            ..Self::new(function.name())
        }
    }
}

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

functions! {
    /// The value is not null, empty or absent.
    Required = "required" -> Boolean {
        /// What is looked at.
        value: Dynamic<Value>,
    };

    /// The value matches a regular expression.
    Regex = "regex" -> Boolean {
        /// What is looked at.
        value: Dynamic<String>,
        /// The regular expression, in the renderer's dialect.
        pattern: String,
    };

    /// The length of the value is within bounds; at least one of them is given.
    Length = "length" -> Boolean {
        /// What is measured.
        value: Dynamic<String>,
    } maybe {
        /// The shortest that is allowed.
        min: u64,
        /// The longest that is allowed.
        max: u64,
    };

    /// The value is within bounds; at least one of them is given.
    Numeric = "numeric" -> Boolean {
        /// What is looked at.
        value: Dynamic<Number>,
    } maybe {
        /// The least that is allowed.
        min: Number,
        /// The most that is allowed.
        max: Number,
    };

    /// The value is an e-mail address.
    Email = "email" -> Boolean {
        /// What is looked at.
        value: Dynamic<String>,
    };

    /// The text with its expressions, `${/path}` and `${function(…)}`, replaced by what they give.
    FormatString = "formatString" -> String {
        /// The text. `\${` is a literal `${`.
        value: Dynamic<String>,
    };

    /// The number as the user's language writes it.
    FormatNumber = "formatNumber" -> String {
        /// The number.
        value: Dynamic<Number>,
    } maybe {
        /// How many digits after the decimal point.
        decimals: Dynamic<Number>,
        /// Whether thousands are separated.
        grouping: Dynamic<bool>,
    };

    /// The amount as the user's language writes it.
    FormatCurrency = "formatCurrency" -> String {
        /// The amount.
        value: Dynamic<Number>,
        /// The currency, by its ISO 4217 code.
        currency: Dynamic<String>,
    } maybe {
        /// How many digits after the decimal point.
        decimals: Dynamic<Number>,
        /// Whether thousands are separated.
        grouping: Dynamic<bool>,
    };

    /// The date by a pattern of Unicode TR35.
    FormatDate = "formatDate" -> String {
        /// The date.
        value: Dynamic<Value>,
        /// The pattern: `yyyy-MM-dd`.
        format: Dynamic<String>,
    };

    /// One of several texts, by the plural category (CLDR) of a number.
    Pluralize = "pluralize" -> String {
        /// The number.
        value: Dynamic<Number>,
        /// The text for every category that is not given.
        other: Dynamic<String>,
    } maybe {
        /// The text for the category zero.
        zero: Dynamic<String>,
        /// The text for the category one.
        one: Dynamic<String>,
        /// The text for the category two.
        two: Dynamic<String>,
        /// The text for the category few.
        few: Dynamic<String>,
        /// The text for the category many.
        many: Dynamic<String>,
    };

    /// Opens an address. Renderers open `http` and `https` only, and v1.0 only at a gesture of the user.
    OpenUrl = "openUrl" -> Void {
        /// The address. A literal in v0.9.
        url: Dynamic<String>,
    };

    /// Whether all of two or more hold.
    And = "and" -> Boolean {
        /// The conditions.
        values: Vec<Dynamic<bool>>,
    };

    /// Whether any of two or more holds.
    Or = "or" -> Boolean {
        /// The conditions.
        values: Vec<Dynamic<bool>>,
    };

    /// The opposite.
    Not = "not" -> Boolean {
        /// The condition.
        value: Dynamic<bool>,
    };

    /// The place of the item in its list, from 0, where a template is rendered. v1.0 only.
    Index = "@index" -> Number {
    } maybe {
        /// What is added to it; 0 when left out.
        offset: Dynamic<Number>,
    };
}
