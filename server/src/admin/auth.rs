//! What the operator's face has besides the services: who may come in.

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use yibi_common::admin::Role;

use crate::random;
use crate::service::rate_limits::RateLimits;
use crate::settings::{LimitSettings, Settings};

/// Failed attempts of one address: per second, and at once.
const FAILURES: (u32, u32) = (2, 20);

/// A new token of 256 random bits, and its SHA-256 as the settings take it.
#[must_use]
pub fn new_token() -> (String, String) {
    let token = data_encoding::HEXLOWER.encode(&random::bytes::<32>());
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(token.as_bytes()));
    (token, hash)
}

/// What only the admin listener has.
pub struct OperatorAuth {
    /// Counts failed attempts, apart from those of clients.
    pub rate_limits: RateLimits,
    tokens: Vec<Token>,
}

struct Token {
    name: String,
    role: Role,
    hash: [u8; 32],
}

impl OperatorAuth {
    /// As the settings say.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let first = settings.admin.token.expose_secret();
        let first = (!first.is_empty()).then(|| Token {
            name: "admin".to_owned(),
            role: Role::Operator,
            hash: Sha256::digest(first.as_bytes()).into(),
        });
        let further = settings.admin.tokens.iter().filter_map(|token| {
            let hash = data_encoding::HEXLOWER.decode(token.sha256.as_bytes()).ok()?;
            Some(Token { name: token.name.clone(), role: token.role, hash: hash.try_into().ok()? })
        });
        let limits = LimitSettings {
            address_failures: FAILURES.0,
            address_failures_burst: FAILURES.1,
            ..settings.limits.clone()
        };
        Self { rate_limits: RateLimits::new(&limits), tokens: first.into_iter().chain(further).collect() }
    }

    /// The operator with that token, in time that does not depend on which it is or how much of it is right.
    #[must_use]
    pub fn recognise(&self, token: &str) -> Option<(&str, Role)> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = None;
        for token in &self.tokens {
            if bool::from(token.hash.ct_eq(&hash)) {
                found = Some((token.name.as_str(), token.role));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_apart_by_their_hashes() {
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(b"second"));
        let mut settings = Settings::load(None, [], &[]).unwrap();
        settings.admin.token = "first".to_owned().into();
        settings.admin.tokens = vec![crate::settings::AdminToken {
            name: "ann".to_owned(),
            role: Role::Viewer,
            sha256: hash.clone(),
        }];
        let operators = OperatorAuth::new(&settings);
        assert_eq!(operators.recognise("first"), Some(("admin", Role::Operator)));
        assert_eq!(operators.recognise("second"), Some(("ann", Role::Viewer)));
        for wrong in ["", "firs", "firstx", hash.as_str()] {
            assert_eq!(operators.recognise(wrong), None);
        }
        settings.admin.token = String::new().into();
        assert_eq!(OperatorAuth::new(&settings).recognise(""), None);
    }
}
