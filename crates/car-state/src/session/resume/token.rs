use std::fmt;

use car_protocol::rpc::session::ResumeToken;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::machine::{Presented, Tokens};
use crate::identity::SessionId;

/// Random bytes of a token.
const BYTES: usize = 32;
/// How long the text of a token may be that is looked at.
const LONGEST: usize = 128;

/// What is kept of a token: SHA-256 of it. The token has 256 random bits, so nothing slower is needed.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(crate) struct TokenHash([u8; 32]);

/// The system has no randomness.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// A new token of a session, and what is kept of it. It says which session it belongs to, so that nothing has to be
/// looked up by a secret.
pub(super) fn issue(session: &SessionId) -> Result<(ResumeToken, TokenHash), NoRandomness> {
    let mut bytes = [0_u8; BYTES];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    let mut text = String::with_capacity(session.as_str().len() + 1 + 2 * BYTES);
    text.push_str(session.as_str());
    text.push('.');
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    let token = ResumeToken::new(text);
    let hash = TokenHash::of(&token);
    Ok((token, hash))
}

/// The session that a token says it belongs to.
pub(super) fn session_of(token: &ResumeToken) -> Option<SessionId> {
    let text = Some(token.expose()).filter(|text| text.len() <= LONGEST)?;
    let (session, _) = text.split_once('.')?;
    Some(SessionId::new(session))
}

impl TokenHash {
    pub(super) fn of(token: &ResumeToken) -> Self {
        Self(Sha256::digest(token.expose().as_bytes()).into())
    }

    /// What a token is, in a time that does not depend on how it differs.
    pub(super) fn presented(self, tokens: &Tokens<Self>) -> Presented {
        let is = |kept: Option<Self>| {
            let bytes = kept.map_or([0; 32], |kept| kept.0);
            bool::from(bytes.ct_eq(&self.0)) & kept.is_some()
        };
        let [older, newest] = tokens.given;
        match (is(tokens.used), is(older), is(newest)) {
            (true, _, _) => Presented::Used,
            (_, true, _) => Presented::Older,
            (_, _, true) => Presented::Newest,
            _ => Presented::Wrong,
        }
    }

    #[cfg(feature = "sqlite")]
    pub(super) const fn bytes(self) -> [u8; 32] {
        self.0
    }

    #[cfg(feature = "sqlite")]
    pub(super) const fn of_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_session_and_is_never_the_same() {
        let session = SessionId::new("4f0c");
        let (one, hash) = issue(&session).unwrap();
        let (other, _) = issue(&session).unwrap();
        assert_eq!(session_of(&one), Some(session));
        assert_eq!(one.expose().len(), 4 + 1 + 64);
        assert_ne!(one, other);
        assert_eq!(TokenHash::of(&one), hash);
    }

    #[test]
    fn only_the_whole_token_is_recognised() {
        let session = SessionId::new("4f0c");
        let ((one, first), (two, second)) = (issue(&session).unwrap(), issue(&session).unwrap());
        let tokens = Tokens {
            used: Some(first),
            given: [None, Some(second)],
        };
        let known = |token: &ResumeToken| TokenHash::of(token).presented(&tokens);
        assert_eq!(known(&two), Presented::Newest);
        assert_eq!(known(&one), Presented::Used);
        let cut = ResumeToken::new(one.expose()[..68].to_owned());
        assert_eq!(known(&cut), Presented::Wrong);
        for hash in [first, TokenHash([0; 32])] {
            assert_eq!(hash.presented(&Tokens::NONE), Presented::Wrong);
        }
    }

    #[test]
    fn a_token_is_never_printed() {
        let (token, hash) = issue(&SessionId::new("4f0c")).unwrap();
        let printed = format!("{token:?} {hash:?}");
        assert_eq!(printed, "ResumeToken(…) TokenHash(…)");
    }

    #[test]
    fn what_is_no_token_names_no_session() {
        for text in ["", "none", &"x.".repeat(100)] {
            assert_eq!(session_of(&ResumeToken::new(text.to_owned())), None);
        }
    }
}
