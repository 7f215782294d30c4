//! As much HTTP/1.1 as an engine's client speaks, by hand: broken answers are the point.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// A request, with the version of its path taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// `1.41`, where the path begins with it.
    pub(crate) version: Option<String>,
    /// Without the version and the query.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: String,
    /// The login to a registry that goes along.
    pub(crate) login: Option<String>,
}

/// An answer that is whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    /// Whether more would come: the connection stays open behind the body.
    pub(crate) open: bool,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self {
            status,
            content_type: "application/json",
            body: body.to_string().into_bytes(),
            open: false,
        }
    }

    pub(crate) fn refusal(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({ "message": message }))
    }

    pub(crate) fn nothing(status: u16) -> Self {
        Self {
            status,
            content_type: "text/plain",
            body: Vec::new(),
            open: false,
        }
    }

    /// The head, with what an engine of this version says of itself.
    pub(crate) fn head(&self, version: &str) -> String {
        let length = if self.open {
            "Transfer-Encoding: chunked".to_owned()
        } else {
            format!("Content-Length: {}", self.body.len())
        };
        format!(
            "HTTP/1.1 {} Scripted\r\nApi-Version: {version}\r\nContent-Type: {}\r\n{length}\r\n\r\n",
            self.status, self.content_type
        )
    }

    pub(crate) async fn send(&self, stream: &mut UnixStream, version: &str) {
        let mut bytes = self.head(version).into_bytes();
        if self.open && !self.body.is_empty() {
            bytes.extend(format!("{:x}\r\n", self.body.len()).into_bytes());
            bytes.extend(&self.body);
            bytes.extend(b"\r\n");
        } else if !self.open {
            bytes.extend(&self.body);
        }
        stream.write_all(&bytes).await.ok(); // the client may have gone
    }
}

/// Reads one request; `None` when the client has gone.
pub(crate) async fn read(stream: &mut UnixStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head = loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            break head.to_owned();
        }
        let mut chunk = [0_u8; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => bytes.extend(&chunk[..length]),
        }
    };
    let mut body = bytes.split_off(head.len() + 4);
    let header = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_it = name.eq_ignore_ascii_case(wanted);
            is_it.then(|| value.trim().to_owned())
        })
    };
    let length = header("content-length").and_then(|length| length.parse::<usize>().ok());
    let login = header("x-registry-auth");
    while body.len() < length.unwrap_or_default() {
        let mut chunk = [0_u8; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => body.extend(&chunk[..length]),
        }
    }
    let mut words = head.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let version = path
        .strip_prefix("/v")
        .and_then(|rest| rest.split_once('/'));
    let (version, path) = match version {
        Some((version, rest)) if version.contains('.') => {
            (Some(version.to_owned()), format!("/{rest}"))
        }
        _ => (None, path.to_owned()),
    };
    let (query, body) = (
        query.to_owned(),
        String::from_utf8_lossy(&body).into_owned(),
    );
    Some(Request {
        method,
        version,
        path,
        query,
        body,
        login,
    })
}
