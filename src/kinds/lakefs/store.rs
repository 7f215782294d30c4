//! Whether LakeFS reaches its block store.
//!
//! LakeFS is healthy without its store, and fails at the first object. It asks the store when a
//! repository is to be made, and then says no more than "failed to access storage"; what the store
//! answered stands in its log. So a repository is asked for in a bucket that does not exist: a store
//! that says so has been reached with the right keys, and nothing was made anywhere.

use std::net::SocketAddr;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Credentials;
use super::api::{complaint, failed, in_log, send};
use super::credentials::random_letters;
use crate::kinds::http::Answer;
use crate::kinds::s3::ANY_BUCKET;
use crate::kinds::{BootstrapError, Deed, Target};

/// How long LakeFS may take to find out: it tries a store that does not answer several times.
const PATIENCE: Duration = Duration::from_secs(20);
/// What LakeFS answers when the store did not do what it was asked, whatever the reason.
const NO_ACCESS: &str = "failed to access storage";
/// Answers of a store that has been reached with keys that it knows. Some stores say no more than
/// that a bucket is none of this user's, whether it exists or not.
const REACHED: [&str; 3] = ["NoSuchBucket", "AccessDenied", "StatusCode: 404"];
/// The words before what is worth reading of an error of the client that LakeFS uses.
const PREAMBLES: [&str; 2] = ["api error ", "request send failed, "];

/// Asks LakeFS to ask its store.
///
/// Nothing is said of a store that is not S3. Where LakeFS does not log warnings, nobody knows, which
/// is what is given then.
///
/// # Errors
///
/// When the store can't be reached, or refuses LakeFS's keys; and when LakeFS does not answer.
pub(super) async fn reach(
    address: SocketAddr,
    keys: &Credentials,
    target: &Target<'_>,
) -> Result<Option<Deed>, BootstrapError> {
    let mark = random_letters::<12>()?.to_lowercase();
    let name = format!("{ANY_BUCKET}-{mark}");
    let namespace = format!("s3://{ANY_BUCKET}/{mark}");
    let body = json!({ "name": name, "storage_namespace": namespace });
    let wanted = send(
        Method::POST,
        address,
        "/repositories",
        Some(keys),
        body.to_string(),
    );
    let Ok(answer) = timeout(PATIENCE, wanted).await else {
        return Err(unreachable(format!(
            "no answer within {} s",
            PATIENCE.as_secs()
        )));
    };
    let answer = answer?;
    match answer.status {
        400 if complaint(&answer).contains(NO_ACCESS) => {
            match in_log(target, |line| reason(line, &namespace)).await {
                Some(reason) if is_reached(&reason) => Ok(None),
                Some(reason) => Err(unreachable(shortened(&reason))),
                None => Ok(Some(Deed::LakefsStoreUnseen)),
            }
        }
        // A store of another kind, which has no such names.
        400 => Ok(None),
        // A store that makes a bucket for whoever wants to write to it.
        201 => removed(address, keys, &name).await.map(|()| None),
        _ => Err(failed(&answer)),
    }
}

async fn removed(
    address: SocketAddr,
    keys: &Credentials,
    name: &str,
) -> Result<(), BootstrapError> {
    let path = format!("/repositories/{name}");
    let answer: Answer = send(Method::DELETE, address, &path, Some(keys), String::new()).await?;
    match answer.status {
        204 => Ok(()),
        _ => Err(failed(&answer)),
    }
}

fn unreachable(said: String) -> BootstrapError {
    BootstrapError::LakefsStore { said }
}

fn is_reached(reason: &str) -> bool {
    REACHED.iter().any(|answer| reason.contains(answer))
}

/// The `error` of a log line about this namespace.
fn reason(line: &str, namespace: &str) -> Option<String> {
    if !line.contains(namespace) {
        return None;
    }
    if let Ok(line) = serde_json::from_str::<Value>(line) {
        return Some(line.get("error")?.as_str()?.to_owned());
    }
    let (_, rest) = line.split_once(" error=")?;
    let Some(quoted) = rest.strip_prefix('"') else {
        return Some(rest.split(' ').next().unwrap_or_default().to_owned());
    };
    // An end is a quote that no backslash stands before.
    let mut escaped = false;
    let text = quoted.chars().take_while(|letter| {
        let ends = *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        !ends
    });
    Some(text.collect::<String>().replace("\\\"", "\""))
}

/// The end of an error, without the words for the call that met it.
fn shortened(reason: &str) -> String {
    let ends = PREAMBLES
        .iter()
        .filter_map(|preamble| Some(reason.split_once(preamble)?.1));
    ends.min_by_key(|end| end.len())
        .unwrap_or(reason)
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMESPACE: &str = "s3://devinfra-probe/abc";
    const REFUSED: &str = "operation error S3: GetObject, exceeded maximum number of attempts, 5, https response error StatusCode: 0, RequestID: , HostID: , request send failed, Get \"http://minio:9001/devinfra-probe/abc/_lakefs/dummy\": dial tcp 172.18.0.2:9001: connect: connection refused";

    #[test]
    fn the_reason_is_read_from_both_forms_of_the_log() {
        let text = format!(
            "time=\"2026-01-01T00:00:00Z\" level=warning msg=\"Could not access storage namespace\" error={REFUSED:?} reason=unknown storage_namespace=\"{NAMESPACE}\""
        );
        assert_eq!(reason(&text, NAMESPACE).as_deref(), Some(REFUSED));
        let json = json!({ "error": REFUSED, "storage_namespace": NAMESPACE }).to_string();
        assert_eq!(reason(&json, NAMESPACE).as_deref(), Some(REFUSED));
        let word = format!("level=warning error=NoSuchBucket storage_namespace=\"{NAMESPACE}\"");
        assert_eq!(reason(&word, NAMESPACE).as_deref(), Some("NoSuchBucket"));
        assert_eq!(reason(&word, "s3://devinfra-probe/other"), None);
    }

    #[test]
    fn what_is_worth_reading_of_an_error_stands_at_its_end() {
        assert_eq!(
            shortened(REFUSED),
            "Get \"http://minio:9001/devinfra-probe/abc/_lakefs/dummy\": dial tcp 172.18.0.2:9001: connect: connection refused"
        );
        let keys = "operation error S3: GetObject, https response error StatusCode: 403, RequestID: 1, HostID: 2, api error InvalidAccessKeyId: The Access Key Id you provided does not exist in our records.";
        assert!(shortened(keys).starts_with("InvalidAccessKeyId: "));
        assert!(!is_reached(keys));
        assert_eq!(shortened("no host"), "no host");
    }
}
