//! `devinfra doctor`, with an engine and without.

use serde_json::Value;

use crate::engine::ScriptedEngine;
use crate::run::{Ran, devinfra};

/// Each finding as `check status`.
fn findings(ran: &Ran) -> Vec<String> {
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    let findings = document["findings"].as_array().unwrap().clone();
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    findings
        .iter()
        .map(|finding| format!("{} {}", word(finding, "check"), word(finding, "status")))
        .collect()
}

#[tokio::test]
async fn an_engine_that_answers_is_looked_at_before_anything_is_up() {
    let engine = ScriptedEngine::new("1.41");
    let ran = devinfra(&engine, &["doctor", "--json"]).await;
    ran.succeeded();
    let found = findings(&ran);
    for expected in [
        "stack-file pass",
        "engine pass",
        "images warn",
        "ports pass",
        "data pass",
    ] {
        assert!(
            found.iter().any(|one| one == expected),
            "no {expected}: {found:?}"
        );
    }
    // It looks, and changes nothing.
    assert!(engine.calls().iter().all(|call| call.method == "GET"));
    let people = devinfra(&engine, &["doctor"]).await;
    assert!(
        people.stdout.contains(&format!(
            "hint     `devinfra --host {} up` fetches it",
            engine.url()
        )),
        "{}",
        people.stdout
    );
}

#[tokio::test]
async fn without_an_engine_the_rest_is_still_looked_at() {
    let mut engine = ScriptedEngine::new("1.41");
    engine.forget();
    let ran = devinfra(&engine, &["doctor", "--json"]).await;
    assert_eq!(ran.status, Some(1));
    let found = findings(&ran);
    for expected in ["stack-file pass", "engine fail", "data pass"] {
        assert!(
            found.iter().any(|one| one == expected),
            "no {expected}: {found:?}"
        );
    }
}
