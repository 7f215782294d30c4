//! One JSON object per line, for scripts. The fields are documented in the README and stable.

use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Current, deed, note};
use crate::event::{Event, Observer};
use crate::kinds;
use crate::model::{PublishedPort, Service, ServiceName};
use crate::plan::{Step, StepId};

/// Writes each event as a line.
#[derive(Debug)]
pub struct JsonLines<W: Write> {
    state: Mutex<(Current, W)>,
}

impl<W: Write + Send> JsonLines<W> {
    /// Writes to `output`.
    pub fn new(output: W) -> Self {
        Self {
            state: Mutex::new((Current::default(), output)),
        }
    }
}

impl<W: Write + Send> Observer for JsonLines<W> {
    fn on(&self, event: Event) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        let (current, output) = &mut *state;
        if let Event::Planned(plan) = &event {
            current.0 = plan.clone();
        }
        let line = event_line(&event, |id| current.0.step(id).cloned());
        writeln!(output, "{line}").ok(); // a reader that is gone stops nobody
    }
}

/// One event as a JSON object; `step` finds the step of an id.
fn event_line(event: &Event, step: impl Fn(StepId) -> Option<Step>) -> Value {
    let of_step = |name: &str, id: StepId, further: Value| {
        let step = step(id);
        let service = step.as_ref().and_then(|step| step.service.as_ref());
        let service = service.map(ServiceName::as_str);
        let action = step
            .as_ref()
            .map(|step| step.action.describe(service.unwrap_or_default()));
        let mut line = json!({"event": name, "service": service, "action": action});
        if let (Value::Object(line), Value::Object(further)) = (&mut line, further) {
            line.extend(further);
        }
        line
    };
    match event {
        Event::Planned(plan) => {
            let steps: Vec<String> = plan.changes().map(ToString::to_string).collect();
            json!({"event": "planned", "steps": steps})
        }
        Event::Waiting { holder } => json!({"event": "waiting", "holder": holder}),
        Event::Settling { holder } => json!({"event": "settling", "holder": holder}),
        Event::Started(id) => of_step("started", *id, json!({})),
        Event::Pulling { step: id, progress } => {
            let bytes = json!({"current": progress.current, "total": progress.total});
            of_step("pulling", *id, bytes)
        }
        Event::NotYet { step: id, reason } => of_step("not-yet", *id, json!({"reason": reason})),
        Event::Finished { step: id, elapsed } => {
            of_step("finished", *id, json!({"elapsed_ms": millis(*elapsed)}))
        }
        Event::Failed { step: id, elapsed } => {
            of_step("failed", *id, json!({"elapsed_ms": millis(*elapsed)}))
        }
        Event::Stopped { step: id, elapsed } => {
            of_step("stopped", *id, json!({"elapsed_ms": millis(*elapsed)}))
        }
        Event::Ready {
            service, elapsed, ..
        } => {
            json!({"event": "ready", "service": service.as_str(), "elapsed_ms": millis(*elapsed)})
        }
        Event::Bootstrapped { service, deeds } => {
            let deeds: Vec<String> = deeds.iter().map(deed).collect();
            json!({"event": "bootstrapped", "service": service.as_str(), "done": deeds})
        }
        Event::Hook { moment, command } => {
            json!({"event": "hook", "moment": moment.to_string(), "command": command})
        }
        Event::HookWrote { line } => json!({"event": "hook-wrote", "line": line}),
        Event::Noted(noted) => json!({"event": "note", "message": note(noted)}),
    }
}

/// A number of milliseconds.
pub(crate) fn millis(duration: Duration) -> Value {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .into()
}

/// Where a service can be reached, as `up` and `status` tell it.
pub fn endpoints(service: Option<&Service>, ports: &[PublishedPort]) -> Value {
    ports
        .iter()
        .map(|port| {
            let url = service
                .filter(|service| service.kind.port() == Some(port.target))
                .and_then(|service| kinds::url(&service.kind, port.host_ip, port.published));
            json!({
                "host": port.host_ip.to_string(),
                "port": port.published,
                "target": port.target,
                "url": url,
            })
        })
        .collect()
}
