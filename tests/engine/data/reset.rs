//! `reset`: data goes, and nothing else.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tokio_postgres::Config;

use super::world::{fill, is_empty, make_repositories, read_repositories, variables};
use crate::stacks::CACHE;
use crate::support::pty::Pty;
use crate::support::{Project, block_on, clients, engine};

#[test]
fn a_reset_wipes_everything_and_restarts_nothing_but_lakefs() {
    let project = Project::default_stack();
    project.up();
    let told = variables(&project);
    fill(&project, &told, 1200, 5000);
    let before = engine::services(&project.name);
    let starts = |service: &str| {
        let found = engine::container(&before[service]).unwrap();
        found.state.unwrap().started_at.unwrap()
    };
    let started = ["postgres", "minio", "valkey"].map(starts);
    read_repositories(&told);
    let run = project.run(&["reset", "--yes", "--json"]).succeeds();
    assert_eq!(
        engine::services(&project.name),
        before,
        "no container may be made anew"
    );
    assert_eq!(["postgres", "minio", "valkey"].map(starts), started);
    is_empty(&project, &told);
    let result = run.result();
    let wiped = |service: &str, what: &str| {
        let all = result["wiped"].as_array().unwrap();
        let found = all
            .iter()
            .find(|one| one["service"] == service && one["what"] == what);
        found.map(|one| one["count"].clone())
    };
    assert_eq!(wiped("postgres", "table"), Some(20.into()));
    assert_eq!(wiped("lakefs", "repository"), Some(25.into()));
    assert_eq!(wiped("minio", "object"), Some(1225.into()));
}

/// The file on disk is what the next start of the server would load.
#[test]
fn keys_do_not_come_back_with_the_next_start() {
    let project = Project::default_stack();
    project.up();
    let port = project.port("DEV_VALKEY_PORT");
    block_on(clients::valkey::<()>(
        port,
        &["SET", "kh:key", "x", "EX", "999"],
    ))
    .unwrap();
    block_on(clients::valkey::<()>(port, &["SAVE"])).unwrap();
    project.run(&["reset", "valkey", "--yes"]).succeeds();
    engine::kill(&project.container("valkey"));
    project.up();
    let left = block_on(clients::valkey::<bool>(port, &["EXISTS", "kh:key"]));
    assert_eq!(left, Ok(false));
}

#[test]
fn a_reset_of_a_stopped_stack_brings_it_up_first() {
    let project = Project::default_stack();
    project.up();
    let told = variables(&project);
    fill(&project, &told, 10, 10);
    project.down();
    project.run(&["reset", "--yes"]).succeeds();
    is_empty(&project, &told);
}

/// Told when everything is gone already, it would be told too late.
#[test]
fn a_taken_port_is_refused_before_anything_is_wiped() {
    let project = Project::with(CACHE);
    project.up();
    let port = project.port("CACHE_PORT");
    block_on(clients::valkey::<()>(port, &["SET", "key", "x"])).unwrap();
    project.down();
    let holder = TcpListener::bind(("127.0.0.1", port)).unwrap();
    for args in [&["reset", "--yes"][..], &["reset", "--yes", "--hard"]] {
        let run = project.run(args).exits_with(7);
        assert!(run.stderr.contains(&format!("port {port}")), "{run}");
        assert!(project.objects().containers.is_empty());
    }
    drop(holder);
    project.up();
    let kept = block_on(clients::valkey::<bool>(port, &["EXISTS", "key"]));
    assert_eq!(kept, Ok(true));
}

#[test]
fn without_a_terminal_nothing_is_wiped_unless_it_is_said() {
    let project = Project::default_stack();
    project.up();
    let database = clients::hub_database(project.port("DEV_POSTGRES_PORT"));
    block_on(clients::postgres(&database, "CREATE TABLE kept (x int)")).unwrap();
    let run = project.run(&["reset"]).exits_with(2);
    assert!(run.stderr.contains("--yes"), "{run}");
    project.run(&["reset", "--dry-run"]).succeeds();
    let mut typed = project.command(&["reset"]);
    typed.stdin(Stdio::piped());
    let mut typed = typed.spawn().unwrap();
    typed.stdin.take().unwrap().write_all(b"yes\n").unwrap();
    assert_eq!(
        typed.wait().unwrap().code(),
        Some(2),
        "a pipe is no terminal"
    );
    block_on(clients::postgres(&database, "SELECT * FROM kept")).unwrap();
}

