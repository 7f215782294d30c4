//! HTTP without TLS, on the host: one request, one answer, and the probe that is made of it.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::SERVER;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::Readiness;
use crate::model::HttpProbe;

/// The most of a body that is read.
const BODY_LIMIT: usize = 8 << 20;

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// What the server calls itself.
    pub(super) server: Option<String>,
    pub(super) body: String,
}

/// Why there is no answer, in a few words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoAnswer(String);

/// Sends a GET request on a connection of its own.
pub(super) async fn get(url: &str) -> Result<Answer, NoAnswer> {
    send(Method::GET, url).await
}

/// Sends one request without a body on a connection of its own.
pub(super) async fn send(method: Method, url: &str) -> Result<Answer, NoAnswer> {
    let request = Request::builder().method(method).uri(url);
    let request = request.body(Full::new(Bytes::new()));
    ask(request.map_err(|error| NoAnswer(error.to_string()))?).await
}

/// Sends a request on a connection of its own.
pub(super) async fn ask(request: Request<Full<Bytes>>) -> Result<Answer, NoAnswer> {
    let client = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build_http();
    let answer = client.request(request).await;
    let answer = answer.map_err(|_error| NoAnswer("it does not answer".to_owned()))?;
    let status = answer.status().as_u16();
    let server = answer.headers().get(SERVER);
    let server = server.and_then(|name| Some(name.to_str().ok()?.to_owned()));
    let body = Limited::new(answer.into_body(), BODY_LIMIT).collect().await;
    let body = body.map_err(|_error| NoAnswer("its answer breaks off".to_owned()))?;
    Ok(Answer {
        status,
        server,
        body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
    })
}

pub(super) async fn probe(
    options: &HttpProbe,
    address: Result<SocketAddr, Readiness>,
) -> Readiness {
    let address = match address {
        Ok(address) => address,
        Err(readiness) => return readiness,
    };
    match get(&format!("http://{address}{}", options.path)).await {
        Ok(answer) if is_good(options, answer.status) => Readiness::Ready,
        Ok(answer) => Readiness::NotYet(format!("{} answers {}", options.path, answer.status)),
        Err(error) => Readiness::NotYet(error.to_string()),
    }
}

fn is_good(options: &HttpProbe, status: u16) -> bool {
    options
        .status
        .map_or((200..400).contains(&status), |wanted| status == wanted)
}
