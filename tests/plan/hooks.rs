//! When the stack file's commands run, with what, and what becomes of a failure.

use std::error::Error as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use devinfra::apply::Stop;
use devinfra::engine::FakeEngine;
use devinfra::event::{Event, Observer};
use devinfra::flow::{Checks, DownRequest, FlowError, Session, UpDone, UpRequest, down, up};
use devinfra::model::{Exports, Stack, Template, VariableName};
use devinfra::plan::{Adopt, Recreate};
use futures_util::FutureExt as _;
use tempfile::{TempDir, tempdir};
use tokio::time::{Instant, sleep, timeout};

use crate::world::{Change as _, engine_for, name, session, stack};

#[derive(Default)]
struct Written(Mutex<Vec<String>>);

impl Observer for Written {
    fn on(&self, event: Event) {
        match event {
            Event::Hook { moment, .. } => self.0.lock().unwrap().push(moment.to_string()),
            Event::HookWrote { line } => self.0.lock().unwrap().push(line),
            _ => {}
        }
    }
}

struct World {
    stack: Stack,
    engine: FakeEngine,
    directory: TempDir,
}

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).to_vec()
}

/// A stack of one service, which exports `GREETING`.
fn world() -> World {
    let directory = tempdir().unwrap();
    let greeting = VariableName::new("GREETING").unwrap();
    let mut stack = stack(&["db"]).change("db", |service| {
        service.exports = Exports {
            with: [(greeting.clone(), Template::parse("hello").unwrap())].into(),
            without: [(greeting, "nobody".to_owned())].into(),
        };
    });
    directory.path().clone_into(&mut stack.directory);
    let engine = engine_for(&stack);
    World {
        stack,
        engine,
        directory,
    }
}

impl World {
    fn session<'a>(
        &'a self,
        written: &'a Written,
        stop: &'a Stop,
        locks: &'a PathBuf,
    ) -> Session<'a> {
        Session {
            observer: written,
            ..session(&self.stack, &self.engine, stop, locks)
        }
    }

    async fn up(&self, services: &[&str]) -> (Result<UpDone, FlowError>, Vec<String>) {
        let (_stopper, stop) = Stop::new();
        self.up_until(&stop, services).await
    }

    async fn up_until(
        &self,
        stop: &Stop,
        services: &[&str],
    ) -> (Result<UpDone, FlowError>, Vec<String>) {
        let (written, locks) = (Written::default(), self.directory.path().join("locks"));
        let request = UpRequest {
            services: services.iter().map(|service| name(service)).collect(),
            without: Vec::new(),
            recreate: Recreate::Changed,
            pull: None,
            adopt: Adopt::No,
            wait_timeout: Duration::from_secs(5),
            checks: Checks::Skip,
        };
        let done = up(&self.session(&written, stop, &locks), &request).await;
        (done, written.0.into_inner().unwrap())
    }

    async fn down(&self) -> (Result<(), FlowError>, Vec<String>) {
        let (_stopper, stop) = Stop::new();
        let (written, locks) = (Written::default(), self.directory.path().join("locks"));
        let request = DownRequest {
            services: Vec::new(),
            timeout: None,
            adopt: Adopt::No,
            wait_timeout: Duration::from_secs(5),
        };
        let done = down(&self.session(&written, &stop, &locks), &request).await;
        (done.map(|_| ()), written.0.into_inner().unwrap())
    }
}

#[tokio::test]
async fn hooks_run_in_the_project_directory_with_the_stacks_variables() {
    let mut world = world();
    world.stack.hooks.after_up = vec![
        shell("echo $GREETING"),
        shell("echo story >&2; pwd -P > here"),
    ];
    let (done, written) = world.up(&[]).await;
    done.unwrap();
    assert_eq!(written, ["after_up", "hello", "after_up", "story"]);
    let here = fs::read_to_string(world.directory.path().join("here")).unwrap();
    let directory = world.directory.path().canonicalize().unwrap();
    assert_eq!(here.trim_end(), directory.to_str().unwrap());
}

#[tokio::test]
async fn hooks_that_ran_are_counted_when_there_is_nothing_else_to_do() {
    let mut world = world();
    world.stack.hooks.after_up = vec![shell("true"), shell("true")];
    world.up(&[]).await.0.unwrap();
    let done = world.up(&[]).await.0.unwrap();
    assert!(done.plan.is_empty());
    assert_eq!(done.hooks, 2);
    let done = world.up(&["db"]).await.0.unwrap();
    assert_eq!(done.hooks, 0);
}

#[tokio::test]
async fn a_part_of_the_stack_runs_no_hooks() {
    let mut world = world();
    world.stack.hooks.after_up = vec![shell("echo hi")];
    assert_eq!(world.up(&["db"]).await.1, [""; 0]);
}

#[tokio::test]
async fn a_hook_that_fails_is_the_failure_and_the_next_does_not_run() {
    let mut world = world();
    world.stack.hooks.after_up = vec![shell("exit 3"), shell("echo next")];
    let (done, written) = world.up(&[]).await;
    assert_eq!(
        done.unwrap_err().to_string(),
        "`after_up` hook `sh -c exit 3` failed"
    );
    assert_eq!(written, ["after_up"]);
}

#[tokio::test]
async fn a_hook_before_down_can_keep_the_stack_up() {
    let mut world = world();
    world.up(&[]).await.0.unwrap();
    world.stack.hooks.before_down = vec![shell("exit 1")];
    assert!(world.down().await.0.is_err());
    assert_eq!(world.engine.running(), ["hub-db"]);
    world.stack.hooks.before_down = vec![shell("echo bye, $GREETING")];
    let (done, written) = world.down().await;
    done.unwrap();
    assert_eq!(written, ["before_down", "bye, hello"]);
    assert!(world.engine.running().is_empty());
}

