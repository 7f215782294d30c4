//! `reset --hard`: by an ordinary user, over what others own, and not a step further.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::world::{fill, is_empty, variables};
use crate::stacks::CACHE;
use crate::support::{Project, Running, block_on, clients, engine, until};

/// A user that exists on no machine, in the group that may talk to the engine.
const USER: u32 = 54321;

#[test]
fn a_hard_reset_makes_everything_anew() {
    let project = Project::default_stack();
    project.up();
    let told = variables(&project);
    fill(&project, &told, 10, 10);
    let before = project.objects().containers;
    project.run(&["reset", "--hard", "--yes"]).succeeds();
    assert!(project.objects().containers.is_disjoint(&before));
    is_empty(&project, &told);
}

#[test]
fn a_symlink_inside_the_data_leaves_what_it_points_to() {
    let project = Project::default_stack();
    project.up();
    let precious = project.outside().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("file"), "x").unwrap();
    let planted = project.path().join("hub-meta/dev/valkey-data/link");
    symlink(&precious, &planted).unwrap();
    project.run(&["reset", "--hard", "--yes"]).succeeds();
    assert!(!planted.exists());
    assert!(precious.join("file").exists());
}

/// Data of users 999 and 0, in directories that the one who resets can't even list.
#[test]
fn an_ordinary_user_needs_no_rights_but_the_engines() {
    let Ok(socket) = fs::metadata("/var/run/docker.sock") else {
        panic!("this test needs an engine on its usual socket");
    };
    let project = Project::default_stack();
    let give = |path: &Path| chown(path, Some(USER), Some(USER)).unwrap();
    give(&project.path());
    let home = project.outside().join("a-home");
    fs::create_dir(&home).unwrap();
    give(&home);
    fs::set_permissions(project.outside(), fs::Permissions::from_mode(0o755)).unwrap();
    let run = |args: &[&str]| {
        let mut command = project.command(args);
        command.env("HOME", &home);
        command.uid(USER).gid(socket.gid());
        Running::start(command).wait()
    };
    run(&["up"]).succeeds();
    let data = project.path().join("hub-meta/dev/postgres-data");
    assert_eq!(
        fs::metadata(&data).unwrap().uid(),
        999,
        "the test must meet what it is about"
    );
    let planted = project.path().join("hub-meta/dev/minio-data/of-root");
    fs::create_dir(&planted).unwrap();
    fs::set_permissions(&planted, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(planted.join("file"), "x").unwrap();
    // Not noted as made, and not to be listed by this user: a container looks what is in it.
    let marks = project.path().join("hub-meta/dev/.devinfra-made");
    let noted = fs::read_to_string(&marks).unwrap();
    let others = noted
        .lines()
        .filter(|line| !line.ends_with(" postgres-data"));
    let others: Vec<&str> = others.collect();
    assert_eq!(others.len() + 1, noted.lines().count(), "{noted}");
    fs::write(&marks, others.join("\n") + "\n").unwrap();
    let foreign = data.join("main.rs");
    fs::write(&foreign, "x").unwrap();
    fs::rename(data.join("PG_VERSION"), data.join("no-version")).unwrap();
    for turn in 0..2 {
        let refused = run(&["reset", "--hard", "--yes"]);
        let told = &refused.stderr;
        assert!(told.contains("devinfra did not make it"), "{turn}: {told}");
        assert!(foreign.exists() && data.join("global").exists(), "{turn}");
    }
    fs::remove_file(&foreign).unwrap();
    fs::rename(data.join("no-version"), data.join("PG_VERSION")).unwrap();
    run(&["reset", "--hard", "--yes"]).succeeds();
    assert!(!planted.exists());
    run(&["down"]).succeeds();
}

/// Directories that are half empty are what a killed run leaves, and what no server starts on.
#[test]
fn a_hard_reset_that_is_killed_is_finished_by_the_next_run() {
    const MARK: &str = "hub-meta/dev/.devinfra-wiping-postgres-data";
    let next: [&[&str]; 2] = [&["up"], &["reset", "--hard", "--yes"]];
    let mut torn = 0;
    for (moment, word) in [
        "empty the data of postgres",
        "empty the data of minio",
        "empty the data of lakefs",
        "create postgres",
    ]
    .into_iter()
    .enumerate()
    {
        let project = Project::default_stack();
        project.up();
        let told = variables(&project);
        fill(&project, &told, 10, 10);
        let running = project.start(&["reset", "--hard", "--yes", "--json"]);
        running.wait_for(&format!("\"{word}\""), Duration::from_mins(1));
        running.signal(Signal::KILL);
        running.wait();
        if project.path().join(MARK).exists() {
            // The kill may come when nothing is deleted yet.
            fs::remove_dir_all(project.path().join("hub-meta/dev/postgres-data/global")).ok();
            let doctor = project.run(&["doctor"]);
            assert!(doctor.stdout.contains("the data of `postgres`"), "{doctor}");
            torn += 1;
        }
        let run = project.run(next[moment % next.len()]).succeeds();
        assert!(run.stderr.contains("killed"), "{run}");
        is_empty(&project, &told);
        assert!(!project.path().join(MARK).exists());
        let run = project.run(&["up"]).succeeds();
        assert!(!run.stderr.contains("cut short"), "{run}");
    }
    assert!(torn > 0, "no run was killed in the middle");
}

/// What a killed run leaves where a container does the work: the container, at work or not.
#[test]
fn a_container_that_a_killed_reset_has_left_is_removed_and_its_work_done() {
    let project = Project::with(
        "services:\n  cache:\n    image: ${VALKEY_IMAGE}\n    volumes: [\"data:/data\"]\n    \
         ports: [\"$CACHE_PORT:6379\"]\nvolumes:\n  data:\n",
    );
    project.up();
    let port = project.port("CACHE_PORT");
    block_on(clients::valkey::<()>(port, &["SET", "key", "x"])).unwrap();
    let running = project.start(&["reset", "--hard", "--yes", "--json"]);
    let helper = until("a helper is there", Duration::from_mins(1), || {
        engine::services(&project.name).remove("cache-devinfra-helper")
    });
    running.signal(Signal::KILL);
    running.wait();
    let run = project.run(&["up"]).succeeds();
    assert!(engine::container(&helper).is_none(), "{run}");
    let left = block_on(clients::valkey::<bool>(port, &["EXISTS", "key"]));
    assert_eq!(left, Ok(false));
    project.down();
}

/// Without devinfra's marks, as the scripts leave it: what counts is what the servers keep in it.
#[test]
fn data_that_devinfra_did_not_make_is_known_by_what_is_in_it() {
    let project = Project::default_stack();
    project.up();
    let told = variables(&project);
    fs::remove_file(project.path().join("hub-meta/dev/.devinfra-made")).unwrap();
    let services = ["reset", "--hard", "--yes", "postgres", "valkey"];
    project.run(&services).succeeds();
    let stray = project.path().join("hub-meta/dev/postgres-data/main.rs");
    fs::write(&stray, "x").unwrap();
    fs::remove_file(project.path().join("hub-meta/dev/postgres-data/PG_VERSION")).unwrap();
    let run = project.run(&services).exits_with(7);
    assert!(run.stderr.contains("devinfra did not make it"), "{run}");
    assert!(stray.exists());
    assert_eq!(variables(&project), told, "nothing may have been stopped");
}

#[test]
fn volumes_that_are_not_the_stacks_are_refused_and_kept() {
    for volumes in [
        "named: {name: $NAME}",
        "named: {external: true, name: $NAME}",
    ] {
        let project = Project::with(&format!(
            "services:\n  cache:\n    image: ${{VALKEY_IMAGE}}\n    volumes: [\"named:/data\"]\n    \
             ports: [\"$CACHE_PORT:6379\"]\nvolumes:\n  {}\n",
            volumes.replace("$NAME", "\"${DEVINFRA_NAME}-foreign\"")
        ));
        let volume = format!("{}-foreign", project.name);
        engine::foreign_volume(&project.name, &volume);
        project.up();
        let id = project.container("cache");
        let run = project.run(&["reset", "--hard", "--yes"]).exits_with(7);
        let words = format!("`{volume}` is not emptied: it is a volume that devinfra did not make");
        assert!(run.stderr.contains(&words), "{run}");
        assert!(engine::is_running(&id), "nothing may have been stopped");
        project.down();
        engine::remove_volume(&volume);
    }
}

#[test]
fn data_around_that_of_a_service_that_is_not_reset_is_refused() {
    let service = |name: &str, path: &str, port: &str| {
        format!(
            "  {name}:\n    image: ${{VALKEY_IMAGE}}\n    volumes: [\"{path}:/data\"]\n    \
             ports: [\"${port}:6379\"]\n"
        )
    };
    let outer = service("outer", "./data", "OUTER_PORT");
    let inner = service("inner", "./data/appendonlydir", "INNER_PORT");
    let project = Project::with(&format!("services:\n{outer}{inner}"));
    project.up();
    for wiped in ["outer", "inner"] {
        let run = project
            .run(&["reset", "--hard", "--yes", wiped])
            .exits_with(7);
        assert!(run.stderr.contains("a service that is not reset"), "{run}");
    }
    // One would take the other away.
    let run = project.run(&["reset", "--hard", "--yes"]).exits_with(7);
    let reason = "another data directory of the stack is in it or around it";
    assert!(run.stderr.contains(reason), "{run}");
}

#[test]
fn a_reset_of_a_stopped_stack_says_that_all_of_it_is_gone() {
    let project = Project::with(CACHE);
    project.up();
    project.down();
    let dry = project.run(&["reset", "--hard", "--dry-run"]).succeeds();
    assert!(dry.stdout.contains("all its data"), "{dry}");
    let run = project.run(&["reset", "--hard", "--yes"]).succeeds();
    assert!(
        run.stderr.contains(": deleted all that was in its data"),
        "{run}"
    );
    let dry = project.run(&["reset", "--hard", "--dry-run"]).succeeds();
    assert!(dry.stdout.contains("whatever is in it"), "{dry}");
    project.down();
    let told = project
        .run(&["reset", "--hard", "--yes", "--json"])
        .succeeds();
    let wiped = &told.result()["wiped"][0];
    assert_eq!(
        (&wiped["service"], &wiped["what"]),
        (&"cache".into(), &"data".into())
    );
}

#[test]
fn what_can_not_be_deleted_is_told_and_the_rest_goes_on_from_there() {
    let project = Project::with(CACHE);
    project.up();
    let stuck = project.path().join("cache/stuck");
    fs::write(&stuck, "x").unwrap();
    let set = |flag: &str| Command::new("chattr").arg(flag).arg(&stuck).status();
    assert!(set("+i").unwrap().success(), "this test needs chattr");
    let run = project.run(&["reset", "--hard", "--yes", "--json"]);
    assert!(set("-i").unwrap().success());
    let error = run.exits_with(9).result()["error"].clone();
    assert_eq!(error["code"], "reset.data");
    let told = error["causes"].to_string();
    assert!(told.contains("Operation not permitted"), "{told}");
    project.run(&["reset", "--hard", "--yes"]).succeeds();
    assert!(!stuck.exists());
}

/// The system lists a mount by the place it really is at, and not by the way that leads there.
#[test]
fn what_is_mounted_inside_the_data_is_refused_before_anything_is_stopped() {
    let project = Project::with(CACHE);
    let link = project.outside().join("link");
    symlink(project.path(), &link).unwrap();
    for directory in [project.path(), link] {
        let run = |args: &[&str]| {
            let mut command = project.command(args);
            command.arg("--project-directory").arg(&directory);
            Running::start(command).wait()
        };
        run(&["up"]).succeeds();
        let id = project.container("cache");
        let inner = project.path().join("cache/inner");
        fs::create_dir(&inner).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "tmpfs"])
            .arg(&inner)
            .status();
        assert!(mounted.unwrap().success(), "this test needs to mount");
        fs::write(inner.join("precious"), "x").unwrap();
        let refused = run(&["reset", "--hard", "--yes", "--json"]);
        let kept = inner.join("precious").exists();
        let unmounted = Command::new("umount").arg(&inner).status();
        assert!(unmounted.unwrap().success());
        assert!(kept, "another file system is not the service's data");
        let error = refused.exits_with(7).result()["error"].clone();
        assert_eq!(error["code"], "reset.unsafe");
        let told = error["causes"].to_string();
        let words = "another file system is mounted inside it";
        assert!(told.contains(words), "{told}");
        assert!(engine::is_running(&id));
        run(&["reset", "--hard", "--yes"]).succeeds();
        assert!(!inner.exists());
        run(&["down"]).succeeds();
    }
}
