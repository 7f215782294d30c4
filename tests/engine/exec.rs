//! Commands inside containers, with a terminal and without.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use vt100::Parser;

use crate::stacks::{THREE, script, silent};
use crate::support::pty::Pty;
use crate::support::{Project, engine, pause};

const PATIENCE: Duration = Duration::from_secs(30);

/// A project whose one service can run a shell.
fn worker() -> Project {
    let project = Project::with(&script(
        "kind: http, path: /passwd",
        "exec httpd -f -p 8080 -h /etc",
    ));
    project.up();
    project
}

#[test]
fn the_streams_are_kept_apart_and_the_status_is_the_commands() {
    let project = worker();
    let run = project.run(&[
        "exec",
        "worker",
        "sh",
        "-c",
        "echo out; echo err >&2; exit 7",
    ]);
    let run = run.exits_with(7);
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("out\n", "err\n")
    );
    let options = ["-e", "A=1", "-w", "/tmp", "-u", "65534"];
    let args = [
        &["exec"],
        &options[..],
        &["worker", "sh", "-c", "echo $A; pwd; id -u"],
    ]
    .concat();
    assert_eq!(project.run(&args).succeeds().stdout, "1\n/tmp\n65534\n");
}

#[test]
fn output_that_is_lost_on_a_full_disk_is_a_failure() {
    let project = worker();
    let words = [
        "exec",
        "worker",
        "sh",
        "-c",
        "echo said; echo said >/proc/1/fd/1",
    ];
    project.run(&words).succeeds();
    for arguments in [&words[..], &["logs"], &["logs", "--json"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut command = project.command(arguments);
        let output = command
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(
            told.contains("failed to write to standard output"),
            "{arguments:?}: {told}"
        );
    }
}

#[test]
fn input_is_piped_through_to_its_end() {
    let project = worker();
    let mut command = project.command(&["exec", "worker", "cat"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let sent: Vec<u8> = (0..2_000_000_u32)
        .map(|number| number.to_le_bytes()[0])
        .collect();
    let written = sent.clone();
    let writer = thread::spawn(move || input.write_all(&written));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    assert!(
        output.stdout == sent,
        "{} bytes came back",
        output.stdout.len()
    );
}

#[test]
fn what_can_not_be_run_is_told_with_the_way_out() {
    let project = worker();
    for (program, status, hints) in [
        ("no-such-program", 127, 0),
        ("/no/such/program", 127, 0),
        ("/etc/passwd", 126, 0),
        ("ls | wc -l", 127, 1),
    ] {
        let run = project.run(&["--json", "exec", "worker", program]);
        let error = run.exits_with(status).json()["error"].clone();
        assert_eq!(error["code"], "exec.not-run");
        assert_eq!(error["service"], "worker");
        let message = format!("`{program}` can't be run in the container of `worker`");
        assert_eq!(error["message"], message);
        // A shell is no help for a name that is mistyped.
        assert_eq!(error["hints"].as_array().unwrap().len(), hints, "{error}");
    }

    engine::kill(&project.container("worker"));
    let run = project.run(&["exec", "worker", "true"]).exits_with(5);
    let words = "error: `worker` is not running: its container is exited\n\
        hint: bring it up with `devinfra up worker`\n";
    assert_eq!(run.stderr, words);
}

#[test]
fn a_terminal_is_handed_over_and_given_back() {
    let project = worker();
    let mut pty = Pty::start(project.command(&["exec", "worker", "sh"]), 80, 24);
    pty.shows("# ");
    assert!(!pty.is_cooked());
    pty.types("stty size; echo first\n");
    pty.shows("24 80\r\nfirst");
    pty.resize(100, 30);
    pty.types("until stty size | grep '^30 100'; do :; done\n");
    pty.shows("\r\n30 100");
    // Ctrl-C is the command's: `sleep` ends, and the shell goes on. It has to run by then: a shell
    // that is about to start it would drop the key.
    pty.types("sh -c 'echo slee\"\"ping; exec sleep 600'\n");
    pty.shows("\r\nsleeping");
    pty.types("\u{3}");
    pty.shows("^C");
    pty.types("echo st''ill here; exit 3\n");
    pty.shows("still here");
    assert_eq!(pty.ends(), Some(3), "{}", pty.shown());
    assert!(pty.is_cooked());
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let project = worker();
    let mut pty = Pty::start(project.command(&["exec", "worker", "sh"]), 80, 24);
    pty.shows("# ");
    pty.signal(Signal::TERM);
    assert_eq!(pty.ends(), Some(143), "{}", pty.shown());
    assert!(pty.is_cooked());
}

/// Whether a command goes on inside the worker's container.
fn goes_on(project: &Project, command: &str) -> bool {
    let list = "cat /proc/[0-9]*/cmdline | tr '\\0' ' '";
    let run = project.run(&["exec", "worker", "sh", "-c", list]);
    run.succeeds().stdout.contains(command)
}

#[test]
fn a_signal_is_passed_on_and_last_words_are_shown() {
    let project = worker();
    for (signal, name, code) in [
        (Signal::INT, "INT", 130),
        (Signal::TERM, "TERM", 143),
        (Signal::HUP, "HUP", 129),
        (Signal::QUIT, "QUIT", 131),
    ] {
        let last_words =
            format!("trap 'echo bye; exit 7' {name}; echo on; while :; do sleep 1; done");
        let running = project.start(&["exec", "worker", "sh", "-c", &last_words]);
        running.wait_for("on", PATIENCE);
        running.signal(signal);
        let run = running.wait().exits_with(code);
        assert_eq!(run.stdout, "on\nbye\n");
        assert!(!goes_on(&project, "echo bye"), "after {name}");
    }
}

#[test]
fn a_command_that_heeds_no_signal_is_killed() {
    let project = worker();
    let stubborn = "trap '' TERM; echo on; sleep 612 & wait";
    let start = || {
        let running = project.start(&["exec", "worker", "sh", "-c", stubborn]);
        running.wait_for("on", PATIENCE);
        running.signal(Signal::TERM);
        running
    };
    let run = start().wait().exits_with(143);
    assert!(run.elapsed > Duration::from_secs(5), "no grace: {run}");
    assert!(!goes_on(&project, "sleep 612"));

    let running = start();
    pause(Duration::from_millis(500));
    running.signal(Signal::INT);
    let run = running.wait().exits_with(143);
    assert!(run.elapsed < Duration::from_secs(5), "not at once: {run}");
    assert!(!goes_on(&project, "sleep 612"));
}

#[test]
fn a_command_on_a_terminal_that_is_closed_ends() {
    let project = worker();
    let mut pty = Pty::start(project.command(&["exec", "worker", "sh"]), 80, 24);
    pty.shows("# ");
    pty.types("echo slee''ping; sleep 613\n");
    pty.shows("\r\nsleeping");
    pty.signal(Signal::HUP);
    assert_eq!(pty.ends(), Some(129), "{}", pty.shown());
    assert!(!goes_on(&project, "sleep 613"));
}

#[test]
fn a_command_whose_output_nobody_reads_ends() {
    let project = worker();
    let mut command = project.command(&["exec", "worker", "yes", "614"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = [0; 4];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"614\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    assert!(!goes_on(&project, "yes 614"));
}

/// Without a shell in the container nothing can be ended there.
#[test]
fn a_command_that_can_not_be_ended_is_told_of() {
    let project = worker();
    let hide = ["exec", "worker", "sh", "-c", "rm $(which sh)"];
    let running = project.start(&["exec", "worker", "sleep", "615"]);
    project.run(&hide).succeeds();
    running.signal(Signal::TERM);
    let run = running.wait().exits_with(143);
    let words = "warning: `sleep` may go on inside the container of `worker`\n";
    assert_eq!(run.stderr, words);
}

#[test]
fn without_a_terminal_none_is_made() {
    let project = worker();
    let command = project.command(&["exec", "-T", "worker", "sh", "-c", "test -t 0 || echo none"]);
    let mut pty = Pty::start(command, 80, 24);
    pty.shows("none");
    assert_eq!(pty.ends(), Some(0));
}

#[test]
fn the_shortcuts_are_logged_in_as_the_application_is() {
    let project = Project::with(THREE);
    project.up();
    let ask = "select current_user || '@' || current_database()";
    let run = project
        .run(&["psql", "-v", "ON_ERROR_STOP=1", "-Atc", ask])
        .succeeds();
    assert_eq!(run.stdout, "hub_dev@kohakuhub_dev\n");
    let run = project.run(&["valkey-cli", "ping"]).succeeds();
    assert_eq!(run.stdout, "PONG\n");
    project.run(&["psql", "-c", "nonsense"]).exits_with(1);
    let run = project.run(&["psql", "--service", "cache"]).exits_with(2);
    let words = "error: `cache` is of kind `valkey`, and `psql` talks to kind `postgres`\n\
        hint: of that kind: `database`\n";
    assert_eq!(run.stderr, words);
}

#[test]
fn a_live_line_leaves_nothing_behind_after_ctrl_c() {
    let project = Project::with(&silent());
    let mut command = project.command(&["up"]);
    command.env("TERM", "xterm");
    let mut pty = Pty::start(command, 80, 24);
    pty.shows("waiting until it is usable");
    pty.signal(Signal::INT);
    assert_eq!(pty.ends(), Some(130), "{}", pty.shown());
    let mut terminal = Parser::new(24, 80, 0);
    terminal.process(pty.shown().as_bytes());
    let screen = terminal.screen().contents();
    assert!(screen.starts_with("error: interrupted"), "{screen}");
}
