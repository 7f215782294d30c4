//! Which part of a run each step of a plan is.

use std::collections::BTreeMap;
use std::time::Duration;

use devinfra::plan::{Goal, Up};
use devinfra::report::{Span, Timings};

use crate::world::{Change as _, engine_for, image, plan, reach, stack};

#[tokio::test]
async fn what_a_replaced_container_takes_is_not_its_creation() {
    let before = stack(&["db"]);
    let engine = engine_for(&before);
    reach(&engine, &before, &Goal::Up(Up::all(&before))).await;
    let after = before.change("db", |db| db.container.image = image("other"));
    let plan = plan(&engine, &after, &Goal::Up(Up::all(&after))).await;
    let span = Span {
        began: Duration::ZERO,
        ended: Duration::from_secs(1),
    };
    let spans: BTreeMap<_, _> = plan.steps().iter().map(|step| (step.id, span)).collect();
    let timings = Timings::new(&[(plan, spans)], Duration::from_secs(1));
    let steps: Vec<String> = timings
        .steps
        .iter()
        .map(|step| format!("{}: {}", step.phase.word(), step.what))
        .collect();
    assert_eq!(
        steps,
        [
            "pull: pull other:latest",
            "remove: stop hub-db",
            "remove: remove hub-db",
            "create: create db",
            "start: start db",
            "wait: wait until db is usable",
        ]
    );
}