/// What it shows is what a person has to lose.
#[test]
fn a_dry_run_tells_what_is_there_and_what_stays() {
    let mut project = Project::default_stack();
    let further = "services:\n  notes:\n    image: ${VALKEY_IMAGE}\n    volumes: [\"./notes:/data\"]\n    \
                   x-devinfra: {kind: process, data: [/data]}\n";
    project.merge("notes.yaml", further);
    project.up();
    let run = project.run(&["reset", "--dry-run"]).succeeds();
    let line = |start: &str| {
        let mut lines = run.stdout.lines().chain(run.stderr.lines());
        let found = lines.find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line of {start}: {run}"))
    };
    // The mark of devinfra's own bootstrap is nobody's data, and the manifest was never made.
    assert!(line("valkey ").contains("nothing: it is empty"), "{run}");
    assert!(!run.stdout.contains("manifest"), "{run}");
    assert!(
        line("note: ").contains("the data of `notes` stays"),
        "{run}"
    );
    project.write("hub-meta/dev/demo-seed-manifest.json", "{}");
    let run = project.run(&["reset", "--dry-run", "--json"]).succeeds();
    let (events, result) = (run.events(), run.result());
    assert_eq!(events.len(), 2, "the plan and the result: {run}");
    assert_eq!(
        (&result["ok"], &result["wiped"]),
        (&json!(true), &json!([]))
    );
    let plan = &events[0];
    assert_eq!(plan["event"], "plan");
    let told = |key: &str, word: &str| {
        let all = plan[key].as_array().unwrap().iter();
        all.filter(|one| one.to_string().contains(word)).count()
    };
    assert_eq!(told("steps", "remove "), 1, "{plan}");
    assert_eq!(told("notes", "`notes`"), 1, "{plan}");
    let run = project.run(&["reset", "--dry-run", "notes"]).succeeds();
    assert!(
        run.stderr.starts_with("note: the data of `notes` stays"),
        "{run}"
    );
}

#[test]
fn any_answer_but_yes_on_a_terminal_changes_nothing() {
    let project = Project::default_stack();
    project.up();
    let port = project.port("DEV_VALKEY_PORT");
    let key = ["SET", "kh:key", "x", "EX", "999"];
    block_on(clients::valkey::<()>(port, &key)).unwrap();
    let exists = || block_on(clients::valkey::<bool>(port, &["EXISTS", "kh:key"]));
    let question = format!("Wipe all of this of `{}`? [y/N]", project.name);
    for answer in ["no\n", "\n", "yes, or rather not\n", "\u{4}"] {
        let mut pty = Pty::start(project.command(&["reset"]), 100, 30);
        pty.shows(&question);
        pty.types(answer);
        pty.shows("nothing was wiped");
        assert_eq!(pty.ends(), Some(1), "{}", pty.shown());
        assert_eq!(exists(), Ok(true));
    }
    let mut pty = Pty::start(project.command(&["reset"]), 100, 30);
    pty.shows(&question);
    pty.signal(Signal::INT);
    pty.shows("nothing was wiped\r\n");
    assert_eq!(pty.ends(), Some(130), "{}", pty.shown());
    let shown = pty.shown();
    let (_, after) = shown.split_once(&question).unwrap();
    assert_eq!(after.trim(), "nothing was wiped");
    assert_eq!(exists(), Ok(true));
    let mut pty = Pty::start(project.command(&["reset"]), 100, 30);
    pty.shows(&question);
    pty.types("yes\n");
    assert_eq!(pty.ends(), Some(0), "{}", pty.shown());
    assert_eq!(exists(), Ok(false));
}

#[test]
fn the_hooks_of_a_reset_run_when_it_is_done() {
    let mut project = Project::default_stack();
    let hook = "x-devinfra:\n  hooks:\n    after_reset:\n      - sh -c 'echo \"$$KOHAKU_HUB_S3_BUCKET\" > after'\n";
    project.merge("hooks.yaml", hook);
    project.up();
    assert!(!project.path().join("after").exists());
    project.run(&["reset", "--yes"]).succeeds();
    let told = fs::read_to_string(project.path().join("after")).unwrap();
    assert_eq!(told, "hub-storage\n");
}

/// The size that the promise is about: under three seconds on a quiet machine.
///
/// ```sh
/// cargo test --release --features engine-tests --test engine -- --ignored --nocapture data::reset
/// ```
#[test]
#[ignore = "a measurement, for a quiet machine and an optimised build"]
fn a_reset_of_a_full_stack_takes_seconds() {
    let project = Project::default_stack();
    project.up();
    let told = variables(&project);
    fill(&project, &told, 5000, 100_000);
    read_repositories(&told);
    let run = project.run(&["reset", "--yes"]).succeeds();
    is_empty(&project, &told);
    eprintln!("reset of 20 tables, 5,000 objects, 25 repositories, 100,000 keys: {run}");
}

#[test]
fn an_interrupted_reset_says_what_is_wiped_and_the_next_completes_it() {
    for word in ["wipe postgres", "empty the data of lakefs", "start lakefs"] {
        let project = Project::default_stack();
        project.up();
        let told = variables(&project);
        fill(&project, &told, 1200, 1000);
        let running = project.start(&["reset", "--yes", "--json"]);
        running.wait_for(&format!("\"{word}\""), Duration::from_mins(1));
        running.signal(Signal::INT);
        let run = running.wait();
        if run.code != Some(0) {
            let run = run.exits_with(130);
            let message = run.result()["error"]["message"]
                .as_str()
                .unwrap()
                .to_owned();
            assert!(
                message.starts_with("the reset is incomplete: "),
                "{message}"
            );
        }
        project.run(&["reset", "--yes"]).succeeds();
        is_empty(&project, &told);
    }
}

