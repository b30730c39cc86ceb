//! A credential of the daemon's own making: 32 random bytes in base64url without padding, 43 characters, in a file that
//! only its owner may read. What a token allows is not decided here.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::private_file;

/// Random bytes of a token.
const BYTES: usize = 32;
/// Characters of a token.
const LENGTH: usize = 43;

/// A credential. Never printed; its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// A new one, from the randomness of the operating system.
    ///
    /// # Errors
    /// [`TokenError::Random`].
    pub fn generate() -> Result<Self, TokenError> {
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| TokenError::Random)?;
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Ok(Self(text))
    }

    /// Reads a token file. White space around the token does not count.
    ///
    /// # Errors
    /// [`TokenError::Read`], [`TokenError::Malformed`].
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let text = fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|source| TokenError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::from_text(text.trim()).ok_or_else(|| TokenError::Malformed {
            path: path.to_owned(),
        })
    }

    /// The token with this text, where it is one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let decoded = URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new);
        let token = text.len() == LENGTH && decoded.is_ok();
        token.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Writes the token to a file that only its owner may read, over what is there. Folders are created as needed.
    ///
    /// # Errors
    /// [`TokenError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), TokenError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        private_file::create_folder(folder)
            .and_then(|()| private_file::replace(path, self.0.as_bytes()))
            .map_err(|source| TokenError::Write {
                path: path.to_owned(),
                source,
            })
    }

    /// Whether `presented` is this token, in a time that does not depend on where they differ. That a token has 43
    /// characters is no secret.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        self.0.as_bytes().ct_eq(presented.as_bytes()).into()
    }

    /// The token itself, to be presented.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Why there is no token.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The operating system has no randomness.
    #[error("the operating system gives no random bytes")]
    Random,
    /// The file cannot be read.
    #[error("cannot read the token file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the file {} holds no token", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write the token file {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_43_characters_of_base64url_and_never_the_same() {
        let (one, other) = (Token::generate().unwrap(), Token::generate().unwrap());
        assert_eq!(one.expose().len(), LENGTH);
        assert_eq!(URL_SAFE_NO_PAD.decode(one.expose()).unwrap().len(), BYTES);
        assert!(!one.matches(other.expose()));
    }

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::generate().unwrap();
        assert!(token.matches(token.expose()));
        assert!(!token.matches(""));
        assert!(!token.matches(&token.expose()[..LENGTH - 1]));
        assert!(!token.matches(&format!("{} ", token.expose())));
        let mut other = token.expose().to_owned();
        let last = if other.pop() == Some('A') { 'E' } else { 'A' };
        other.push(last);
        assert!(!token.matches(&other));
    }

    #[test]
    fn a_file_without_a_token_is_refused_without_showing_it() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("auth-token");
        fs::write(&path, "password").unwrap();
        let error = Token::read(&path).unwrap_err().to_string();
        assert!(error.ends_with("holds no token") && !error.contains("password"));
    }
}
