//! Talking to LakeFS: requests with the admin's keys, its answers, and its log.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::Full;
use serde::Deserialize;
use tokio::time::sleep;

use super::Credentials;
use crate::kinds::http::{Answer, ask};
use crate::kinds::{BootstrapError, Target};

/// Lines of LakeFS's log that are searched for the reason of an answer.
const LOG_LINES: usize = 50;
/// How often the log is looked at: what LakeFS writes takes a moment to reach it.
const LOOKS: usize = 10;
/// Between two looks at the log.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What LakeFS says of an error.
#[derive(Debug, Deserialize)]
struct Complaint {
    message: String,
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
    send(Method::GET, address, &path, Some(keys), String::new()).await
}

/// Sends a request, signed where there are keys; `path` starts behind `/api/v1`.
pub(super) async fn send(
    method: Method,
    address: SocketAddr,
    path: &str,
    keys: Option<&Credentials>,
    body: String,
) -> Result<Answer, BootstrapError> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{address}/api/v1{path}"))
        .header(CONTENT_TYPE, "application/json");
    if let Some(keys) = keys {
        let pair = format!("{}:{}", keys.access_key, keys.secret_key.reveal());
        let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
        request = request.header(AUTHORIZATION, basic);
    }
    let said = |said: String| BootstrapError::LakefsSetup { said };
    let request = request.body(Full::new(Bytes::from(body)));
    let request = request.map_err(|error| said(error.to_string()))?;
    ask(request).await.map_err(|error| said(error.to_string()))
}

/// The failure that an unexpected answer is.
pub(super) fn failed(answer: &Answer) -> BootstrapError {
    BootstrapError::LakefsSetup {
        said: format!("it answers {} {}", answer.status, complaint(answer)),
    }
}

/// What LakeFS says in an answer of an error; nothing where it says nothing.
pub(super) fn complaint(answer: &Answer) -> String {
    serde_json::from_str(&answer.body)
        .map(|complaint: Complaint| complaint.message)
        .unwrap_or_default()
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
