//! An S3 store with one bucket, `hub`, in the process of the test. Like s3s-fs it takes objects for
//! buckets that it does not have.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::spawn;

pub(crate) struct FakeS3 {
    pub(crate) endpoint: String,
    objects: Arc<Mutex<BTreeMap<String, String>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl FakeS3 {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let store = Self {
            endpoint,
            objects: Arc::default(),
            requests: Arc::default(),
        };
        let (objects, requests) = (Arc::clone(&store.objects), Arc::clone(&store.requests));
        spawn(move || {
            for connection in listener.incoming() {
                serve(connection.unwrap(), &objects, &requests);
            }
        });
        store
    }

    /// The paths of all objects.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    /// The request lines so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(
    stream: TcpStream,
    objects: &Mutex<BTreeMap<String, String>>,
    requests: &Mutex<Vec<String>>,
) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    requests.lock().unwrap().push(first.trim().to_owned());

    let (method, target) = first.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap();
    let mut objects = objects.lock().unwrap();
    let (status, code) = match (method, objects.contains_key(path)) {
        _ if !query.contains("X-Amz-Credential=minio%2F") => (403, "InvalidAccessKeyId"),
        ("HEAD", _) if path.trim_end_matches('/') == "/hub" => (200, ""),
        ("HEAD", _) => (404, ""),
        ("GET", false) => (404, "NoSuchKey"),
        ("GET", true) => (200, ""),
        _ => {
            objects.insert(path.to_owned(), String::from_utf8(body).unwrap());
            (200, "")
        }
    };
    let error = match method {
        "HEAD" => String::new(),
        _ => format!("<Error><Code>{code}</Code></Error>"),
    };
    let length = error.len();
    write!(
        reader.get_mut(),
        "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{error}"
    )
    .unwrap();
}
