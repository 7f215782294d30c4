//! What goes wrong inside a service is told with its code, its cause, and a way out.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::engine::Objects;
use crate::support::{Project, block_on, clients, until};

const DATABASE: &str = "
services:
  database:
    image: ${POSTGRES_IMAGE}
    ports: [\"127.0.0.1:${DATABASE_PORT}:5432\"]
    environment: {POSTGRES_PASSWORD: planted-first, POSTGRES_DB: app}
    volumes: [\"./data:/var/lib/postgresql/data\"]
";

const CACHE: &str = "
services:
  cache:
    image: ${VALKEY_IMAGE}
    command: valkey-server --protected-mode no --save 300 100
    ports: [\"127.0.0.1:${CACHE_PORT}:6379\"]
    volumes: [\"./data:/data\"]
";

/// Brings the stack up, which must fail, and gives the failure.
#[track_caller]
fn failure(project: &Project, status: i32) -> Value {
    let run = project.run(&["up", "--json"]).exits_with(status);
    let error = run.result()["error"].clone();
    assert!(
        !error["hints"].as_array().unwrap().is_empty(),
        "no way out: {error}"
    );
    error
}

#[track_caller]
fn has_cause(error: &Value, cause: &str) {
    let causes = error["causes"].as_array().unwrap();
    assert!(causes.iter().any(|one| one == cause), "{error:#}");
}

#[test]
fn data_of_another_major_version() {
    let mut project = Project::with(DATABASE);
    project.up();
    project.down();
    project.rewrite(&DATABASE.replace("${POSTGRES_IMAGE}", project.variable("POSTGRES_17_IMAGE")));
    let error = failure(&project, 5);
    assert_eq!(error["code"], "postgres.data-version");
    let told = error["causes"][0].as_str().unwrap();
    assert!(
        told.starts_with("its data was written by PostgreSQL 15, and this is PostgreSQL 17"),
        "{told}"
    );
}

#[test]
fn files_of_somebody_elses_in_the_data_directory() {
    let project = Project::with(DATABASE);
    fs::create_dir(project.path().join("data")).unwrap();
    project.write("data/letter.txt", "Dear");
    let error = failure(&project, 5);
    assert_eq!(error["code"], "postgres.data-foreign");
    has_cause(
        &error,
        "its data directory is not empty, and holds no database",
    );
}

#[test]
fn another_password_than_the_data_was_made_with() {
    let mut project = Project::with(DATABASE);
    project.up();
    project.rewrite(&DATABASE.replace("planted-first", "planted-second"));
    let error = failure(&project, 5);
    assert_eq!(error["code"], "postgres.password");
    has_cause(
        &error,
        "data that exists keeps the password that it was made with; `POSTGRES_PASSWORD` counts \
         at the first start only",
    );
}

#[test]
fn a_database_that_an_interrupted_first_start_did_not_make() {
    let mut project = Project::with(DATABASE);
    project.up();
    project.rewrite(&DATABASE.replace("POSTGRES_DB: app", "POSTGRES_DB: other"));
    let error = failure(&project, 5);
    assert_eq!(error["code"], "postgres.database-missing");
}

#[test]
fn no_password_for_the_first_start() {
    let project = Project::with(&DATABASE.replace("POSTGRES_PASSWORD: planted-first, ", ""));
    assert_eq!(failure(&project, 5)["code"], "postgres.no-password");
}

#[test]
fn an_empty_password_for_the_first_start() {
    let empty = DATABASE.replace("planted-first", "''");
    let error = failure(&Project::with(&empty), 5);
    assert_eq!(error["code"], "postgres.no-password");
    assert_eq!(
        error["hints"][0],
        "`POSTGRES_PASSWORD` of `database` is empty: give it a value, or set the variable that it takes"
    );
}

#[test]
fn data_that_a_newer_server_wrote() {
    let project = Project::with(CACHE);
    fs::create_dir(project.path().join("data")).unwrap();
    project.write("data/dump.rdb", "REDIS0099");
    let error = failure(&project, 5);
    assert_eq!(error["code"], "valkey.data-version");
    has_cause(
        &error,
        "its data has format version 99, which is newer than this Valkey or Redis reads",
    );
}

#[test]
fn data_that_is_damaged() {
    let project = Project::with(CACHE);
    fs::create_dir(project.path().join("data")).unwrap();
    project.write("data/dump.rdb", "not a dump at all");
    assert_eq!(failure(&project, 5)["code"], "valkey.data-damaged");
}

#[test]
fn an_option_that_the_server_does_not_know() {
    let project = Project::with(&CACHE.replace("--save", "--sive"));
    assert_eq!(failure(&project, 5)["code"], "valkey.configuration");
}

#[test]
fn a_command_that_the_image_does_not_have() {
    let project =
        Project::with(&CACHE.replace("valkey-server --protected", "/no/such --protected"));
    let error = failure(&project, 5);
    assert_eq!(error["code"], "service.bad-command");
    assert_eq!(error["service"], "cache");
}

#[test]
fn a_bind_source_that_is_not_there() {
    let mount = "{type: bind, source: ./nowhere, target: /data, bind: {create_host_path: false}}";
    let project = Project::with(&CACHE.replace("\"./data:/data\"", mount));
    let error = failure(&project, 1);
    assert_eq!(error["code"], "mount.source-missing");
    let told = error["message"].as_str().unwrap();
    assert!(
        told.ends_with("/nowhere`, which `cache` mounts, does not exist"),
        "{told}"
    );
}

#[test]
fn a_directory_that_is_mounted_onto_a_file() {
    let project = Project::with(&CACHE.replace("\"./data:/data\"", "./passwd:/etc/passwd"));
    fs::create_dir(project.path().join("passwd")).unwrap();
    let error = failure(&project, 1);
    assert_eq!(error["code"], "mount.wrong-type");
    assert_eq!(
        error["message"],
        format!(
            "`{}/passwd` can't be mounted at `/etc/passwd`: one is a file, and the other a directory, in \
             `cache`",
            project.path().display()
        )
    );
}

#[test]
fn a_file_in_the_place_of_the_data_directory() {
    let project = Project::with(CACHE);
    project.write("data", "a letter");
    let error = failure(&project, 1);
    assert_eq!(error["code"], "directory.blocked");
    assert_eq!(project.objects(), Objects::default());
}

/// A file system of its own, of a size, at a directory of the project; gone with this value.
struct Mounted(PathBuf);

impl Mounted {
    fn new(project: &Project, directory: &str, size: &str) -> Self {
        let path = project.path().join(directory);
        fs::create_dir_all(&path).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&path)
            .status();
        assert!(mount.unwrap().success(), "this test needs to mount");
        Self(path)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a container may still use it.
        let unmount = Command::new("umount").arg("-l").arg(&self.0).status();
        unmount.ok(); // the directory goes with the test all the same
    }
}

#[test]
fn a_disk_that_is_full_before_the_first_start() {
    let project = Project::with(DATABASE);
    let _disk = Mounted::new(&project, "data", "8m");
    let error = failure(&project, 5);
    assert_eq!(error["code"], "data.disk-full");
    has_cause(&error, "no space is left on the disk that its data is on");
    project.down();
}

#[test]
fn a_directory_that_the_servers_user_may_not_write_to() {
    let user = "    user: '1000:1000'\n    volumes";
    let project = Project::with(&DATABASE.replace("    volumes", user));
    fs::create_dir(project.path().join("data")).unwrap();
    let error = failure(&project, 5);
    assert_eq!(error["code"], "data.not-writable");
    has_cause(
        &error,
        "its user may not write to `/var/lib/postgresql/data`",
    );
    let hint = format!(
        "compare `user` of `database` with the owner of `{}`, or give them to that user with `sudo chown`",
        project.path().join("data").display()
    );
    assert_eq!(error["hints"][0], hint);
}

/// Where the first save is tried, and fails, the server refuses writes and pings from then on.
#[test]
fn a_cache_whose_disk_is_full() {
    let project = Project::with(&CACHE.replace("--save 300 100", "--save 1 1"));
    let disk = Mounted::new(&project, "data", "1m");
    project.up();
    fs::write(disk.0.join("ballast"), vec![0; 1 << 20]).ok(); // until nothing more goes in
    let port = project.port("CACHE_PORT");
    until("the server can't save", Duration::from_mins(1), || {
        let value = "x".repeat(1 << 16);
        let set = block_on(clients::valkey::<()>(
            port,
            &["SET", "key", &value, "EX", "600"],
        ));
        set.is_err_and(|said| said.contains("MISCONF"))
            .then_some(())
    });
    let error = failure(&project, 5);
    assert_eq!(error["code"], "valkey.misconf");
    assert!(error.to_string().contains("see that its disk has space"));
}
