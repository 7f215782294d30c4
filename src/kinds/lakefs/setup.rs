//! The set-up of LakeFS: the admin's keys are made here, kept in a file, and only then posted.
//!
//! LakeFS tells the keys of its admin once. Keys that are in the file before LakeFS knows them are
//! never lost: a run that is killed at any point leaves either no keys, keys that LakeFS does not
//! know yet and that the next run posts, or keys that LakeFS knows.

use std::net::SocketAddr;
use std::path::Path;

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::api::{complaint, failed, in_log, repositories, send};
use super::{Credentials, store};
use crate::kinds::http::Answer;
use crate::kinds::{BootstrapError, Deed, Target};
use crate::model::Lakefs;

/// What `GET /api/v1/setup_lakefs` says. There has never been an `initialized` field.
#[derive(Debug, Deserialize)]
pub(super) struct Setup {
    pub(super) state: String,
}

/// Sets LakeFS up where it is not, and proves that the keys of the file work.
///
/// | LakeFS | file | what happens |
/// |---|---|---|
/// | not set up | missing | keys are made, written, and posted |
/// | not set up | there | its keys are posted |
/// | set up | missing | an error: nobody has the keys |
/// | set up | there | its keys are tried |
///
/// # Errors
///
/// When LakeFS refuses, or the file can't be used.
pub(in crate::kinds) async fn bootstrap(
    options: &Lakefs,
    target: &Target<'_>,
) -> Result<Vec<Deed>, BootstrapError> {
    let Some(file) = &options.credentials_file else {
        return Ok(Vec::new());
    };
    let address = target.published(options.port)?;
    let mut deeds = Vec::new();
    let keys = match (is_set_up(address).await?, Credentials::read(file)?) {
        (true, Some(keys)) => keys,
        (true, None) => return Err(BootstrapError::LakefsKeysLost { file: file.clone() }),
        (false, found) => {
            let keys = match found {
                Some(keys) => keys,
                None => made(file)?,
            };
            if set_up(address, &options.admin, &keys).await? {
                deeds.push(Deed::LakefsSetUp {
                    admin: options.admin.clone(),
                    file: file.clone(),
                });
            }
            keys
        }
    };
    verify(address, &keys, file, target).await?;
    deeds.extend(store::reach(address, &keys, target).await?);
    Ok(deeds)
}

fn made(file: &Path) -> Result<Credentials, BootstrapError> {
    let keys = Credentials::generate()?;
    keys.write(file)?;
    Ok(keys)
}

async fn is_set_up(address: SocketAddr) -> Result<bool, BootstrapError> {
    let answer = send(Method::GET, address, "/setup_lakefs", None, String::new()).await?;
    let setup: Setup = serde_json::from_str(&answer.body).map_err(|_unreadable| failed(&answer))?;
    match setup.state.as_str() {
        "initialized" => Ok(true),
        "not_initialized" => Ok(false),
        _ => Err(failed(&answer)),
    }
}

/// Posts the keys; false when somebody else has set LakeFS up meanwhile.
async fn set_up(
    address: SocketAddr,
    admin: &str,
    keys: &Credentials,
) -> Result<bool, BootstrapError> {
    let body = json!({
        "username": admin,
        "key": {
            "access_key_id": keys.access_key,
            "secret_access_key": keys.secret_key.reveal(),
        },
    });
    let asked = send(
        Method::POST,
        address,
        "/setup_lakefs",
        None,
        body.to_string(),
    );
    let answer = asked.await?;
    match answer.status {
        200 => Ok(true),
        409 => Ok(false),
        _ => Err(failed(&answer)),
    }
}

/// Asks for a repository. `GET /user` would answer 200 to anybody.
async fn verify(
    address: SocketAddr,
    keys: &Credentials,
    file: &Path,
    target: &Target<'_>,
) -> Result<(), BootstrapError> {
    let answer = repositories(address, keys, 1, "").await?;
    match answer.status {
        200 => Ok(()),
        401 => Err(refused(&answer, file, target).await),
        _ => Err(failed(&answer)),
    }
}

/// The reason of a refusal, which LakeFS tells in its log only.
async fn refused(answer: &Answer, file: &Path, target: &Target<'_>) -> BootstrapError {
    let refused = |said: &str| BootstrapError::LakefsKeysRefused {
        file: file.to_owned(),
        said: said.to_owned(),
    };
    let told = in_log(target, |line| {
        if line.contains("could not decrypt value") {
            return Some(BootstrapError::LakefsEncryptionKey);
        }
        let mut known = ["credentials not found", "invalid secret access key"].into_iter();
        known.find(|said| line.contains(said)).map(refused)
    });
    told.await.unwrap_or_else(|| refused(&complaint(answer)))
}
