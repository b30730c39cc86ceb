//! The two credentials of a daemon: the client token, and the host token that gives the host role.
//!
//! A token is 32 random bytes in base64url without padding, 43 characters, new at every launch, in a file that only
//! its owner may read. Who holds which role is not decided here.

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
        let token = text.trim();
        let decoded = URL_SAFE_NO_PAD.decode(token).map(Zeroizing::new);
        if token.len() != LENGTH || decoded.is_err() {
            return Err(TokenError::Malformed {
                path: path.to_owned(),
            });
        }
        Ok(Self(Zeroizing::new(token.to_owned())))
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

/// The tokens that a daemon accepts.
#[derive(Clone, Debug)]
pub struct Tokens {
    client: Option<Token>,
    host: Token,
}

impl Tokens {
    /// New tokens in memory; without `auth` there is no client token, and everybody is let in.
    ///
    /// # Errors
    /// [`TokenError::Random`].
    pub fn generate(auth: bool) -> Result<Self, TokenError> {
        Ok(Self {
            client: if auth { Some(Token::generate()?) } else { None },
            host: Token::generate()?,
        })
    }

    /// Whether clients must present a token.
    #[must_use]
    pub fn auth_enabled(&self) -> bool {
        self.client.is_some()
    }

    /// Whether this is the client token. Everything is, where authentication is off.
    #[must_use]
    pub fn verify_client(&self, presented: &str) -> bool {
        self.client
            .as_ref()
            .is_none_or(|token| token.matches(presented))
    }

    /// Whether this is the host token, also where authentication is off.
    #[must_use]
    pub fn verify_host(&self, presented: &str) -> bool {
        self.host.matches(presented)
    }

    /// The client token, unless authentication is off.
    #[must_use]
    pub fn client(&self) -> Option<&Token> {
        self.client.as_ref()
    }

    /// The host token.
    #[must_use]
    pub fn host(&self) -> &Token {
        &self.host
    }

    /// Writes the tokens to their files, over those of an earlier launch. The folders are created as needed.
    ///
    /// # Errors
    /// [`TokenError::Write`].
    pub fn publish(&self, client: &Path, host: &Path) -> Result<TokenFiles, TokenError> {
        let mut files = TokenFiles::default();
        if let Some(token) = &self.client {
            files.write(client, token)?;
        }
        files.write(host, &self.host)?;
        Ok(files)
    }
}

/// The files of a launch. Dropping it removes them, unless another daemon has put its own there meanwhile.
#[derive(Debug, Default)]
pub struct TokenFiles(Vec<(PathBuf, Token)>);

impl TokenFiles {
    fn write(&mut self, path: &Path, token: &Token) -> Result<(), TokenError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        private_file::create_folder(folder)
            .and_then(|()| private_file::replace(path, token.expose().as_bytes()))
            .map_err(|source| TokenError::Write {
                path: path.to_owned(),
                source,
            })?;
        self.0.push((path.to_owned(), token.clone()));
        Ok(())
    }
}

impl Drop for TokenFiles {
    fn drop(&mut self) {
        for (path, token) in &self.0 {
            if Token::read(path).is_ok_and(|found| token.matches(found.expose())) {
                let _ = fs::remove_file(path);
            }
        }
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
    fn a_token_is_never_printed() {
        let tokens = Tokens::generate(true).unwrap();
        let printed = format!("{tokens:?} {tokens:#?}");
        assert!(!printed.contains(tokens.host().expose()));
        assert!(!printed.contains(tokens.client().unwrap().expose()));
    }

    #[test]
    fn without_authentication_everybody_is_a_client_and_nobody_is_a_host() {
        let tokens = Tokens::generate(false).unwrap();
        assert!(tokens.verify_client("whatever"));
        assert!(!tokens.verify_host("whatever"));
        assert!(tokens.verify_host(tokens.host().expose()));
    }

    #[test]
    fn the_client_token_does_not_give_the_host_role() {
        let tokens = Tokens::generate(true).unwrap();
        assert!(!tokens.verify_host(tokens.client().unwrap().expose()));
        assert!(!tokens.verify_client(tokens.host().expose()));
    }

    #[test]
    fn published_tokens_are_read_back_and_removed_at_the_end() {
        let root = tempfile::tempdir().unwrap();
        let (client, host) = (
            root.path().join("a/auth-token"),
            root.path().join("host-token"),
        );
        fs::write(&host, "from an earlier launch").unwrap();
        let tokens = Tokens::generate(true).unwrap();
        let files = tokens.publish(&client, &host).unwrap();
        assert!(tokens.verify_client(Token::read(&client).unwrap().expose()));
        assert!(tokens.verify_host(Token::read(&host).unwrap().expose()));
        assert_eq!(fs::read(&client).unwrap().len(), LENGTH);
        drop(files);
        assert!(!client.exists() && !host.exists());
    }

    #[test]
    fn the_token_of_another_daemon_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let (client, host) = (
            root.path().join("auth-token"),
            root.path().join("host-token"),
        );
        let files = Tokens::generate(true)
            .unwrap()
            .publish(&client, &host)
            .unwrap();
        let later = Token::generate().unwrap();
        private_file::replace(&client, later.expose().as_bytes()).unwrap();
        drop(files);
        assert!(later.matches(Token::read(&client).unwrap().expose()));
        assert!(!host.exists());
    }

    #[test]
    fn without_authentication_no_client_token_is_written() {
        let root = tempfile::tempdir().unwrap();
        let (client, host) = (
            root.path().join("auth-token"),
            root.path().join("host-token"),
        );
        let _files = Tokens::generate(false)
            .unwrap()
            .publish(&client, &host)
            .unwrap();
        assert!(!client.exists() && host.exists());
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
