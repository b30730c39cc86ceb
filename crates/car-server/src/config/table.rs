//! One line of the option table, and the macro that makes the table and [`Config`](super::Config) from it.

/// What is known about an option without any value.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// Its name: the field of [`Config`](super::Config).
    pub name: &'static str,
    /// The flag, without its dashes.
    pub flag: Option<&'static str>,
    /// The variable of the environment.
    pub variable: Option<&'static str>,
    /// The key in `car.toml`, with dots between tables.
    pub key: Option<&'static str>,
    /// What stands behind the flag, such as `PORT`. None for a switch, which stands alone.
    pub placeholder: Option<&'static str>,
    /// Whether several values may be given.
    pub is_list: bool,
    /// What values look like, for a person.
    pub kind: &'static str,
    /// The default where it is no plain value, for a person, in Markdown.
    pub default: Option<&'static str>,
    /// What it does, in Markdown, as the lines of a doc comment.
    pub doc: &'static str,
}

impl OptionSpec {
    /// What it does, in one line.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        let first = self.doc.split("\n\n").next().unwrap_or_default();
        first.lines().next().unwrap_or_default().trim()
    }
}

/// Declares the options: a doc comment, a name, a type, and the sources that it has.
///
/// Emits `Config` with a [`Setting`](super::Setting) for each, the table `OPTIONS`, and the function that fills one
/// from the other.
macro_rules! options {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $type:ty {
            $(flag: $flag:literal $($placeholder:ident)?,)?
            $(variable: $variable:literal,)?
            $(key: $key:literal,)?
            default: |$cx:ident| $default:expr $(, $said:literal)? $(,)?
        }
    )*) => {
        /// Every option with its value and where that comes from.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct Config {
            $( $(#[doc = $doc])+ pub $name: $crate::config::Setting<$type>, )*
        }

        /// All options, in the order of the documentation.
        pub static OPTIONS: &[$crate::config::OptionSpec] = &[
            $( $crate::config::table::options!(@spec $name: $type {
                [$($doc)+] [$($flag $($placeholder)?)?] [$($variable)?] [$($key)?] [$($said)?]
            }), )*
        ];

        impl Config {
            /// Takes each option from the first source that has it.
            pub(super) fn resolve(
                sources: &$crate::config::source::Sources<'_>,
                places: &$crate::config::Places,
            ) -> Result<Self, $crate::config::ConfigError> {
                Ok(Self { $(
                    $name: {
                        const SPEC: $crate::config::OptionSpec =
                            $crate::config::table::options!(@spec $name: $type {
                                [$($doc)+] [$($flag $($placeholder)?)?] [$($variable)?] [$($key)?] [$($said)?]
                            });
                        sources.setting(&SPEC, || { let $cx = places; $default })?
                    },
                )* })
            }

            /// Every option with its value as text, in the order of the table.
            #[must_use]
            pub fn shown(&self) -> Vec<$crate::config::Shown<'_>> {
                use $crate::config::value::OptionValue as _;
                let values = [ $( (self.$name.value.raw(), &self.$name.origin), )* ];
                OPTIONS
                    .iter()
                    .zip(values)
                    .map(|(spec, (value, origin))| $crate::config::Shown { spec, value, origin })
                    .collect()
            }
        }
    };
    (@spec $name:ident: $type:ty {
        [$($doc:literal)+] [$($flag:literal $($placeholder:ident)?)?] [$($variable:literal)?] [$($key:literal)?] [$($said:literal)?]
    }) => {
        $crate::config::OptionSpec {
            name: stringify!($name),
            flag: $crate::config::table::options!(@maybe $($flag)?),
            variable: $crate::config::table::options!(@maybe $($variable)?),
            key: $crate::config::table::options!(@maybe $($key)?),
            placeholder: $crate::config::table::options!(@maybe $($(stringify!($placeholder))?)?),
            is_list: <$type as $crate::config::value::OptionValue>::IS_LIST,
            kind: <$type as $crate::config::value::OptionValue>::KIND,
            default: $crate::config::table::options!(@maybe $($said)?),
            doc: concat!($($doc, "\n"),+),
        }
    };
    (@maybe $value:expr) => { Some($value) };
    (@maybe) => { None };
}

pub(super) use options;