#[test]
fn a_killed_reset_is_completed_by_the_next() {
    for word in [
        "stop lakefs",
        "wipe minio",
        "empty the data of lakefs",
        "start lakefs",
    ] {
        let project = Project::default_stack();
        project.up();
        let told = variables(&project);
        fill(&project, &told, 1200, 1000);
        let word = word.replace("stop lakefs", &format!("stop {}-lakefs", project.name));
        let running = project.start(&["reset", "--yes", "--json"]);
        running.wait_for(&format!("\"{word}\""), Duration::from_mins(1));
        running.signal(Signal::KILL);
        running.wait();
        project.run(&["reset", "--yes"]).succeeds();
        is_empty(&project, &told);
    }
}

/// The application's role is not the one that the database belongs to.
#[test]
fn tables_that_the_role_may_not_drop_stay_and_are_told() {
    let project = Project::with(
        "\
services:
  database:
    image: ${POSTGRES_IMAGE}
    environment: {POSTGRES_USER: boss, POSTGRES_PASSWORD: planted-of-the-boss, POSTGRES_DB: app}
    ports: ['127.0.0.1:${DATABASE_PORT}:5432']
    x-devinfra: {kind: postgres, user: '${ROLE:-boss}', password: planted-of-the-boss, database: app}
",
    );
    project.up();
    let mut config = Config::new();
    config.host("127.0.0.1").port(project.port("DATABASE_PORT"));
    config
        .user("boss")
        .password("planted-of-the-boss")
        .dbname("app");
    let sql = "CREATE ROLE clerk LOGIN PASSWORD 'planted-of-the-boss'; CREATE TABLE kept (id int)";
    block_on(clients::postgres(&config, sql)).unwrap();
    let mut project = project;
    project.set("ROLE", "clerk");
    let error = project
        .run(&["reset", "--yes", "--json"])
        .exits_with(9)
        .result()["error"]
        .clone();
    assert_eq!(error["code"], "postgres.wipe");
    let kept = block_on(clients::postgres(&config, "SELECT count(*) FROM kept"));
    assert_eq!(kept, Ok(vec!["0".to_owned()]));
}

/// The default stack with all data of LakeFS and its store in named volumes, which have no place for a
/// note beside them.
fn in_volumes() -> Project {
    let mut project = Project::default_stack();
    let volumes = "\
services:
  minio: {volumes: ['store:/data', 'settings:/root/.minio']}
  lakefs: {volumes: ['index:/var/lakefs/data', 'cache:/lakefs/data/cache']}
volumes: {store: {}, settings: {}, index: {}, cache: {}}
";
    project.merge("volumes.yaml", volumes);
    project
}

/// The bucket without LakeFS keeps names from being used again, and LakeFS without the bucket has
/// repositories that can't be read.
#[test]
fn an_up_after_a_killed_reset_finds_lakefs_and_its_bucket_gone_together() {
    for world in [Project::default_stack, in_volumes] {
        for word in ["wipe minio", "empty the data of lakefs", "start lakefs"] {
            let project = world();
            project.up();
            let told = variables(&project);
            fill(&project, &told, 1200, 10);
            let running = project.start(&["reset", "--yes", "--json", "lakefs"]);
            running.wait_for(&format!("\"{word}\""), Duration::from_mins(1));
            running.signal(Signal::KILL);
            running.wait();
            project.up();
            make_repositories(&told);
            // Nobody asked for this.
            let port = project.port("DEV_VALKEY_PORT");
            let kept = block_on(clients::valkey::<bool>(port, &["EXISTS", "kh:x:1"]));
            assert_eq!(kept, Ok(true));
        }
    }
}

/// `down` and `status` in between change nothing: what marks the data is a volume itself.
#[test]
fn a_volume_that_is_half_wiped_is_known_until_it_is_wiped() {
    let project = in_volumes();
    project.up();
    let told = variables(&project);
    fill(&project, &told, 1200, 10);
    let volumes = || project.objects().named_volumes;
    let before = volumes();
    let running = project.start(&["reset", "--hard", "--yes", "--json", "lakefs"]);
    let noted = "\"note that the data of lakefs is wiped\"";
    running.wait_for(noted, Duration::from_mins(1));
    running.wait_for("\"empty the data of", Duration::from_mins(1));
    running.signal(Signal::KILL);
    running.wait();
    assert!(volumes().len() > before.len(), "{:?}", volumes());
    project.down();
    let status = project.run(&["status"]).succeeds();
    assert!(status.stdout.contains("a reset was cut short"), "{status}");
    let doctor = project.run(&["doctor"]);
    assert!(doctor.stdout.contains("the data of `lakefs`"), "{doctor}");
    let run = project.run(&["up"]).succeeds();
    assert!(run.stderr.contains("cut short"), "{run}");
    make_repositories(&told);
    assert_eq!(volumes(), before);
    project.down();
    let run = project.run(&["up"]).succeeds();
    assert!(!run.stderr.contains("cut short"), "{run}");
}
