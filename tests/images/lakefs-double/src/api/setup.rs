//! The first user: whether there is one, and how it comes to be.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::routes::{Asked, Lakefs, failed, now};
use crate::metadata::Administrator;
use crate::secret::Cipher;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl Lakefs {
    pub(super) fn setup_state(&self) -> Answer {
        let state = match self.metadata.administrator() {
            Some(_) => "initialized",
            None => "not_initialized",
        };
        let answer = json!({
            "comm_prefs_missing": self.email_subscription,
            "login_config": {
                "RBAC": "none",
                "login_cookie_names": ["internal_auth_session"],
                "login_failed_message": "The credentials don't match.",
                "login_url": "",
                "login_url_method": "none",
                "logout_url": "",
            },
            "state": state,
        });
        Answer::json(StatusCode::OK, &answer)
    }

    pub(super) fn set_up(&self, asked: &Asked) -> Result<Answer, Answer> {
        let body = asked.document()?;
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
        let name = text("/username").unwrap_or_default();
        if name.is_empty() {
            return Err(Answer::bad_request("empty user display name"));
        }
        let access_key_id = text("/key/access_key_id").map_or_else(generated_id, str::to_owned);
        let secret = text("/key/secret_access_key").map_or_else(generated_secret, str::to_owned);
        let administrator = administrator(&self.cipher, name, &access_key_id, &secret)
            .map_err(|message| Answer::error(StatusCode::INTERNAL_SERVER_ERROR, &message))?;
        let creation_date = administrator.creation_date;
        self.metadata
            .set_up(administrator)
            .map_err(|error| failed(&error))?
            .ok_or_else(|| Answer::error(StatusCode::CONFLICT, "lakeFS already initialized"))?;
        let answer = json!({
            "access_key_id": access_key_id,
            "creation_date": creation_date,
            "secret_access_key": secret,
        });
        Ok(Answer::json(StatusCode::OK, &answer))
    }
}

/// An administrator as the metadata keeps one.
///
/// # Errors
///
/// Fails where the secret can't be encrypted.
pub(crate) fn administrator(
    cipher: &Cipher,
    name: &str,
    access_key_id: &str,
    secret: &str,
) -> Result<Administrator, String> {
    Ok(Administrator {
        name: name.to_owned(),
        creation_date: now(),
        access_key_id: access_key_id.to_owned(),
        secret_access_key: cipher.seal(secret).map_err(|error| error.to_string())?,
    })
}

/// `AKIAJ`, 14 characters, `Q`, as LakeFS makes them.
fn generated_id() -> String {
    format!("AKIAJ{}Q", random(14))
}

fn generated_secret() -> String {
    random(40)
}

fn random(length: usize) -> String {
    let draw = || getrandom::u32().unwrap_or_default() as usize % BASE32.len();
    (0..length)
        .filter_map(|_| BASE32.get(draw()))
        .map(|byte| char::from(*byte))
        .collect()
}
