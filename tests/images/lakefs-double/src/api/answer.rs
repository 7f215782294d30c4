//! One answer: status, type, body.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;

use crate::go;

/// What a request gets.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    content_type: Option<&'static str>,
    body: String,
}

impl Answer {
    /// A JSON document, which ends with a newline.
    pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Self {
        Self {
            status,
            content_type: Some("application/json"),
            body: go::json(value),
        }
    }

    /// LakeFS's error document.
    pub(super) fn error(status: StatusCode, message: &str) -> Self {
        Self::json(status, &json!({ "message": message }))
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::error(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            content_type: None,
            body: String::new(),
        }
    }

    /// A text without a newline.
    pub(super) fn text(body: String) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: Some("text/plain; charset=utf-8"),
            body,
        }
    }
}

impl From<Answer> for Response<Full<Bytes>> {
    fn from(answer: Answer) -> Self {
        let mut response = Self::new(Full::new(Bytes::from(answer.body)));
        *response.status_mut() = answer.status;
        if let Some(content_type) = answer.content_type {
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        response
    }
}
