//! `--json`: standard output is JSON, whatever is asked and however it ends.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::devinfra::Devinfra;

const STACK: &str = "name: shop\nservices: {db: {image: postgres:15, ports: ['5432:5432'], \
                     environment: {POSTGRES_PASSWORD: planted-one}}}";

/// The one document that the run answers with.
#[track_caller]
fn document(run: &Devinfra) -> Value {
    let text = run.stdout();
    let parsed = serde_json::from_str::<Value>(&text);
    assert!(parsed.is_ok(), "no document: {text:?}");
    let document = parsed.unwrap();
    let first = document.as_object().unwrap().keys().next().unwrap();
    assert_eq!(
        (first.as_str(), document.get("schema")),
        ("schema", Some(&json!(1)))
    );
    document
}

#[test]
fn every_failure_is_a_document_that_names_the_stack_where_it_is_known() {
    for (arguments, code) in [
        (&["status"][..], "engine.unreachable"),
        (&["logs"], "engine.unreachable"),
        (&["env"], "engine.unreachable"),
        (&["exec", "db", "true"], "engine.unreachable"),
        (&["psql"], "engine.unreachable"),
        (&["run", "true"], "engine.unreachable"),
        (&["cache", "check"], "engine.unreachable"),
        (&["cache", "bootstrap"], "engine.unreachable"),
        (&["cache", "stats"], "engine.unreachable"),
        (&["logs", "--since", "yesterday"], "usage.since"),
        (&["logs", "--since", "99999999999h"], "usage.since"),
    ] {
        let found = document(
            &Devinfra::new()
                .stack(STACK)
                .args(["--json"])
                .args(arguments),
        );
        assert_eq!(found["error"]["code"], code, "{arguments:?}");
        let known = code != "usage.since";
        let stack = if known { json!("shop") } else { Value::Null };
        assert_eq!(found["stack"], stack, "{arguments:?}");
        let keys: Vec<&String> = found.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["schema", "ok", "stack", "error"], "{arguments:?}");
    }
}

#[test]
fn results_have_all_their_fields_also_where_nothing_was_begun() {
    for (command, fields) in [
        (&["up"][..], &["services"][..]),
        (&["down"], &["removed", "left"]),
        (&["reset", "--yes"], &["wiped"]),
    ] {
        let run = Devinfra::new().stack(STACK).args(["--json"]).args(command);
        let found = document(&run);
        assert_eq!(found["event"], "result");
        assert_eq!(found["ok"], false);
        assert_eq!(found["stack"], "shop", "{found}");
        for field in fields.iter().chain(&["elapsed_ms", "error"]) {
            assert!(
                !found[field].is_null(),
                "{command:?}: no {field} in {found}"
            );
        }
    }
}

#[test]
fn arguments_that_are_not_understood_are_told_to_scripts_too() {
    assert_snapshot!(Devinfra::new().args(["--json", "stauts"]).run(), @r#"
    exit: 2
    --- stdout
    {"schema":1,"ok":false,"stack":null,"error":{"code":"usage.arguments","message":"unrecognized subcommand 'stauts'","causes":[],"hints":["a similar subcommand exists: 'status'","`devinfra --help` lists the commands, and `--help` behind one what it takes"],"service":null,"log":[],"problems":[],"further":[]}}
    --- stderr
    error: unrecognized subcommand 'stauts'

      tip: a similar subcommand exists: 'status'

    Usage: devinfra [OPTIONS] <COMMAND>

    For more information, try '--help'.
    "#);
    let up = document(&Devinfra::new().args(["up", "--json", "-x"]));
    assert_eq!(up["event"], "result");
    assert_eq!(up["error"]["message"], "unexpected argument '-x' found");
    let valued = document(&Devinfra::new().args(["up", "--json=1"]));
    assert_eq!(valued["error"]["code"], "usage.arguments");
    let nothing = document(&Devinfra::new().args(["--json"]));
    assert_eq!(nothing["error"]["message"], "no command is given");
    // What is another program's is not ours.
    let theirs = Devinfra::new().args(["psql", "--service", "-", "--json"]);
    assert_eq!(theirs.stdout(), "");
}

#[test]
fn what_is_made_of_the_program_alone_is_a_document_too() {
    let answer = |arguments: &[&str]| document(&Devinfra::new().args(["--json"]).args(arguments));
    let list = answer(&["init", "--list"]);
    assert_eq!(list["templates"][0]["name"], "kohakuhub");
    assert!(list["templates"][0]["summary"].is_string());
    let written = answer(&["init", "minimal"]);
    assert_eq!(written["template"], "minimal");
    assert!(
        written["file"]
            .as_str()
            .unwrap()
            .ends_with("/devinfra.yaml")
    );
    assert!(answer(&["init", "--output", "-"])["text"].is_string());
    assert!(answer(&["man"])["text"].is_string());
    assert!(answer(&["man", "--output", "pages"])["directory"].is_string());
    assert_eq!(answer(&["completions", "fish"])["shell"], "fish");
    assert!(answer(&["report", "-"])["text"].is_string());
    assert!(answer(&["report", "report.md"])["file"].is_string());
}
