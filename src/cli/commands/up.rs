//! `devinfra up`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Context;
use super::checks::{Checked, checks_json, failed_check, tell_checks, unsound};
use crate::apply::Outcome;
use crate::cli::Exit;
use crate::cli::args::Up;
use crate::cli::error::CliError;
use crate::cli::render::for_scripts;
use crate::cli::signals::Signals;
use crate::cli::terminal;
use crate::flow::{Checks, FlowError, UpDone, UpRequest, up};
use crate::kinds;
use crate::model::{ServiceName, Stack};
use crate::plan::{Adopt, Recreate};
use crate::report::{Stopwatch, Table, Timings, chart, count, dry_run, endpoints, millis, seconds};

pub(super) async fn run(context: &Context<'_>, args: &Up) -> Result<Exit, CliError> {
    let ready = context.ready(&args.services)?;
    let (signals, stop) = Signals::listen();
    let stopwatch = args.timings.then(|| Stopwatch::new(context.output.began));
    let mut observer = context.output.observer("devinfra up");
    if let Some(stopwatch) = &stopwatch {
        observer.add(stopwatch.clone());
    }
    let session = context.session(&ready, &observer, &stop, "devinfra up");
    let request = request(args);
    let told = |error: FlowError| CliError::flow(&error, &ready.stack, signals.exit());
    if args.dry_run {
        let (plan, _) = request.plan(&session).await.map_err(told)?;
        if context.output.json {
            let steps: Vec<String> = plan.changes().map(ToString::to_string).collect();
            context
                .output
                .answer_json(&json!({"schema": 1, "event": "plan", "steps": steps}));
        } else {
            context.output.answer(dry_run(&plan));
        }
        return Ok(Exit::Done);
    }
    let result = up(&session, &request).await;
    drop(observer);
    let timings = stopwatch.as_ref().map(Stopwatch::timings);
    let timings = timings.as_ref();
    let exit = match result {
        Ok(done) => answer(context, &ready.stack, &done, timings),
        Err(error) => {
            let nothing = Outcome::default();
            let outcome = match &error {
                FlowError::Failed { outcome, .. } => outcome,
                _ => &nothing,
            };
            let told = CliError::flow(&error, &ready.stack, signals.exit());
            if context.output.json {
                let stack = &ready.stack;
                let result = result_json(context, stack, outcome, &Checked::new(), Some(&told));
                answer_result(context, result, timings);
            }
            Err(told)
        }
    };
    if let Some(timings) = timings.filter(|_| !context.output.json) {
        let width = usize::from(terminal::columns());
        context.output.say(chart(timings, width).trim_end());
    }
    exit
}

fn request(args: &Up) -> UpRequest {
    UpRequest {
        services: args.services.clone(),
        without: args.without.clone(),
        recreate: if args.recreate {
            Recreate::All
        } else {
            Recreate::Changed
        },
        pull: args.pull.map(Into::into),
        adopt: if args.adopt { Adopt::Yes } else { Adopt::No },
        wait_timeout: args.wait_timeout,
        checks: if args.no_check {
            Checks::Skip
        } else {
            Checks::Run
        },
    }
}

/// Tells what is up. A cache that fails a check fails the command, unless the stack can do without
/// it.
fn answer(
    context: &Context<'_>,
    stack: &Stack,
    done: &UpDone,
    timings: Option<&Timings>,
) -> Result<Exit, CliError> {
    let outcome = &done.outcome;
    for (service, error) in &outcome.degraded {
        context.output.warn(format_args!(
            "going on without `{service}`: {error}; `devinfra logs {service}` has its last words"
        ));
    }
    tell_checks(context, &done.checks);
    let failed = failed_check(stack, &done.checks);
    if context.output.json {
        let error = failed.as_ref();
        let result = result_json(context, stack, outcome, &done.checks, error);
        answer_result(context, result, timings);
    } else {
        tell_endpoints(context, stack, done);
    }
    failed.map_or(Ok(Exit::Done), Err)
}

fn tell_endpoints(context: &Context<'_>, stack: &Stack, done: &UpDone) {
    let outcome = &done.outcome;
    let elapsed = seconds(context.output.began.elapsed());
    let services = count(outcome.ready.len(), "service");
    context.output.say(if done.plan.is_empty() {
        format!("nothing to do: {services} usable, asked in {elapsed}")
    } else {
        format!(
            "stack `{}` is up: {services} usable in {elapsed}",
            stack.name
        )
    });
    let mut table = Table::new(&["SERVICE", "ENDPOINT"]);
    for (name, ready) in &outcome.ready {
        let kind = stack.services.get(name).map(|service| &service.kind);
        for port in &ready.ports {
            let url = kind
                .filter(|kind| kind.port() == Some(port.target))
                .and_then(|kind| kinds::url(kind, port.host_ip, port.published));
            let plain = || format!("{}:{} -> {}", port.host_ip, port.published, port.target);
            table.row([name.to_string(), url.unwrap_or_else(plain)]);
        }
    }
    context.output.answer(table);
}

fn answer_result(context: &Context<'_>, mut result: Value, timings: Option<&Timings>) {
    if let (Some(timings), Some(result)) = (timings, result.as_object_mut()) {
        result.insert("timings".to_owned(), timings.as_json());
    }
    context.output.answer_json(&result);
}

fn result_json(
    context: &Context<'_>,
    stack: &Stack,
    outcome: &Outcome,
    checks: &Checked,
    error: Option<&CliError>,
) -> Value {
    let services: Vec<Value> = outcome
        .ready
        .iter()
        .map(|(name, ready)| {
            json!({
                "name": name.as_str(),
                "state": "running",
                "ready_ms": millis(ready.elapsed),
                "endpoints": endpoints(stack.services.get(name), &ready.ports),
            })
        })
        .collect();
    let lost = outcome.degraded.keys().chain(unsound(stack, checks));
    let degraded: BTreeSet<&str> = lost.map(ServiceName::as_str).collect();
    json!({
        "schema": 1,
        "event": "result",
        "ok": error.is_none(),
        "stack": stack.name.as_str(),
        "elapsed_ms": millis(context.output.began.elapsed()),
        "services": services,
        "degraded": degraded,
        "cache": checks_json(checks),
        "error": error.map(for_scripts),
    })
}
