//! The socket side: takes requests off connections, and hands them to the API.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn;
use tokio::time::sleep;

use crate::api::{Asked, Lakefs};

const RETRY: Duration = Duration::from_millis(10);

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, lakefs: Arc<Lakefs>) -> Infallible {
    loop {
        match listener.accept().await {
            Ok((connection, _)) => drop(spawn(converse(connection, Arc::clone(&lakefs)))),
            // No file descriptor left, say: one comes free when another connection ends.
            Err(_passing) => sleep(RETRY).await,
        }
    }
}

async fn converse(connection: TcpStream, lakefs: Arc<Lakefs>) {
    connection.set_nodelay(true).ok();
    let service = service_fn(|request| respond(request, &lakefs));
    http1::Builder::new()
        .title_case_headers(true) // as Go sends them
        .serve_connection(TokioIo::new(connection), service)
        .await
        .ok(); // a client that went away
}

async fn respond(
    request: Request<Incoming>,
    lakefs: &Lakefs,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let authorization = head
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let asked = Asked {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: authorization.map(str::to_owned),
        body: body.collect().await?.to_bytes(),
    };
    Ok(lakefs.answer(&asked).await.into())
}
