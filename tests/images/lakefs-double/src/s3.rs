//! The three S3 calls the double makes, signed with `SigV4`. Plain HTTP only.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rusty_s3::actions::{GetObject, HeadBucket, PutObject};
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};
use tokio::time::timeout;
use url::Url;

use crate::settings::S3;

const SIGNATURE_LIFETIME: Duration = Duration::from_mins(1);
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// A client of one S3 server.
#[derive(Debug)]
pub(crate) struct Client {
    endpoint: Url,
    style: UrlStyle,
    region: String,
    credentials: Credentials,
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

impl Client {
    /// Makes no request.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the endpoint.
    pub(crate) fn new(settings: S3) -> Result<Self, String> {
        let endpoint = Url::parse(&settings.endpoint)
            .map_err(|error| format!("blockstore.s3.endpoint `{}`: {error}", settings.endpoint))?;
        Ok(Self {
            endpoint,
            style: if settings.force_path_style {
                UrlStyle::Path
            } else {
                UrlStyle::VirtualHost
            },
            region: settings.region,
            credentials: Credentials::new(settings.access_key_id, settings.secret_access_key),
            // A pooled connection may have been closed by a restart of the server meanwhile.
            http: HttpClient::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build_http(),
        })
    }

    /// Fails where a bucket is missing. LakeFS then fails as well, but with some S3 servers, s3s-fs for
    /// one, a missing bucket looks like a missing object and is made when an object is put into it.
    ///
    /// # Errors
    ///
    /// Says what the server said, or why it was not reached.
    pub(crate) async fn find_bucket(&self, bucket: &str) -> Result<(), String> {
        let bucket = self.bucket(bucket)?;
        let url = HeadBucket::new(&bucket, Some(&self.credentials)).sign(SIGNATURE_LIFETIME);
        match self.send(Method::HEAD, &url, "").await? {
            (StatusCode::NOT_FOUND, _) => Err("NoSuchBucket".to_owned()),
            (status, _) if status.is_success() => Ok(()),
            (status, body) => Err(said(&Method::HEAD, status, &body)),
        }
    }

    /// Whether an object is there.
    ///
    /// # Errors
    ///
    /// Says what the server said, or why it was not reached. A missing bucket is an error, not a
    /// missing object.
    pub(crate) async fn has(&self, bucket: &str, key: &str) -> Result<bool, String> {
        let bucket = self.bucket(bucket)?;
        let url = GetObject::new(&bucket, Some(&self.credentials), key).sign(SIGNATURE_LIFETIME);
        let (status, body) = self.send(Method::GET, &url, "").await?;
        match status {
            status if status.is_success() => Ok(true),
            StatusCode::NOT_FOUND if code(&body) == "NoSuchKey" => Ok(false),
            status => Err(said(&Method::GET, status, &body)),
        }
    }

    /// Writes an object.
    ///
    /// # Errors
    ///
    /// Says what the server said, or why it was not reached.
    pub(crate) async fn put(&self, bucket: &str, key: &str, content: &str) -> Result<(), String> {
        let bucket = self.bucket(bucket)?;
        let url = PutObject::new(&bucket, Some(&self.credentials), key).sign(SIGNATURE_LIFETIME);
        let (status, body) = self.send(Method::PUT, &url, content).await?;
        if status.is_success() {
            Ok(())
        } else {
            Err(said(&Method::PUT, status, &body))
        }
    }

    fn bucket(&self, name: &str) -> Result<Bucket, String> {
        Bucket::new(
            self.endpoint.clone(),
            self.style,
            name.to_owned(),
            self.region.clone(),
        )
        .map_err(|error| error.to_string())
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        content: &str,
    ) -> Result<(StatusCode, String), String> {
        let request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .body(Full::new(Bytes::from(content.to_owned())))
            .map_err(|error| error.to_string())?;
        let exchange = async {
            let response = self
                .http
                .request(request)
                .await
                .map_err(|error| chain(&error))?;
            let status = response.status();
            let body = response
                .into_body()
                .collect()
                .await
                .map_err(|error| chain(&error))?;
            Ok((
                status,
                String::from_utf8_lossy(&body.to_bytes()).into_owned(),
            ))
        };
        timeout(REQUEST_LIMIT, exchange)
            .await
            .unwrap_or_else(|_elapsed| Err(format!("no answer within {REQUEST_LIMIT:?}")))
    }
}

/// The `Code` of an S3 error document.
fn code(body: &str) -> &str {
    let (_, rest) = body.split_once("<Code>").unwrap_or_default();
    rest.split_once("</Code>").unwrap_or_default().0
}

/// What the server said instead of doing it.
fn said(method: &Method, status: StatusCode, body: &str) -> String {
    format!("{method} was answered {status}: {}", code(body))
}

/// An error with its causes: hyper's own text alone does not say what failed.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
