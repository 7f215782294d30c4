//! A socket between devinfra and the engine that takes down what is asked.

use std::io::{self, Read as _, Write as _};
use std::mem;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use super::variable;

/// Calls as `GET /containers/json`, without version and query, in the order in which they were made.
type Calls = Arc<Mutex<Vec<String>>>;

/// Listens until the process ends.
#[derive(Debug)]
pub(crate) struct Proxy {
    socket: PathBuf,
    calls: Calls,
}

impl Proxy {
    /// Listens on a socket in this directory.
    pub(crate) fn listen(directory: &Path) -> Self {
        let socket = directory.join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let calls = Calls::default();
        let written = Arc::clone(&calls);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let written = Arc::clone(&written);
                thread::spawn(move || pass_on(client, &written));
            }
        });
        Self { socket, calls }
    }

    /// Where devinfra is to look for the engine.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// What was asked since the last time.
    pub(crate) fn take_calls(&self) -> Vec<String> {
        mem::take(&mut self.calls.lock().unwrap())
    }
}

fn engine_socket() -> String {
    let address = variable("DOCKER_HOST").unwrap_or("unix:///var/run/docker.sock".to_owned());
    let path = address.strip_prefix("unix://").map(str::to_owned);
    path.unwrap_or_else(|| panic!("this test needs an engine on a unix socket, not {address}"))
}

fn pass_on(mut client: UnixStream, calls: &Calls) {
    let mut engine = UnixStream::connect(engine_socket()).unwrap();
    let (mut answers, mut back) = (engine.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || {
        io::copy(&mut answers, &mut back).ok();
        back.shutdown(Shutdown::Both).ok();
    });
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        let sent = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let requests = sent.lines().filter_map(request_line);
        calls.lock().unwrap().extend(requests);
        if engine.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    engine.shutdown(Shutdown::Both).ok();
}

/// `GET /containers/json` of `GET /v1.41/containers/json?all=true HTTP/1.1`.
fn request_line(line: &str) -> Option<String> {
    let target = line.strip_suffix(" HTTP/1.1")?;
    let (method, target) = target.split_once(' ')?;
    let path = target.split('?').next()?;
    let unversioned = path
        .strip_prefix("/v1.")
        .and_then(|rest| rest.get(rest.find('/')?..));
    Some(format!("{method} {}", unversioned.unwrap_or(path)))
}
