//! A second `up` changes nothing and asks little.

use crate::stacks::THREE;
use crate::support::Project;
use crate::support::engine::services;
use crate::support::proxy::Proxy;

const LISTING: &str = "GET /containers/json";

#[test]
fn a_second_up_plans_nothing_changes_nothing_and_says_so() {
    let project = Project::with(THREE);
    project.up();
    let before = services(&project.name);

    let dry = project.run(&["up", "--dry-run"]).succeeds();
    assert_eq!(dry.stdout, "nothing to do\n");

    // The last line is the result, also where nothing is done.
    for command in ["up", "down"] {
        let dry = project.run(&[command, "--dry-run", "--json"]).succeeds();
        let events = dry.events();
        assert_eq!(events.len(), 2, "the plan and the result: {dry}");
        assert_eq!(events[0]["event"], "plan");
        assert!(events[0]["steps"].is_array(), "{dry}");
        assert_eq!(dry.result()["ok"], true);
    }

    let second = project.up();
    assert_eq!(second.events()[0]["steps"], serde_json::json!([]));
    assert_eq!(services(&project.name), before);

    let told = project.run(&["up"]).succeeds();
    assert!(
        told.stderr
            .contains("nothing to do: 3 services usable, asked in"),
        "{told}"
    );
}

#[test]
fn a_second_up_asks_the_engine_for_one_listing() {
    let mut project = Project::with(THREE);
    project.up();
    let proxy = Proxy::listen(project.outside());
    project.set("DOCKER_HOST", &proxy.address());
    // A service that is slow to answer is looked at; here other tests may keep it from answering.
    let quick = (0..5).any(|_| {
        project.up();
        let mut calls = proxy.take_calls();
        // Asks nothing but the engine's version.
        calls.retain(|call| !call.ends_with("/_ping"));
        let listings = calls.iter().filter(|call| **call == LISTING).count();
        assert_eq!(listings, 1, "{calls:?}");
        calls == [LISTING]
    });
    assert!(quick, "not one of five asked for the listing alone");
}
