//! Killed at any instant, the next run goes on from what exists.

use std::time::Duration;

use rustix::process::Signal;

use crate::stacks::{CACHE, THREE, silent};
use crate::support::engine::{Objects, networks_named, services};
use crate::support::{Project, Run, block_on, clients, pause, together};

const PATIENCE: Duration = Duration::from_secs(30);

/// Kills `up` so long after its start.
fn kill_up_after(project: &Project, delay: Duration) {
    let running = project.start(&["up", "--json"]);
    pause(delay);
    running.signal(Signal::KILL);
    running.wait();
}

#[test]
fn after_a_run_that_was_killed_the_engine_is_given_a_moment_once() {
    let project = Project::with(&silent());
    let running = project.start(&["up", "--json"]);
    running.wait_for("not-yet", PATIENCE);
    running.signal(Signal::KILL);
    running.wait();
    let run = project.run(&["down"]).succeeds();
    assert!(
        run.stderr
            .contains("was killed; giving the engine a second"),
        "{run}"
    );
    let run = project.run(&["down"]).succeeds();
    assert!(!run.stderr.contains("was killed"), "{run}");
}

#[test]
fn an_up_that_was_killed_is_finished_by_the_next() {
    let project = Project::with(CACHE);
    // A cold start takes some 700 ms: instants all over it, and a bit beyond.
    for tenths in [0, 1, 2, 3, 4, 5, 6, 7, 8] {
        kill_up_after(&project, Duration::from_millis(tenths * 90));
        project.up();
        let pong = block_on(clients::valkey(project.port("CACHE_PORT"), &["PING"]));
        assert_eq!(pong, Ok("PONG".to_owned()));
        assert_eq!(
            networks_named(&format!("{}_default", project.name)).len(),
            1
        );
        project.down();
    }
}

#[test]
fn a_down_after_an_up_that_was_killed_leaves_nothing() {
    let project = Project::with(CACHE);
    for tenths in [0, 1, 2, 3, 4, 5, 6, 7, 8] {
        kill_up_after(&project, Duration::from_millis(45 + tenths * 90));
        let before = project.objects();
        project.down();
        assert_eq!(before.still_there(), Objects::default());
        assert_eq!(project.objects(), Objects::default());
    }
}

#[test]
fn a_down_that_was_killed_is_finished_by_the_next() {
    let project = Project::with(CACHE);
    for tenths in [0, 1, 2, 3, 4] {
        project.up();
        let running = project.start(&["down", "--json"]);
        pause(Duration::from_millis(tenths * 90));
        running.signal(Signal::KILL);
        running.wait();
        project.down();
        assert_eq!(project.objects(), Objects::default());
    }
}

#[test]
fn two_ups_at_once_both_succeed_and_one_waits_for_the_other() {
    let project = Project::with(THREE);
    let up = || project.run(&["up"]);
    let runs = together(vec![Box::new(up), Box::new(up)]);
    let runs: Vec<_> = runs.into_iter().map(|run| run.succeeds()).collect();
    let waited = |run: &&Run| {
        run.stderr.contains("waiting for `devinfra up` (process")
            && run.stderr.contains("nothing to do: 3 services usable")
    };
    assert_eq!(runs.iter().filter(waited).count(), 1, "{runs:#?}");
    assert_eq!(services(&project.name).len(), 3);
    assert_eq!(
        networks_named(&format!("{}_default", project.name)).len(),
        1
    );
}

#[test]
fn two_ups_that_do_not_see_each_others_lock_make_no_second_network() {
    let first = Project::with(CACHE);
    let second = first.twin_of_another_user();
    let network = format!("{}_default", first.name);
    for _ in 0..5 {
        let (one, other) = (&first, &second);
        let runs = together(vec![
            Box::new(|| one.run(&["up", "--json", "-v"])),
            Box::new(|| other.run(&["up", "--json", "-v"])),
        ]);
        assert_eq!(
            networks_named(&network).len(),
            1,
            "{}\n{}",
            runs[0],
            runs[1]
        );
        first.run(&["down", "--json"]);
        second.run(&["down", "--json"]);
        assert_eq!(first.objects(), Objects::default());
    }
}

#[test]
fn ctrl_c_ends_a_wait_at_once_and_says_what_stays() {
    let project = Project::with(&silent());
    let running = project.start(&["up"]);
    running.wait_for("not yet usable", PATIENCE);
    running.signal(Signal::INT);
    let run = running.wait().exits_with(130);
    let error = "\
error: interrupted; what was done so far stays
hint: see what exists with `devinfra status`; the same command goes on, and `devinfra down` takes all down
";
    assert!(run.stderr.ends_with(error), "{run}");
    project.down();
    assert_eq!(project.objects(), Objects::default());
}

#[test]
fn a_termination_has_its_own_status_and_a_result() {
    let project = Project::with(&silent());
    let running = project.start(&["up", "--json"]);
    running.wait_for("not-yet", PATIENCE);
    running.signal(Signal::TERM);
    let run = running.wait().exits_with(143);
    assert_eq!(run.result()["error"]["code"], "run.interrupted");
}
