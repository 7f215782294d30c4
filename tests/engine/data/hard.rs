//! `reset --hard`: by an ordinary user, over what others own, and not a step further.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use super::world::{fill, is_empty, variables};
use crate::support::Project;

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
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {stderr}");
    };
    run(&["up"]);
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
    run(&["reset", "--hard", "--yes"]);
    assert!(!planted.exists());
    run(&["down"]);
}
