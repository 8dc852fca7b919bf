//! The form of every token: a prefix that says its kind, 36 random letters and digits, and a checksum, so that scanners of
//! leaked secrets find them without false alarms and a mistyped one is refused without asking the database.

use std::fmt;

use ring::digest;
use zeroize::Zeroizing;

use crate::Error;

/// What a token is for; the prefix of its text says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A user's, with scopes.
    Personal,
    /// A user's, with permissions, for chosen repositories.
    FineGrained,
    /// A running job's; dies with it.
    Job,
    /// A registered runner's secret.
    Runner,
    /// Registers one runner, once.
    Registration,
    /// Removes a runner.
    Removal,
    /// Makes the first administrator, once.
    SetUp,
    /// A browser's session.
    Session,
}

const KINDS: &[(TokenKind, &str)] = &[
    (TokenKind::Personal, "tlp_"),
    (TokenKind::FineGrained, "tlf_"),
    (TokenKind::Job, "tlj_"),
    (TokenKind::Runner, "tlr_"),
    (TokenKind::Registration, "tlg_"),
    (TokenKind::Removal, "tlx_"),
    (TokenKind::SetUp, "tlu_"),
    (TokenKind::Session, "tls_"),
];

const RANDOM: usize = 36;
const CHECK: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A fresh token: shown once, kept as its hash only.
#[derive(Clone)]
pub struct NewToken {
    pub text: Zeroizing<String>,
    pub hash: TokenHash,
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewToken")
    }
}

/// SHA-256 of a token, in hexadecimal. Tokens have over 200 bits of chance in them, so that a fast hash is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHash(String);

impl TokenHash {
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(hex::encode(digest::digest(&digest::SHA256, text.as_bytes())))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TokenKind {
    #[must_use]
    pub fn prefix(self) -> &'static str {
        KINDS.iter().find(|kind| kind.0 == self).map_or("", |kind| kind.1)
    }

    /// Makes a token. Fails when the system has no randomness.
    pub fn mint(self) -> Result<NewToken, Error> {
        let mut text = Zeroizing::new(String::with_capacity(4 + RANDOM + CHECK));
        text.push_str(self.prefix());
        let mut bytes = Zeroizing::new([0_u8; 64]);
        let mut taken = 0;
        while taken < RANDOM {
            getrandom::fill(bytes.as_mut()).map_err(|_| Error::NoRandomness)?;
            // Bytes above the last multiple of 62 are left out: they would favour the first letters.
            for letter in bytes.iter().filter(|byte| **byte < 248).take(RANDOM - taken) {
                text.push(char::from(ALPHABET[usize::from(*letter % 62)]));
                taken += 1;
            }
        }
        let check = checksum(&text);
        text.push_str(&check);
        let hash = TokenHash::of(&text);
        Ok(NewToken { text, hash })
    }

    /// The kind of a token whose form and checksum are right.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let (kind, prefix) = KINDS.iter().find(|kind| text.starts_with(kind.1))?;
        let right = text.len() == prefix.len() + RANDOM + CHECK
            && text[prefix.len()..].bytes().all(|byte| byte.is_ascii_alphanumeric())
            && text.ends_with(&checksum(&text[..prefix.len() + RANDOM]));
        right.then_some(*kind)
    }
}

fn checksum(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().iter().take(CHECK).map(|byte| char::from(ALPHABET[usize::from(byte % 62)])).collect()
}

/// Some random bytes in hexadecimal: ids and nonces that are no tokens.
pub(crate) fn random_hex(bytes: usize) -> Result<String, Error> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).map_err(|_| Error::NoRandomness)?;
    Ok(hex::encode(buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form() {
        for (kind, prefix) in KINDS {
            let token = kind.mint().unwrap();
            assert!(token.text.starts_with(prefix) && token.text.len() == 46);
            assert_eq!(TokenKind::of(&token.text), Some(*kind));
            assert_eq!(token.hash, TokenHash::of(&token.text));
            assert_eq!(token.hash.as_str().len(), 64);
            let mut forged = token.text.to_string();
            let last = if forged.ends_with('0') { "1" } else { "0" };
            forged.replace_range(45.., last);
            assert_eq!(TokenKind::of(&forged), None);
        }
        for text in ["", "tlp_", "ghp_0123456789", "tlp_äöü", &format!("tlp_{}", "0".repeat(42))] {
            assert_eq!(TokenKind::of(text), None, "{text}");
        }
    }
}
