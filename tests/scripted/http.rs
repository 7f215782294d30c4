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

impl Request {
    /// Whether it is for a log, and for what will be written to it.
    pub(crate) fn is_following(&self) -> bool {
        self.query.split('&').any(|one| one == "follow=true")
    }
}

/// An answer that is whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) more: More,
}

/// What comes behind the body of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum More {
    Nothing,
    /// Something might, and does not: the connection stays open.
    Silence,
    /// What containers write from now on, up to the end of this one; so many lines were in the body.
    Lines {
        container: String,
        told: usize,
    },
    /// The connection is handed over to a command, and ends with it.
    HandedOver,
    /// The same, and the command writes what it reads, up to Ctrl-D.
    Echo,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self {
            status,
            content_type: "application/json",
            body: body.to_string().into_bytes(),
            more: More::Nothing,
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
            more: More::Nothing,
        }
    }

    /// The head, with what an engine of this version says of itself.
    pub(crate) fn head(&self, version: &str) -> String {
        let framing = match self.more {
            More::Nothing => format!("Content-Length: {}", self.body.len()),
            More::Silence | More::Lines { .. } => "Transfer-Encoding: chunked".to_owned(),
            More::HandedOver | More::Echo => "Connection: Upgrade\r\nUpgrade: tcp".to_owned(),
        };
        format!(
            "HTTP/1.1 {} Scripted\r\nApi-Version: {version}\r\nContent-Type: {}\r\n{framing}\r\n\r\n",
            self.status, self.content_type
        )
    }

    /// A part of the body, as it goes over the wire.
    pub(crate) fn part(&self, bytes: &[u8]) -> Vec<u8> {
        let is_chunked = matches!(self.more, More::Silence | More::Lines { .. });
        if !is_chunked || bytes.is_empty() {
            return bytes.to_vec();
        }
        let size = format!("{:x}\r\n", bytes.len());
        [size.as_bytes(), bytes, b"\r\n"].concat()
    }

    pub(crate) async fn send(&self, stream: &mut UnixStream, version: &str) {
        let mut bytes = self.head(version).into_bytes();
        bytes.extend(self.part(&self.body));
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
