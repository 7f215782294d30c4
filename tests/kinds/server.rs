//! A small HTTP server whose answers a test decides.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use devinfra::model::{Protocol, PublishedPort};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// The head's lines, with names in lower case.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: &'static str,
    pub(crate) body: String,
    /// How long it takes to come.
    pub(crate) delay: Duration,
}

/// A server that is there until the test's runtime ends.
pub(crate) struct Server {
    pub(crate) ports: Vec<PublishedPort>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Asked {
    pub(crate) fn has(&self, header: &str) -> bool {
        self.headers.iter().any(|line| line == header)
    }
}

pub(crate) fn told(status: u16, body: impl Into<String>) -> Told {
    Told {
        status,
        headers: "",
        body: body.into(),
        delay: Duration::ZERO,
    }
}

impl Server {
    /// A server that answers by `decide`, and stands for the container port `target`.
    pub(crate) async fn new(
        target: u16,
        decide: impl Fn(&Asked) -> Told + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (decide, log) = (Arc::new(decide), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (decide, log) = (Arc::clone(&decide), Arc::clone(&log));
                tokio::spawn(async move { serve(stream, &*decide, &log).await });
            }
        });
        Self {
            ports: vec![published(target, address)],
            asked,
        }
    }

    /// What was asked so far, as `GET /path`.
    pub(crate) fn lines(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .map(|one| format!("{} {}", one.method, one.target))
            .collect()
    }
}

fn published(target: u16, address: SocketAddr) -> PublishedPort {
    PublishedPort {
        target,
        published: address.port(),
        host_ip: address.ip(),
        protocol: Protocol::Tcp,
    }
}

async fn serve(
    mut stream: TcpStream,
    decide: &(dyn Fn(&Asked) -> Told + Sync),
    log: &Mutex<Vec<Asked>>,
) {
    let Some(asked) = read(&mut stream).await else {
        return;
    };
    log.lock().unwrap().push(asked.clone());
    let told = decide(&asked);
    sleep(told.delay).await;
    let head = format!(
        "HTTP/1.1 {} .\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n",
        told.status,
        told.body.len(),
        told.headers
    );
    stream.write_all(head.as_bytes()).await.ok();
    if asked.method != "HEAD" {
        stream.write_all(told.body.as_bytes()).await.ok();
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut text = Vec::new();
    let head = loop {
        if let Some(at) = text.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut text).await.ok()? == 0 {
            return None;
        }
    };
    let lines = String::from_utf8_lossy(&text[..head]).into_owned();
    let mut lines = lines.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<String> = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some(format!("{}: {}", name.to_lowercase(), value.trim()))
        })
        .collect();
    let length = headers
        .iter()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let end = head + 4 + length.unwrap_or(0);
    while text.len() < end {
        stream.read_buf(&mut text).await.ok()?;
    }
    Some(Asked {
        method,
        target,
        headers,
        body: String::from_utf8_lossy(&text[head + 4..]).into_owned(),
    })
}
