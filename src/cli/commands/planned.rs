//! What a dry run answers scripts with, before its result.

use serde_json::{Value, json};

use crate::plan::Plan;
use crate::report::note;

/// The plan as an event.
pub(super) fn plan_json(plan: &Plan) -> Value {
    let steps: Vec<String> = plan.changes().map(ToString::to_string).collect();
    let notes: Vec<String> = plan.notes().iter().map(note).collect();
    json!({"schema": 1, "event": "plan", "steps": steps, "notes": notes})
}
