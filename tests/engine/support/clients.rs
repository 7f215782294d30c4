//! Clients as an application has them. One call is one attempt on a new connection.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

use super::secrets;

/// What went wrong, in the client's words.
pub(crate) type Attempt<T> = Result<T, String>;

/// Logs in, asks, and gives the first column of each row.
pub(crate) async fn postgres(config: &Config, sql: &str) -> Attempt<Vec<String>> {
    let said = |error: tokio_postgres::Error| format!("{error}: {error:?}");
    let (client, connection) = config.connect(NoTls).await.map_err(said)?;
    let asked = async {
        let answer = client.simple_query(sql).await;
        drop(client);
        answer
    };
    let (answer, _closed) = tokio::join!(asked, connection);
    let rows = answer.map_err(said)?.into_iter();
    let cells = rows.filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(cells.collect())
}

/// The login of the default stack.
pub(crate) fn hub_database(port: u16) -> Config {
    let mut config = Config::new();
    config
        .host("127.0.0.1")
        .port(port)
        .user("hub_dev")
        .password(secrets::DATABASE)
        .dbname("kohakuhub_dev");
    config
}

/// Sends one command.
pub(crate) async fn valkey<T: redis::FromRedisValue>(port: u16, command: &[&str]) -> Attempt<T> {
    let said = |error: redis::RedisError| error.to_string();
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}/0")).map_err(said)?;
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .map_err(said)?;
    let mut words = redis::Cmd::new();
    for word in command {
        words.arg(*word);
    }
    words.query_async(&mut connection).await.map_err(said)
}

/// Sends one request, and gives its status and body.
pub(crate) async fn http(method: Method, url: &str, body: &'static str) -> Attempt<(u16, String)> {
    let request = Request::builder().method(method).uri(url);
    let request = request
        .body(Full::new(Bytes::from_static(body.as_bytes())))
        .unwrap();
    let client = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build_http();
    let answer = client.request(request).await;
    let answer = answer.map_err(|error| format!("{error:?}"))?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// An S3 store with the keys of the default stack.
#[derive(Debug)]
pub(crate) struct Store {
    bucket: Bucket,
    keys: Credentials,
}

const SIGNATURE_LIFE: Duration = Duration::from_mins(1);

impl Store {
    pub(crate) fn new(port: u16, bucket: &str) -> Self {
        let endpoint = format!("http://127.0.0.1:{port}").parse().unwrap();
        Self {
            bucket: Bucket::new(endpoint, UrlStyle::Path, bucket.to_owned(), "us-east-1").unwrap(),
            keys: Credentials::new("minioadmin", secrets::STORE),
        }
    }

    pub(crate) async fn put(&self, key: &str, text: &'static str) -> Attempt<()> {
        let url = self.bucket.put_object(Some(&self.keys), key);
        let url = url.sign(SIGNATURE_LIFE);
        match http(Method::PUT, url.as_str(), text).await? {
            (200, _) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }

    /// Begins an upload in parts, and leaves it open.
    pub(crate) async fn begin_upload(&self, key: &str) -> Attempt<()> {
        let action = self.bucket.create_multipart_upload(Some(&self.keys), key);
        let url = action.sign(SIGNATURE_LIFE);
        match http(Method::POST, url.as_str(), "").await? {
            (200, _) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }

    /// What a listing of the bucket says: of its objects, or of its open uploads.
    pub(crate) async fn lists(&self, what: &'static str) -> Attempt<String> {
        let mut action = self.bucket.get_object(Some(&self.keys), "");
        action.query_mut().insert(what, "");
        let url = action.sign(SIGNATURE_LIFE);
        match http(Method::GET, url.as_str(), "").await? {
            (200, body) => Ok(body),
            other => Err(format!("{other:?}")),
        }
    }
}
