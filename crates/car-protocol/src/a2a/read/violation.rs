use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::limits::MAX_VIOLATIONS;

/// One field that does not fit, as in `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FieldViolation {
    /// Its path from the params or the document on, for example `message.parts[0]`; empty for the whole.
    #[serde(default)]
    pub field: String,
    /// What is wrong with it, continuing the sentence that the field begins: `is required`.
    #[serde(default)]
    pub description: String,
}

impl fmt::Display for FieldViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = if self.field.is_empty() {
            "the whole"
        } else {
            &self.field
        };
        write!(f, "{field} {}", self.description)
    }
}

/// All that does not fit in one text, in the order found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Violations {
    fields: Vec<FieldViolation>,
    omitted: usize,
}

impl Violations {
    pub(super) fn note(&mut self, field: String, description: String) {
        if self.fields.len() < MAX_VIOLATIONS {
            self.fields.push(FieldViolation { field, description });
        } else {
            self.omitted += 1;
        }
    }

    /// Whether everything fits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The violations, at most [`MAX_VIOLATIONS`].
    #[must_use]
    pub fn fields(&self) -> &[FieldViolation] {
        &self.fields
    }

    /// The violations, to be kept.
    #[must_use]
    pub fn into_fields(self) -> Vec<FieldViolation> {
        self.fields
    }

    /// How many more there were.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.fields.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            violation.fmt(f)?;
        }
        if self.omitted > 0 {
            write!(f, "; and {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}
