//! A server that speaks as much of Valkey's protocol as a client needs; a test decides its answers.

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Starts a server whose answers `decide` gives, as they go over the wire, and gives its port. What
/// clients say of themselves at first is taken with a good word.
pub(crate) async fn serve(decide: impl Fn(&str) -> String + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let decide = Arc::new(decide);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let decide = Arc::clone(&decide);
            tokio::spawn(async move { answer(stream, &*decide).await });
        }
    });
    port
}

/// A text as an answer.
pub(crate) fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

async fn answer(mut stream: TcpStream, decide: &(dyn Fn(&str) -> String + Sync)) {
    let mut bytes = Vec::new();
    loop {
        while let Some((words, length)) = command(&bytes) {
            bytes.drain(..length);
            let words = words.join(" ");
            let told = if words.starts_with("CLIENT ") {
                "+OK\r\n".to_owned()
            } else {
                decide(&words)
            };
            if stream.write_all(told.as_bytes()).await.is_err() {
                return;
            }
        }
        if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
            return;
        }
    }
}

/// The words of the first command, and how many bytes it has; none when it is not whole.
fn command(bytes: &[u8]) -> Option<(Vec<String>, usize)> {
    let mut at = 0;
    let count = number(bytes, &mut at)?;
    let mut words = Vec::new();
    for _ in 0..count {
        let length = number(bytes, &mut at)?;
        let word = bytes.get(at..at + length)?;
        words.push(String::from_utf8_lossy(word).into_owned());
        at += length + 2;
    }
    (at <= bytes.len()).then_some((words, at))
}

/// The number behind a letter, up to the end of the line.
fn number(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let rest = bytes.get(*at..)?;
    let length = rest.windows(2).position(|two| two == b"\r\n")?;
    let digits = str::from_utf8(rest.get(1..length)?).ok()?;
    *at += length + 2;
    digits.parse().ok()
}
