//! Which request means what.

use std::io::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::answer::Answer;
use crate::cache::Cache;
use crate::log::Log;
use crate::metadata::Metadata;
use crate::secret::Cipher;
use crate::storage::Storage;

/// One running LakeFS.
pub(crate) struct Lakefs {
    pub(crate) log: Log,
    pub(crate) metadata: Metadata,
    pub(crate) storage: Storage,
    pub(crate) cipher: Cipher,
    pub(crate) cache: Cache,
    pub(crate) email_subscription: bool,
}

/// What was asked, free of its connection.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Bytes,
}

impl Asked {
    /// A parameter of the query; empty where it is missing.
    pub(super) fn parameter(&self, name: &str) -> String {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }

    /// The body as JSON.
    pub(super) fn document(&self) -> Result<Value, Answer> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Answer::bad_request(&format!("request body has an error: {error}")))
    }
}

impl Lakefs {
    /// Answers a request.
    pub(crate) async fn answer(&self, asked: &Asked) -> Answer {
        let segments: Vec<&str> = asked.path.split('/').skip(1).collect();
        let answer = match (&asked.method, segments.as_slice()) {
            (&Method::GET, ["_health"]) => Ok(Answer::text(format!(
                "alive! {}",
                self.metadata.installation_id()
            ))),
            (&Method::GET, ["healthcheck"] | ["api", "v1", "healthcheck"]) => {
                Ok(Answer::no_content())
            }
            (method, ["api", "v1", path @ ..]) => self.answer_api(method, path, asked).await,
            _ => Err(unknown_path()),
        };
        answer.unwrap_or_else(|refused| refused)
    }

    async fn answer_api(
        &self,
        method: &Method,
        path: &[&str],
        asked: &Asked,
    ) -> Result<Answer, Answer> {
        match (method, path) {
            (&Method::GET, ["setup_lakefs"]) => Ok(self.setup_state()),
            (&Method::POST, ["setup_lakefs"]) => self.set_up(asked),
            (&Method::GET, ["user"]) => self.user(asked),
            (&Method::GET, ["config", "version"]) => Ok(version()),
            (&Method::GET, ["repositories"]) => self.list_repositories(asked),
            (&Method::POST, ["repositories"]) => self.create_repository(asked).await,
            (&Method::GET, ["repositories", name]) => self.get_repository(asked, name),
            (&Method::DELETE, ["repositories", name]) => self.delete_repository(asked, name),
            _ => Err(unknown_path()),
        }
    }

    fn user(&self, asked: &Asked) -> Result<Answer, Answer> {
        // Without credentials LakeFS answers for a user that is nobody.
        let user = match self.authenticate(asked)? {
            Some(administrator) => json!({
                "creation_date": administrator.creation_date,
                "email": "",
                "friendly_name": "",
                "id": administrator.name,
            }),
            None => json!({ "creation_date": 0, "id": "" }),
        };
        Ok(Answer::json(StatusCode::OK, &json!({ "user": user })))
    }
}

fn version() -> Answer {
    let version = env!("CARGO_PKG_VERSION");
    Answer::json(
        StatusCode::OK,
        &json!({ "version": version, "version_context": "lakeFS" }),
    )
}

fn unknown_path() -> Answer {
    Answer::error(StatusCode::NOT_FOUND, "not found")
}

/// A failure of the disk under the metadata.
pub(super) fn failed(error: &Error) -> Answer {
    Answer::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
}

/// Seconds since 1970, as LakeFS dates things.
pub(super) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}
