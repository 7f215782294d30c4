//! `devinfra init`.

use std::fs;

use devinfra::templates::{TEMPLATES, template};
use insta::assert_snapshot;

use crate::devinfra::Devinfra;

#[test]
fn the_default_template_is_written() {
    let run = Devinfra::new().args(["init"]);
    assert_snapshot!(run.run(), @"
    exit: 0
    --- stderr
    wrote `devinfra.yaml`; `devinfra up` brings it up
    ");
    let written = fs::read_to_string(run.project().join("devinfra.yaml")).unwrap();
    assert_eq!(written, template("kohakuhub").unwrap().text);
}

#[test]
fn what_is_there_is_not_overwritten() {
    let run = Devinfra::new().stack("mine").args(["init", "minimal"]);
    assert_snapshot!(run.run(), @"
    exit: 7
    --- stderr
    error: `[DIR]/project/devinfra.yaml` exists, and is not overwritten
    hint: choose another name with `--output`, or `--output -` to see the template
    ");
    let kept = fs::read_to_string(run.project().join("devinfra.yaml")).unwrap();
    assert_eq!(kept, "mine");
}

#[test]
fn templates_are_listed() {
    assert_snapshot!(Devinfra::new().args(["init", "--list"]).run(), @"
    exit: 0
    --- stdout
    TEMPLATE         WHAT IT IS
    kohakuhub        KohakuHub's infrastructure: Postgres, MinIO, LakeFS, Valkey
    postgres-valkey  a database and a cache
    minimal          one Postgres, as small as a stack file gets
    ");
}

#[test]
fn a_dash_is_standard_output() {
    for template in TEMPLATES {
        let run = Devinfra::new().args(["init", "-o", "-", template.name]);
        assert_eq!(run.stdout(), template.text);
        assert_eq!(fs::read_dir(run.project()).unwrap().count(), 0);
    }
}

#[test]
fn a_template_that_does_not_exist_is_named() {
    assert_snapshot!(Devinfra::new().args(["init", "mongo"]).run(), @"
    exit: 2
    --- stderr
    error: `mongo` is no template; there are `kohakuhub`, `postgres-valkey`, and `minimal`
    ");
}

#[test]
fn a_directory_that_does_not_exist_is_not_made() {
    assert_snapshot!(Devinfra::new().args(["init", "-o", "no/such/dir.yaml"]).run(), @"
    exit: 1
    --- stderr
    error: failed to write `[DIR]/project/no/such/dir.yaml`
      Caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn every_template_that_is_written_can_be_read() {
    for template in TEMPLATES {
        let run = Devinfra::new().stack(template.text).args(["config", "-q"]);
        let output = run.output();
        assert!(output.status.success(), "{}", run.shown(&output));
    }
}

#[test]
fn a_file_that_is_not_found_by_itself_is_brought_up_by_its_name() {
    let run = Devinfra::new().args(["init", "minimal", "-o", "my stack.yaml"]);
    assert_snapshot!(run.run(), @"
    exit: 0
    --- stderr
    wrote `my stack.yaml`; `devinfra --file 'my stack.yaml' up` brings it up
    ");
}
