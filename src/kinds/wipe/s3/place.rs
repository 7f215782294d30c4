//! The bucket that is wiped, and how it is asked.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use rusty_s3::{Bucket, Credentials};

use crate::kinds::WipeError;
use crate::kinds::http::{Answer, NoAnswer, ask, send};
use crate::kinds::s3::{self, error_code};
use crate::model::S3;

/// The application's bucket, and the keys to it.
pub(super) struct Place {
    pub(super) bucket: Bucket,
    pub(super) credentials: Credentials,
}

impl Place {
    /// None where the application has no bucket.
    pub(super) fn of(options: &S3, address: SocketAddr) -> Option<Self> {
        let name = options.bucket.as_deref()?;
        Some(Self {
            bucket: s3::bucket(options, address, name)?,
            credentials: s3::credentials(options),
        })
    }
}

/// Sends a request without a body.
pub(super) async fn sent(
    wanted: &'static str,
    method: Method,
    url: &str,
) -> Result<Answer, WipeError> {
    let answer = send(method, url).await;
    answer.map_err(|error| silent(wanted, &error))
}

/// Sends a request.
pub(super) async fn asked(
    wanted: &'static str,
    request: http::Result<Request<Full<Bytes>>>,
) -> Result<Answer, WipeError> {
    let request = request.map_err(|error| WipeError::S3 {
        wanted,
        said: error.to_string(),
    })?;
    ask(request).await.map_err(|error| silent(wanted, &error))
}

fn silent(wanted: &'static str, error: &NoAnswer) -> WipeError {
    WipeError::S3 {
        wanted,
        said: error.to_string(),
    }
}

/// The failure that an answer is.
pub(super) fn refused(wanted: &'static str, answer: &Answer) -> WipeError {
    let code = error_code(&answer.body).unwrap_or_default();
    WipeError::S3 {
        wanted,
        said: format!("it answers {} {code}", answer.status),
    }
}
