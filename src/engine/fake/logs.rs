//! What containers write, as far as a test has them write it.

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::FakeEngine;
use crate::engine::{EngineError, LogLine, LogOptions};
use crate::model::ContainerId;

/// What the container wrote, and writes as long as it runs where that is asked for.
pub(super) fn logs(
    engine: &FakeEngine,
    id: &ContainerId,
    options: &LogOptions,
) -> BoxStream<'static, Result<LogLine, EngineError>> {
    let written = engine.with(|state| state.logs.get(id).map_or(0, Vec::len));
    let next = options.tail.map_or(0, |tail| written.saturating_sub(tail));
    let (engine, id, follow) = (engine.clone(), id.clone(), options.follow);
    let lines = stream::unfold(next, move |next| {
        let (engine, id) = (engine.clone(), id.clone());
        async move {
            loop {
                let changed = engine.changed.notified();
                let line = engine.with(|state| state.logs.get(&id)?.get(next).cloned());
                if let Some(line) = line {
                    return Some((Ok(line), next + 1));
                }
                let running = engine.with(|state| Some(state.find(&id)?.found.is_running()));
                if !follow || running != Some(true) {
                    return None;
                }
                changed.await;
            }
        }
    });
    lines.boxed()
}
