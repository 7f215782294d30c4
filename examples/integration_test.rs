//! A test suite that brings its own database: up, a look at where it is, down.
//!
//! ```sh
//! cargo run --example integration_test [STACK_FILE]
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use devinfra::apply::Stop;
use devinfra::engine::{Docker, Wishes};
use devinfra::event::Silent;
use devinfra::flow::{Checks, DownRequest, Session, UpRequest, down, up};
use devinfra::kinds::url_with_credentials;
use devinfra::model::{Stack, StackName};
use devinfra::plan::{Adopt, Recreate};
use devinfra::stack_file::{FileSource, Request, load};
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let environment: BTreeMap<String, String> = env::vars().collect();
    let variable = |name: &str| environment.get(name).cloned();
    let stack = stack(&environment)?;
    let wishes = Wishes {
        docker_host: variable("DOCKER_HOST"),
        home: variable("HOME").map(PathBuf::from),
        ..Wishes::default()
    };
    let engine = Docker::connect(wishes.decide()?)?;
    let (_stopper, stop) = Stop::new();
    let session = Session {
        stack: &stack,
        engine: &engine,
        observer: &Silent,
        stop: &stop,
        lock_directory: &env::temp_dir().join("devinfra"),
        command: "the integration tests",
        began: Instant::now(),
    };

    let done = up(&session, &everything()).await?;
    for (name, ready) in &done.outcome.ready {
        let kind = stack.services.get(name).map(|service| &service.kind);
        for port in &ready.ports {
            let url =
                kind.and_then(|kind| url_with_credentials(kind, port.host_ip, port.published));
            // The very next connection succeeds: this is where tests begin.
            let shown = url.unwrap_or_else(|| "it has no URL".to_owned());
            println!("`{name}` is usable after {:?}: {shown}", ready.elapsed);
        }
    }
    down(&session, &nothing_left()).await?;
    Ok(())
}

/// The stack file, as `devinfra` would read it, under a name of the tests' own.
fn stack(environment: &BTreeMap<String, String>) -> Result<Stack, Box<dyn Error>> {
    let file = env::args().nth(1);
    let files = [FileSource::parse(
        file.as_deref().unwrap_or("template:minimal"),
    )];
    let request = Request {
        files: &files,
        project_directory: None,
        current_directory: &env::current_dir()?,
        name: Some(&StackName::new("devinfra-example")?),
        env_files: &[],
        profiles: &[],
        named: &[],
        environment,
        not_unicode: &BTreeSet::new(),
        defaults: BTreeMap::new(),
    };
    Ok(load(&request)?.stack)
}

fn everything() -> UpRequest {
    UpRequest {
        services: Vec::new(),
        without: Vec::new(),
        recreate: Recreate::Changed,
        pull: None,
        adopt: Adopt::No,
        wait_timeout: Duration::from_mins(1),
        checks: Checks::Run,
    }
}

fn nothing_left() -> DownRequest {
    DownRequest {
        services: Vec::new(),
        timeout: None,
        adopt: Adopt::No,
        wait_timeout: Duration::from_mins(1),
    }
}
