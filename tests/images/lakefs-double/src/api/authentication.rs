//! Who is asking: HTTP basic authentication with an access key. The double issues no bearer tokens,
//! so none is valid.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::StatusCode;

use super::answer::Answer;
use super::routes::{Asked, Lakefs};
use crate::log::Level;
use crate::metadata::Administrator;

/// What LakeFS says to anyone whose credentials fail; only its log says more.
const FAILED: &str = "error authenticating request";

impl Lakefs {
    /// The user whose credentials came along; `None` where none came.
    ///
    /// # Errors
    ///
    /// Returns LakeFS's 401, and logs the reason, where they are wrong.
    pub(super) fn authenticate(&self, asked: &Asked) -> Result<Option<Administrator>, Answer> {
        let authorization = asked.authorization.as_deref().unwrap_or_default();
        let (scheme, value) = authorization.split_once(' ').unwrap_or_default();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Err(self.refuse("invalid token"));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Ok(None);
        }
        // Go sees no credentials in what it can't decode.
        let decoded = BASE64_STANDARD.decode(value).unwrap_or_default();
        let decoded = String::from_utf8_lossy(&decoded);
        let Some((access_key_id, secret)) = decoded.split_once(':') else {
            return Ok(None);
        };
        self.check(access_key_id, secret)
            .map(Some)
            .map_err(|reason| self.refuse(&format!("built in authenticator: {reason}")))
    }

    /// Lets only the user pass.
    ///
    /// # Errors
    ///
    /// Returns LakeFS's 401 where there are no credentials or wrong ones.
    pub(super) fn authorize(&self, asked: &Asked) -> Result<(), Answer> {
        match self.authenticate(asked)? {
            Some(_) => Ok(()),
            None => Err(Answer::error(StatusCode::UNAUTHORIZED, FAILED)),
        }
    }

    fn check(&self, access_key_id: &str, secret: &str) -> Result<Administrator, String> {
        let administrator = self
            .metadata
            .administrator()
            .filter(|administrator| administrator.access_key_id == access_key_id)
            .ok_or("credentials not found")?;
        let stored = self.cipher.open(&administrator.secret_access_key);
        if stored.map_err(|unreadable| unreadable.to_string())? != secret {
            return Err("invalid secret access key".to_owned());
        }
        Ok(administrator)
    }

    fn refuse(&self, reason: &str) -> Answer {
        self.log.line(Level::Warning, FAILED, &[("error", reason)]);
        Answer::error(StatusCode::UNAUTHORIZED, FAILED)
    }
}
