//! Data directories that can't be, found before anything is made.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use rustix::process::getuid;
use serde_json::json;

use super::fails;
use crate::engine::ScriptedEngine;
use crate::run::{Ran, devinfra, devinfra_of_nobody};

const UP: &[&str] = &["up", "--json", "--wait-timeout", "5s"];

/// A stack whose database has its data in `data/db`.
const STACK: &str = "
name: scripted
services:
  db:
    image: example/db:1
    ports: ['127.0.0.1::80']
    volumes: ['./data/db:/data']
    x-devinfra: {kind: tcp, data: [/data]}
";

/// What is said and advised of a project directory that `prepare` has been at; nothing must have been
/// made. `[DIR]` stands for that directory.
async fn said(prepare: impl FnOnce(&Path)) -> (String, String) {
    let engine = ScriptedEngine::new("1.41");
    engine.stack(STACK);
    prepare(engine.directory());
    let ran = devinfra(&engine, UP).await;
    told(&engine, &ran)
}

fn told(engine: &ScriptedEngine, ran: &Ran) -> (String, String) {
    let error = fails(ran, 1, "directory.blocked");
    assert_eq!(error["service"], "db");
    assert!(engine.calls().iter().all(|call| call.method == "GET"));
    let directory = engine.directory().display().to_string();
    let text = |value: &serde_json::Value| value.as_str().unwrap().replace(&directory, "[DIR]");
    assert_eq!(error["hints"].as_array().unwrap().len(), 1, "{error}");
    (text(&error["message"]), text(&error["hints"][0]))
}

fn pair(message: &str, hint: &str) -> (String, String) {
    (message.to_owned(), hint.to_owned())
}

#[tokio::test]
async fn a_file_in_the_place_of_a_data_directory_or_on_the_way_to_it() {
    let in_place = said(|project| {
        fs::create_dir(project.join("data")).unwrap();
        fs::write(project.join("data/db"), "a file").unwrap();
    });
    assert_eq!(
        in_place.await,
        pair(
            "`[DIR]/data/db`, which `db` mounts, is a file of 6 B, and has to be a directory",
            "move `[DIR]/data/db` away, or mount another directory: `volumes` in the stack file",
        )
    );
    let on_the_way = said(|project| fs::write(project.join("data"), "a file").unwrap());
    assert_eq!(
        on_the_way.await,
        pair(
            "`[DIR]/data/db`, which `db` mounts, can't be: `[DIR]/data` is a file of 6 B, and has \
             to be a directory",
            "move `[DIR]/data` away, or mount another directory: `volumes` in the stack file",
        )
    );
}

#[tokio::test]
async fn a_symlink_that_leads_nowhere_or_in_a_circle() {
    let nowhere = said(|project| {
        fs::create_dir(project.join("data")).unwrap();
        symlink("../elsewhere/db", project.join("data/db")).unwrap();
    });
    assert_eq!(
        nowhere.await,
        pair(
            "`[DIR]/data/db`, which `db` mounts, is a symlink to `../elsewhere/db`, which does not \
             exist",
            "make what `[DIR]/data/db` leads to, or remove that symlink",
        )
    );
    let on_the_way = said(|project| symlink("/no/such", project.join("data")).unwrap());
    assert_eq!(
        on_the_way.await,
        pair(
            "`[DIR]/data/db`, which `db` mounts, can't be: `[DIR]/data` is a symlink to `/no/such`, \
             which does not exist",
            "make what `[DIR]/data` leads to, or remove that symlink",
        )
    );
    let circle = said(|project| {
        symlink("other", project.join("data")).unwrap();
        symlink("data", project.join("other")).unwrap();
    });
    assert_eq!(
        circle.await,
        pair(
            "`[DIR]/data/db`, which `db` mounts, can't be: `[DIR]/data` is a symlink that leads back \
             to itself",
            "remove the symlink `[DIR]/data`",
        )
    );
}

/// Root may do everything: the run is of a user who owns nothing.
#[tokio::test]
async fn a_directory_that_may_not_be_entered_or_written_to() {
    for (mode, right) in [
        (0o000, "may not enter it"),
        (0o555, "may not make anything in it"),
    ] {
        let engine = ScriptedEngine::new("1.41");
        engine.stack(STACK);
        let data = engine.directory().join("data");
        fs::create_dir(&data).unwrap();
        let owner = fs::metadata(&data).unwrap().uid();
        fs::set_permissions(&data, Permissions::from_mode(mode)).unwrap();
        for open in [engine.directory(), &engine.directory().join("engine.sock")] {
            fs::set_permissions(open, Permissions::from_mode(0o777)).unwrap();
        }
        let ran = devinfra_of_nobody(&engine, UP).await;
        let user = if getuid().is_root() { 65534 } else { owner };
        assert_eq!(
            told(&engine, &ran),
            pair(
                &format!(
                    "`[DIR]/data/db`, which `db` mounts, can't be: `[DIR]/data` belongs to user \
                     {owner} with mode {mode:03o}, and you (user {user}) {right}"
                ),
                "have its owner let you in, or mount another directory: `volumes` in the stack file",
            )
        );
    }
}

#[tokio::test]
async fn several_that_can_not_be_are_told_at_once() {
    let engine = ScriptedEngine::new("1.41");
    engine.stack(&format!(
        "{STACK}  store:
    image: example/store:1
    volumes: ['./data/store:/data']
    x-devinfra: {{data: [/data]}}
"
    ));
    fs::write(engine.directory().join("data"), "").unwrap();
    let error = fails(&devinfra(&engine, UP).await, 1, "directory.blocked");
    assert_eq!(error["message"], "2 things are in the way");
    assert_eq!(error["causes"].as_array().unwrap().len(), 2);
    assert_eq!(error["hints"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_system_refuses_is_told_with_its_path() {
    let engine = ScriptedEngine::new("1.41");
    let long = "d".repeat(300);
    engine.stack(&STACK.replace("./data/db", &format!("./{long}")));
    let error = fails(&devinfra(&engine, UP).await, 1, "directory.create");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&long), "{error}");
    assert_eq!(error["causes"], json!(["File name too long (os error 36)"]));
}

#[tokio::test]
async fn doctor_says_the_same() {
    let engine = ScriptedEngine::new("1.41");
    engine.stack(STACK);
    fs::write(engine.directory().join("data"), "").unwrap();
    let ran = devinfra(&engine, &["doctor"]).await;
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stdout.contains("is a file of 0 B, and has to be"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("move `"), "{}", ran.stdout);
}