#[tokio::test]
async fn a_stack_that_is_not_up_comes_down_without_hooks() {
    let mut world = world();
    world.stack.hooks.before_down = vec![shell("exit 1")];
    let (done, written) = world.down().await;
    done.unwrap();
    assert_eq!(written, [""; 0]);
}

#[tokio::test]
async fn a_hook_that_does_not_end_is_ended() {
    let mut world = world();
    world.stack.hooks.timeout = Duration::from_millis(300);
    world.stack.hooks.after_up = vec![shell("exec sleep 600"), shell("echo next")];
    let began = Instant::now();
    let (done, written) = world.up(&[]).await;
    let error = done.unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert_eq!(cause, "it did not end within 0.3 s");
    assert!(!written.contains(&"next".to_owned()), "{written:?}");
    assert!(began.elapsed() < Duration::from_mins(2));
}

/// A development server that a hook starts in the background keeps the hook's output open.
#[tokio::test]
async fn what_a_hook_leaves_running_is_not_waited_for() {
    let mut world = world();
    world.stack.hooks.after_up = vec![shell("sleep 20 & echo started")];
    let began = Instant::now();
    let (done, written) = world.up(&[]).await;
    done.unwrap();
    assert_eq!(written, ["after_up", "started"]);
    assert!(began.elapsed() < Duration::from_secs(10));
}

/// Waits until a process has ended, which takes a moment when it was killed.
fn has_ended(id: &str) -> impl Future<Output = ()> {
    let path = format!("/proc/{id}/status");
    // In a container nobody may reap what has lost its parent.
    let runs = move || fs::read_to_string(&path).is_ok_and(|status| !status.contains("State:\tZ"));
    let ended = async move {
        while runs() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), ended).map(|ended| ended.unwrap())
}

#[tokio::test]
async fn what_a_hook_has_started_is_ended_with_it() {
    let mut world = world();
    world.stack.hooks.timeout = Duration::from_millis(300);
    world.stack.hooks.after_up = vec![shell("sleep 600 & echo $!; wait")];
    let (done, written) = world.up(&[]).await;
    assert!(matches!(done, Err(FlowError::Hook { .. })), "{done:?}");
    has_ended(&written[1]).await;
}

#[tokio::test]
async fn a_hook_is_ended_with_what_it_has_started_when_a_stop_is_asked() {
    let mut world = world();
    world.stack.hooks.after_up = vec![shell("sleep 600 & echo $!; wait")];
    let (stopper, stop) = Stop::new();
    let began = Instant::now();
    let asking = async {
        sleep(Duration::from_millis(500)).await;
        stopper.stop();
    };
    let ((done, written), ()) = tokio::join!(world.up_until(&stop, &[]), asking);
    assert!(matches!(done, Err(FlowError::Interrupted)), "{done:?}");
    has_ended(&written[1]).await;
    assert!(began.elapsed() < Duration::from_mins(2));
}

#[tokio::test]
async fn a_hook_that_does_not_heed_sigterm_is_killed_after_its_grace() {
    let mut world = world();
    world.stack.hooks.timeout = Duration::from_millis(300);
    let stubborn = "trap '' TERM; sleep 600 & echo $!; echo $$; wait";
    world.stack.hooks.after_up = vec![shell(stubborn)];
    let began = Instant::now();
    let (done, written) = world.up(&[]).await;
    assert!(matches!(done, Err(FlowError::Hook { .. })), "{done:?}");
    assert!(
        began.elapsed() >= Duration::from_secs(5),
        "it had no time to end"
    );
    has_ended(&written[1]).await;
    has_ended(&written[2]).await;
}

#[tokio::test]
async fn a_hook_that_does_not_heed_sigterm_is_killed_at_once_when_a_stop_is_insisted_on() {
    let mut world = world();
    world.stack.hooks.after_up = vec![shell("trap '' TERM; sleep 600 & echo $!; wait")];
    let (stopper, stop) = Stop::new();
    let asking = async {
        sleep(Duration::from_millis(500)).await;
        stopper.stop();
        let asked = Instant::now();
        sleep(Duration::from_millis(100)).await;
        stopper.insist();
        asked
    };
    let ((done, written), asked) = tokio::join!(world.up_until(&stop, &[]), asking);
    assert!(asked.elapsed() < Duration::from_secs(4), "it had its grace");
    assert!(matches!(done, Err(FlowError::Interrupted)), "{done:?}");
    has_ended(&written[1]).await;
}

/// What a terminal does to a hook that reads from it.
#[tokio::test]
async fn a_hook_that_waits_for_the_terminal_is_a_failure_at_once() {
    for signal in ["TTIN", "TTOU"] {
        let mut world = world();
        let script = format!("sleep 600 & echo $!; kill -{signal} $$; echo on");
        world.stack.hooks.after_up = vec![shell(&script)];
        let began = Instant::now();
        let (done, written) = world.up(&[]).await;
        let error = done.unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert_eq!(cause, "it waits for the terminal, which hooks don't have");
        has_ended(&written[1]).await;
        assert!(began.elapsed() < Duration::from_mins(2));
    }
}

#[tokio::test]
async fn a_lock_that_is_a_symlink_is_refused_and_what_it_points_to_stays() {
    let world = world();
    let locks = world.directory.path().join("locks");
    fs::create_dir(&locks).unwrap();
    let precious = world.directory.path().join("precious");
    fs::write(&precious, "text").unwrap();
    symlink(&precious, locks.join("hub.lock")).unwrap();
    let (done, _written) = world.up(&[]).await;
    assert!(matches!(done, Err(FlowError::Lock(_))));
    assert_eq!(fs::read_to_string(&precious).unwrap(), "text");
}
