//! The set-up of LakeFS: the admin's keys are made here, kept in a file, and only then posted.
//!
//! LakeFS tells the keys of its admin once. Keys that are in the file before LakeFS knows them are
//! never lost: a run that is killed at any point leaves either no keys, keys that LakeFS does not
//! know yet and that the next run posts, or keys that LakeFS knows.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::json;
use tokio::time::sleep;

use super::{Credentials, store};
use crate::kinds::http::{Answer, NoAnswer, ask, get};
use crate::kinds::{BootstrapError, Deed, Target};
use crate::model::Lakefs;

/// Lines of LakeFS's log that are searched for the reason of a refusal.
const LOG_LINES: usize = 50;
/// How often the log is looked at: what LakeFS writes takes a moment to reach it.
const LOOKS: usize = 10;
/// Between two looks at the log.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What `GET /api/v1/setup_lakefs` says. There has never been an `initialized` field.
#[derive(Debug, Deserialize)]
pub(super) struct Setup {
    pub(super) state: String,
}

/// What LakeFS says of an error.
#[derive(Debug, Deserialize)]
struct Complaint {
    message: String,
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
    store::reach(address, &keys, target).await?;
    Ok(deeds)
}

fn made(file: &Path) -> Result<Credentials, BootstrapError> {
    let keys = Credentials::generate()?;
    keys.write(file)?;
    Ok(keys)
}

async fn is_set_up(address: SocketAddr) -> Result<bool, BootstrapError> {
    let answer = get(&format!("http://{address}/api/v1/setup_lakefs")).await;
    let answer = answer.map_err(|error| silent(&error))?;
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
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://{address}/api/v1/setup_lakefs"))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body.to_string())));
    let answer = sent(request).await?;
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

/// Asks for up to `amount` repositories behind the one named `after`.
pub(in crate::kinds) async fn repositories(
    address: SocketAddr,
    keys: &Credentials,
    amount: u16,
    after: &str,
) -> Result<Answer, BootstrapError> {
    // Names of repositories need no encoding.
    let query = if after.is_empty() {
        format!("amount={amount}")
    } else {
        format!("amount={amount}&after={after}")
    };
    let path = format!("/repositories?{query}");
    signed(Method::GET, address, &path, keys, String::new()).await
}

/// Sends a request with the admin's keys; `path` starts behind `/api/v1`.
pub(super) async fn signed(
    method: Method,
    address: SocketAddr,
    path: &str,
    keys: &Credentials,
    body: String,
) -> Result<Answer, BootstrapError> {
    let pair = format!("{}:{}", keys.access_key, keys.secret_key.reveal());
    let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{address}/api/v1{path}"))
        .header(AUTHORIZATION, basic)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)));
    sent(request).await
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

/// What `read` makes of LakeFS's last log lines, the newest first; `None` where there is no such line
/// even after a moment.
pub(super) async fn in_log<Found>(
    target: &Target<'_>,
    read: impl Fn(&str) -> Option<Found>,
) -> Option<Found> {
    for look in 0..LOOKS {
        if look > 0 {
            sleep(BETWEEN_LOOKS).await;
        }
        let log = target.engine.log_tail(target.container, LOG_LINES).await;
        let log = log.unwrap_or_default();
        if let Some(found) = log.iter().rev().find_map(|line| read(line)) {
            return Some(found);
        }
    }
    None
}

async fn sent(request: http::Result<Request<Full<Bytes>>>) -> Result<Answer, BootstrapError> {
    let request = request.map_err(|error| BootstrapError::LakefsSetup {
        said: error.to_string(),
    })?;
    ask(request).await.map_err(|error| silent(&error))
}

fn silent(error: &NoAnswer) -> BootstrapError {
    BootstrapError::LakefsSetup {
        said: error.to_string(),
    }
}

pub(super) fn failed(answer: &Answer) -> BootstrapError {
    BootstrapError::LakefsSetup {
        said: format!("it answers {} {}", answer.status, complaint(answer)),
    }
}

pub(super) fn complaint(answer: &Answer) -> String {
    serde_json::from_str(&answer.body)
        .map(|complaint: Complaint| complaint.message)
        .unwrap_or_default()
}
