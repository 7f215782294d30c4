//! What is wrong with the invalid fixtures, and with files that can't be read at all.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use devinfra::stack_file::Secrets;
use insta::assert_snapshot;

use crate::fixtures::{compare, directory};
use crate::world::World;

#[test]
fn every_problem_of_an_invalid_fixture_is_told_with_its_line() {
    compare("invalid", |name| {
        let world = World::at(&directory("invalid")).with(&format!("{name}.yaml"));
        world.config(Secrets::Shown)
    });
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let world = World::new().with("nope.yaml");
    assert_snapshot!(world.config(Secrets::Shown), @"
    failed to read `[DIR]/project/nope.yaml`
    Caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn a_directory_is_no_file() {
    let world = World::new().file("dir/file", "").with("dir");
    assert_snapshot!(world.config(Secrets::Shown), @"
    failed to read `[DIR]/project/dir`
    Caused by: Is a directory (os error 21)
    ");
}

#[test]
fn a_template_that_is_not_there_is_named() {
    let world = World::new().with("template:nope");
    assert_snapshot!(world.config(Secrets::Shown), @"there is no template `nope`; `devinfra init --list` shows them");
}

#[test]
fn a_file_of_megabytes_is_not_read() {
    let text = vec![b'#'; 5 << 20];
    let world = World::new().file("big.yaml", text).with("big.yaml");
    assert_snapshot!(world.config(Secrets::Shown), @"
    failed to read `[DIR]/project/big.yaml`
    Caused by: it is larger than 4 MiB
    ");
}

#[test]
fn a_link_to_itself_can_not_be_read() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("loop.yaml");
    symlink(&path, &path).unwrap();
    let world = World::at(temporary.path()).with("loop.yaml");
    assert_snapshot!(world.config(Secrets::Shown), @"
    failed to read `[DIR]/loop.yaml`
    Caused by: Too many levels of symbolic links (os error 40)
    ");
    fs::remove_file(path).unwrap();
}

#[test]
fn problems_of_all_files_are_told_at_once() {
    let world = World::new()
        .file(
            "one.yaml",
            "services:\n  app:\n    image: example/app\n    prots: []\n",
        )
        .file("two.yaml", "services:\n  app:\n    restart: often\n")
        .file(".env", "A=$(id)\nB='open\n")
        .with("one.yaml")
        .with("two.yaml");
    assert_snapshot!(world.config(Secrets::Shown), @"
    error: a service has no key `prots`
     --> one.yaml:4:5
      |
    4 |     prots: []
      |     ^^^^^
      |
      = help: did you mean `ports`?

    error: `restart`: `often` is none of `no`, `always`, `unless-stopped`, `on-failure[:TIMES]`
     --> two.yaml:3:14
      |
    3 |     restart: often
      |              ^^^^^

    error: commands are not run here; write their result, or quote the text with '…'
     --> .env:1:1
      |
    1 | A=*****
      | ^^^^^^^

    error: a single quote is not closed
     --> .env:2:1
      |
    2 | B=*****
      | ^^^^^^^
    ");
}

/// A thousand took seven seconds, and each had the list of all keys behind it.
#[test]
fn many_problems_take_as_much_more_time_and_space_as_they_are_more() {
    const MANY: usize = 4000;
    let services = (0..MANY).map(|number| format!("  s{number}:\n    image: i\n    bogus: 1\n"));
    let text = format!("services:\n{}", services.collect::<String>());
    let began = SystemTime::now();
    let error = World::new().stack(&text).load().unwrap_err();
    let elapsed = began.elapsed().unwrap();
    let rendered = error.rendered().unwrap();
    assert_eq!(error.problems().len(), MANY);
    assert_eq!(rendered.matches("the keys are").count(), 1);
    assert!(rendered.len() < 500 * MANY, "{} bytes", rendered.len());
    assert!(elapsed < Duration::from_secs(40), "{elapsed:?}");
}
