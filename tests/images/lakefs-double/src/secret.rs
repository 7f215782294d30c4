//! Keeps a secret so that only the holder of `auth.encrypt.secret_key` can read it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const NONCE_BYTES: usize = 24;

/// The secret can't be read with this key, or can't be sealed.
#[derive(Debug, thiserror::Error)]
#[error("could not decrypt value")]
pub(crate) struct Unreadable;

/// An encrypted secret, as the metadata holds it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Sealed(String);

/// The cipher under one encryption key. Any length of key will do, as with LakeFS.
pub(crate) struct Cipher(XChaCha20Poly1305);

impl Cipher {
    pub(crate) fn new(encryption_key: &str) -> Self {
        Self(XChaCha20Poly1305::new(
            &<[u8; 32]>::from(Sha256::digest(encryption_key)).into(),
        ))
    }

    pub(crate) fn seal(&self, secret: &str) -> Result<Sealed, Unreadable> {
        let mut bytes = vec![0; NONCE_BYTES];
        getrandom::fill(&mut bytes).or(Err(Unreadable))?;
        let encrypted = self
            .0
            .encrypt(XNonce::from_slice(&bytes), secret.as_bytes())
            .or(Err(Unreadable))?;
        bytes.extend(encrypted);
        Ok(Sealed(BASE64_STANDARD.encode(bytes)))
    }

    pub(crate) fn open(&self, sealed: &Sealed) -> Result<String, Unreadable> {
        let bytes = BASE64_STANDARD.decode(&sealed.0).or(Err(Unreadable))?;
        let (nonce, encrypted) = bytes.split_at_checked(NONCE_BYTES).ok_or(Unreadable)?;
        let secret = self
            .0
            .decrypt(XNonce::from_slice(nonce), encrypted)
            .or(Err(Unreadable))?;
        String::from_utf8(secret).or(Err(Unreadable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens_a_secret() {
        let sealed = Cipher::new("one key").seal("secret").unwrap();
        assert!(!sealed.0.contains("secret"));
        assert_eq!(Cipher::new("one key").open(&sealed).unwrap(), "secret");
        assert!(Cipher::new("another key").open(&sealed).is_err());
    }
}
