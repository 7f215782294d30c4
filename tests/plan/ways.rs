//! Directories that can't be.

use std::fs;

use devinfra::model::ContainerState;
use devinfra::plan::{Goal, Up};
use tempfile::tempdir;

use crate::world::{Change as _, engine_for, name, plan, reach, refusals, stack};

#[tokio::test]
async fn a_file_in_the_place_of_data_refuses_a_start_and_leaves_alone_what_runs() {
    let directory = tempdir().unwrap();
    let data = directory.path().join("data");
    let path = data.to_str().unwrap();
    let stack = stack(&["db", "other"]).binds("db", path);
    let stack = stack.change("db", |db| db.data.push("/data".to_owned()));
    let engine = engine_for(&stack);
    let goal = Goal::Up(Up::all(&stack));
    reach(&engine, &stack, &goal).await;
    fs::remove_dir(&data).unwrap();
    fs::write(&data, "").unwrap();
    assert_eq!(plan(&engine, &stack, &goal).await.to_string(), "");

    let exited = ContainerState::Exited {
        code: Some(0),
        oom_killed: false,
    };
    engine.set_state("hub-db", &exited);
    let told = refusals(&engine, &stack, &goal).await;
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    let expected =
        format!("`{path}`, which `db` mounts, is a file of 0 B, and has to be a directory");
    assert_eq!(told, [expected]);
    // Who does not need it is not kept from starting.
    let other = Up {
        services: [name("other")].into(),
        ..Up::all(&stack)
    };
    assert!(plan(&engine, &stack, &Goal::Up(other)).await.is_empty());
}
