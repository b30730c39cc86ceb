//! The two credentials of a daemon: the client token, and the host token that gives the host role.
//!
//! A token is 32 random bytes in base64url without padding, 43 characters, new at every launch, in a file that only
//! its owner may read. Who holds which role is not decided here.

use std::fs;
use std::path::{Path, PathBuf};

pub use car_state::token::{Token, TokenError};

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
        token.write(path)?;
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

#[cfg(test)]
mod tests {
    use car_state::private_file;

    use super::*;

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
        assert_eq!(fs::read(&client).unwrap().len(), 43);
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
}
