//! The scripted engine: a world, a version, and at most one thing that goes wrong.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::faults::Fault;
use crate::http::{self, Answer, More, Request};
use crate::run::STACK;
use crate::world::World;

/// Which call goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At {
    /// The call of this number, counted from 0.
    Call(usize),
    /// Every call of a path that ends so.
    Path(&'static str),
    /// Every call of a path that begins and ends so.
    Between(&'static str, &'static str),
    /// Every call for a log that is to be followed.
    Following,
    /// The first look at a single container.
    FirstInspection,
}

/// An engine on a unix socket.
#[derive(Debug)]
pub(crate) struct ScriptedEngine {
    directory: TempDir,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

/// What every connection to the engine sees.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) version: String,
    script: Mutex<Option<(At, Fault)>>,
    world: Mutex<World>,
    calls: Mutex<Vec<Request>>,
}

impl ScriptedEngine {
    /// An engine of this version of the API, with the images `example/db:1` and without
    /// `example/app:1`.
    pub(crate) fn new(version: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("engine.sock")).unwrap();
        let mut world = World::default();
        world.images.insert("example/db:1".to_owned());
        world.log.push("ready to serve");
        fs::write(directory.path().join("devinfra.yaml"), STACK).unwrap();
        let shared = Arc::new(Shared {
            version: version.to_owned(),
            script: Mutex::new(None),
            world: Mutex::new(world),
            calls: Mutex::new(Vec::new()),
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self {
            directory,
            shared,
            serving,
        }
    }

    /// Podman, which says so in one more header of every answer.
    pub(crate) fn podman() -> Self {
        Self::new("1.41\r\nLibpod-API-Version: 4.3.1")
    }

    /// From now on, this goes wrong there, and calls count from 0 again.
    pub(crate) fn script(&self, script: Option<(At, Fault)>) {
        *lock(&self.shared.script) = script;
        lock(&self.shared.calls).clear();
    }

    /// Replaces the stack.
    pub(crate) fn stack(&self, text: &str) {
        fs::write(self.directory().join("devinfra.yaml"), text).unwrap();
    }

    /// Takes the socket away.
    pub(crate) fn forget(&mut self) {
        fs::remove_file(self.directory.path().join("engine.sock")).unwrap();
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.shared.world)
    }

    pub(crate) fn calls(&self) -> Vec<Request> {
        lock(&self.shared.calls).clone()
    }

    /// Waits until a path that ends so has been called.
    pub(crate) async fn called(&self, end: &str) {
        while !self.calls().iter().any(|call| call.path.ends_with(end)) {
            sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}/engine.sock", self.directory.path().display())
    }
}

impl Drop for ScriptedEngine {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: UnixListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, Arc::clone(&shared)));
    }
}

async fn answer(mut stream: UnixStream, shared: Arc<Shared>) {
    let Some(request) = http::read(&mut stream).await else {
        return;
    };
    let number = {
        let mut calls = lock(&shared.calls);
        calls.push(request.clone());
        calls.len() - 1
    };
    let fault = lock(&shared.script).and_then(|(at, fault)| {
        let hit = match at {
            At::Call(wanted) => wanted == number,
            At::Path(end) => request.path.ends_with(end),
            At::Between(begin, end) => {
                request.path.starts_with(begin) && request.path.ends_with(end)
            }
            At::Following => request.is_following(),
            At::FirstInspection => {
                let calls = lock(&shared.calls);
                calls.iter().position(is_inspection) == Some(number)
            }
        };
        hit.then_some(fault)
    });
    // What else goes wrong, goes wrong on the way: the engine has done what was asked.
    let right = match fault {
        Some(Fault::Refuses(status, words)) => Answer::refusal(status, words),
        _ => lock(&shared.world).answer(&request),
    };
    match fault {
        None => finish(&mut stream, &right, &shared).await,
        Some(fault) => fault.commit(&mut stream, right, &shared).await,
    }
}

fn is_inspection(request: &Request) -> bool {
    let path = request.path.as_str();
    path.starts_with("/containers/") && path.ends_with("/json") && path != "/containers/json"
}

/// Sends the answer, and what comes behind it.
pub(crate) async fn finish(stream: &mut UnixStream, answer: &Answer, shared: &Shared) {
    answer.send(stream, &shared.version).await;
    match &answer.more {
        More::Nothing | More::HandedOver => {}
        More::Echo => echo(stream).await,
        More::Silence => {
            http::read(stream).await;
        }
        More::Lines { container, told } => {
            write_on(stream, answer, shared, container, *told).await;
        }
    }
    stream.shutdown().await.ok(); // the client may have gone
}

async fn echo(stream: &mut UnixStream) {
    const CTRL_D: u8 = 4;
    let mut typed = [0; 64];
    while let Ok(length @ 1..) = stream.read(&mut typed).await {
        let typed = &typed[..length];
        if typed.contains(&CTRL_D) {
            return;
        }
        stream.write_all(typed).await.ok(); // the client may have gone
    }
}

/// Sends what is written from now on, until the container ends or the client goes.
async fn write_on(
    stream: &mut UnixStream,
    answer: &Answer,
    shared: &Shared,
    container: &str,
    mut told: usize,
) {
    loop {
        let (bytes, lines, runs) = lock(&shared.world).written(container, told);
        told = lines;
        stream.write_all(&answer.part(&bytes)).await.ok(); // the client may have gone
        if !runs {
            stream.write_all(b"0\r\n\r\n").await.ok();
            return;
        }
        tokio::select! {
            _gone = http::read(stream) => return,
            () = sleep(Duration::from_millis(5)) => {}
        }
    }
}

/// Longer than any run of a test.
pub(crate) async fn for_ever() {
    sleep(Duration::from_hours(1)).await;
}
