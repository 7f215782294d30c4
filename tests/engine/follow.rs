//! `logs -f`, through everything that happens to a container.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use crate::stacks::script;
use crate::support::{Project, engine, pause};

const PATIENCE: Duration = Duration::from_mins(1);

/// A service that says which of its runs this is, and then nothing more.
fn talker() -> Project {
    let words = "echo run $(cat /proc/sys/kernel/random/uuid); exec httpd -f -p 8080 -h /etc";
    let project = Project::with(&script("kind: http, path: /passwd", words));
    project.up();
    project
}

#[test]
fn lines_go_on_after_a_restart_and_in_a_new_container() {
    let project = talker();
    let following = project.start(&["logs", "-f"]);
    let first = following.wait_for("worker | run ", PATIENCE);
    engine::kill(&project.container("worker"));
    following.wait_for("worker | exited with 137", PATIENCE);
    project.up();
    let second = following.wait_for("worker | run ", PATIENCE);
    project.run(&["up", "--recreate"]).succeeds();
    let third = following.wait_for("worker | run ", PATIENCE);
    following.signal(Signal::INT);
    let run = following.wait().exits_with(130);
    assert_eq!(run.stdout, format!("{first}\n{second}\n{third}\n"));
    assert!(!run.stderr.contains("error"), "{run}");
}

#[test]
fn following_may_begin_before_anything_is_there() {
    let project = talker();
    project.down();
    let following = project.start(&["logs", "-f", "--json"]);
    following.wait_for("nothing is running yet", PATIENCE);
    project.up();
    let line = following.wait_for("run ", PATIENCE);
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["service"], "worker");
    assert_eq!(line["stream"], "stdout");
    following.signal(Signal::TERM);
    following.wait().exits_with(143);
}

#[test]
fn a_reader_that_goes_away_ends_it_between_two_lines() {
    let project = talker();
    let mut command = project.command(&["logs", "-f"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    drop(reader);
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        pause(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(0));
    assert!(line.starts_with("worker | run "), "{line}");
}
