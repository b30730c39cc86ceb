//! The credential of each agent, in a file of its own.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use parking_lot::Mutex;

use super::AgentId;
use crate::token::{Token, TokenError};

/// The tokens of agents, each in the file `token` of the agent's folder, which only its owner may read. Without a root
/// they are in memory only. Never printed.
#[derive(Debug, Default)]
pub struct AgentTokens {
    root: Option<PathBuf>,
    /// Those that were issued or read. No more than there are agents.
    known: Mutex<HashMap<AgentId, Token>>,
}

impl AgentTokens {
    /// Tokens below this folder, that of all agents: `CAR_HOME/agents`.
    #[must_use]
    pub fn below(root: impl Into<PathBuf>) -> Self {
        Self {
            root: Some(root.into()),
            known: Mutex::default(),
        }
    }

    /// The agent's token; made now where it has none.
    ///
    /// # Errors
    /// [`TokenError`]; a file that holds something else is not replaced.
    pub fn issue(&self, id: &AgentId) -> Result<Token, TokenError> {
        let mut known = self.known.lock();
        if let Some(token) = known.get(id) {
            return Ok(token.clone());
        }
        let token = match self.read(id)? {
            Some(token) => token,
            None => self.write(id, Token::generate()?)?,
        };
        known.insert(id.clone(), token.clone());
        Ok(token)
    }

    /// Whether this is the agent's token, in a time that does not depend on where they differ. An agent that has none is
    /// nobody.
    #[must_use]
    pub fn verify(&self, id: &AgentId, presented: &str) -> bool {
        let mut known = self.known.lock();
        if let Some(token) = known.get(id) {
            return token.matches(presented);
        }
        match self.read(id) {
            Ok(Some(token)) => {
                let right = token.matches(presented);
                known.insert(id.clone(), token);
                right
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(agent = %id, %error, "the token of an agent cannot be read");
                false
            }
        }
    }

    /// Whether there is such an agent: one that has a token.
    #[must_use]
    pub fn knows(&self, id: &AgentId) -> bool {
        let known = self.known.lock().contains_key(id);
        known || self.file(id).is_some_and(|file| file.exists())
    }

    /// Gives the agent a new token. The old one is good for nothing from now on.
    ///
    /// # Errors
    /// [`TokenError`]; the old one stays then.
    pub fn rotate(&self, id: &AgentId) -> Result<Token, TokenError> {
        self.set(id, Token::generate()?)
    }

    /// Gives the agent this token.
    ///
    /// # Errors
    /// [`TokenError`]; the old one stays then.
    pub fn set(&self, id: &AgentId, token: Token) -> Result<Token, TokenError> {
        let mut known = self.known.lock();
        let token = self.write(id, token)?;
        known.insert(id.clone(), token.clone());
        Ok(token)
    }

    /// Takes the agent's token away.
    ///
    /// # Errors
    /// [`TokenError::Write`]: the file cannot be removed.
    pub fn remove(&self, id: &AgentId) -> Result<(), TokenError> {
        let mut known = self.known.lock();
        if let Some(path) = self.file(id)
            && let Err(source) = fs::remove_file(&path)
            && source.kind() != io::ErrorKind::NotFound
        {
            return Err(TokenError::Write { path, source });
        }
        known.remove(id);
        Ok(())
    }

    /// Where the agent's token is, unless it is in memory only.
    #[must_use]
    pub fn file(&self, id: &AgentId) -> Option<PathBuf> {
        Some(self.root.as_ref()?.join(id.as_str()).join("token"))
    }

    fn read(&self, id: &AgentId) -> Result<Option<Token>, TokenError> {
        let Some(path) = self.file(id) else {
            return Ok(None);
        };
        match Token::read(&path) {
            Err(TokenError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    fn write(&self, id: &AgentId, token: Token) -> Result<Token, TokenError> {
        if let Some(path) = self.file(id) {
            token.write(&path)?;
        }
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> AgentId {
        text.parse().unwrap()
    }

    #[test]
    fn a_token_is_issued_once_and_survives_the_daemon() {
        let root = tempfile::tempdir().unwrap();
        let (tokens, echo) = (AgentTokens::below(root.path()), id("echo"));
        assert!(!tokens.verify(&echo, ""));
        let token = tokens.issue(&echo).unwrap();
        assert_eq!(tokens.issue(&echo).unwrap().expose(), token.expose());
        let later = AgentTokens::below(root.path());
        assert!(later.verify(&echo, token.expose()));
        assert!(!later.verify(&id("other"), token.expose()));
        assert!(!format!("{later:?}").contains(token.expose()));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_of_a_token_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let tokens = AgentTokens::below(root.path());
        tokens.issue(&id("echo")).unwrap();
        let file = fs::metadata(tokens.file(&id("echo")).unwrap()).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_token_that_was_replaced_or_taken_away_is_good_for_nothing() {
        for tokens in [
            AgentTokens::default(),
            AgentTokens::below(tempfile::tempdir().unwrap().path()),
        ] {
            let echo = id("echo");
            let old = tokens.issue(&echo).unwrap();
            let new = tokens.rotate(&echo).unwrap();
            assert!(!tokens.verify(&echo, old.expose()));
            assert!(tokens.verify(&echo, new.expose()));
            tokens.remove(&echo).unwrap();
            tokens.remove(&echo).unwrap();
            assert!(!tokens.verify(&echo, new.expose()));
        }
    }
}
