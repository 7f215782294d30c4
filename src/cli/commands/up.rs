//! `devinfra up`.

use std::collections::BTreeSet;
use std::mem::take;
use std::time::Duration;

use serde_json::{Value, json};

use super::Context;
use super::checks::{Checked, checks_json, failed_check, tell_checks, unsound};
use super::planned::plan_json;
use super::services::Services;
use crate::apply::Outcome;
use crate::cli::Exit;
use crate::cli::args::Up;
use crate::cli::error::CliError;
use crate::cli::signals::Signals;
use crate::cli::terminal;
use crate::flow::{Checks, FlowError, UpDone, UpRequest, by_service, standing, up};
use crate::kinds;
use crate::model::{Moment, Observed, ServiceName, Stack};
use crate::plan::{Adopt, Plan, Recreate};
use crate::report::{Stopwatch, Table, Timings, chart, count, dry_run, list, note, seconds};

pub(super) async fn run(context: &Context<'_>, args: &Up) -> Result<Exit, CliError> {
    let request = request(args);
    let ready = context.ready_if(&args.services, |stack| request.selection(stack).map(drop))?;
    let (signals, stop) = Signals::listen(context.output);
    let stopwatch = args.timings.then(|| Stopwatch::new(context.output.began));
    let mut observer = context.output.observer("devinfra up");
    if let Some(stopwatch) = &stopwatch {
        observer.add(stopwatch.clone());
    }
    let session = context.session(&ready, &observer, &stop, "devinfra up");
    let told = |error: FlowError| CliError::flow(&error, &ready.stack, signals.exit());
    let names = request.selection(&ready.stack).map_err(told)?;
    if args.dry_run {
        let planned = request.plan(&session).await.map_err(told)?;
        dry(context, &ready.stack, &names, &request, &planned);
        return Ok(Exit::Done);
    }
    let result = up(&session, &request).await;
    let standing = if context.output.json || result.is_err() {
        standing(&session, &result).await
    } else {
        None
    };
    drop(observer);
    context.output.is_about(&ready.stack);
    let timings = stopwatch.as_ref().map(Stopwatch::timings);
    let timings = timings.as_ref();
    let services = |outcome| Services {
        stack: &ready.stack,
        names: &names,
        outcome,
        standing: standing.as_ref(),
    };
    let exit = match result {
        Ok(mut done) => {
            for findings in done.checks.values_mut() {
                *findings = context.output.given.repeated_in_findings(take(findings));
            }
            answer(context, services(&done.outcome), &done, timings)
        }
        Err(error) => {
            let nothing = Outcome::default();
            let services = services(match &error {
                FlowError::Failed { outcome, .. } => outcome,
                _ => &nothing,
            });
            let told = CliError::flow(&error, &ready.stack, signals.exit());
            if context.output.json {
                let result = result_json(context, services, &Checked::new(), Some(&told));
                answer_result(context, result, timings);
            } else if let Some(line) = services.not_up(&error) {
                context.output.say(line);
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

/// Tells what would be done.
fn dry(
    context: &Context<'_>,
    stack: &Stack,
    names: &BTreeSet<ServiceName>,
    request: &UpRequest,
    (plan, observed): &(Plan, Observed),
) {
    if context.output.json {
        context.output.answer_json(&plan_json(plan));
        let services = Services {
            stack,
            names,
            outcome: &Outcome::default(),
            standing: Some(&by_service(&observed.containers)),
        };
        let result = result_json(context, services, &Checked::new(), None);
        context.output.answer_json(&result);
        return;
    }
    for noted in plan.notes() {
        context.output.say(format_args!("note: {}", note(noted)));
    }
    let hooks = &stack.hooks.after_up;
    let hooks = if request.services.is_empty() {
        hooks.as_slice()
    } else {
        &[]
    };
    context.output.answer(dry_run(plan, Moment::AfterUp, hooks));
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
    services: Services<'_>,
    done: &UpDone,
    timings: Option<&Timings>,
) -> Result<Exit, CliError> {
    let (stack, outcome) = (services.stack, services.outcome);
    for error in &degraded(stack, outcome) {
        context.output.warn_of(error);
    }
    tell_checks(context, &done.checks);
    let failed = failed_check(stack, &done.checks);
    if context.output.json {
        let error = failed.as_ref();
        let result = result_json(context, services, &done.checks, error);
        answer_result(context, result, timings);
    } else {
        let elapsed = context.output.began.elapsed();
        context.output.say(headline(stack, done, elapsed));
        context.output.answer(endpoint_table(stack, outcome));
    }
    failed.map_or(Ok(Exit::Done), Err)
}

/// Why the stack has to do without some services.
fn degraded(stack: &Stack, outcome: &Outcome) -> Vec<CliError> {
    let degraded = outcome.degraded.iter();
    degraded
        .map(|(service, error)| CliError::degraded(service, error, stack))
        .collect()
}

/// What is up, in one line: the stack, or those of its services that were asked for.
fn headline(stack: &Stack, done: &UpDone, elapsed: Duration) -> String {
    let ready = &done.outcome.ready;
    let elapsed = seconds(elapsed);
    let services = count(ready.len(), "service");
    let (name, names) = (&stack.name, list(ready.keys()));
    let is_part = done.services.len() < stack.services.len() && !ready.is_empty();
    match (done.plan.is_empty(), done.hooks) {
        (true, 0) if is_part => format!("nothing to do: {names} usable, asked in {elapsed}"),
        (true, 0) => format!("nothing to do: {services} usable, asked in {elapsed}"),
        (true, hooks) => {
            let hooks = count(hooks, "hook");
            format!("nothing to do but {hooks}: {services} usable in {elapsed}")
        }
        (false, _) if is_part => {
            format!("stack `{name}` is up in part: {names} usable in {elapsed}")
        }
        (false, _) => format!("stack `{name}` is up: {services} usable in {elapsed}"),
    }
}

fn endpoint_table(stack: &Stack, outcome: &Outcome) -> Table {
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
    table
}

fn answer_result(context: &Context<'_>, mut result: Value, timings: Option<&Timings>) {
    if let (Some(timings), Some(result)) = (timings, result.as_object_mut()) {
        result.insert("timings".to_owned(), timings.as_json());
    }
    context.output.answer_json(&result);
}

fn result_json(
    context: &Context<'_>,
    services: Services<'_>,
    checks: &Checked,
    error: Option<&CliError>,
) -> Value {
    let (stack, outcome) = (services.stack, services.outcome);
    let lost = outcome.degraded.keys().chain(unsound(stack, checks));
    let warnings = degraded(stack, outcome);
    let warnings: Vec<Value> = warnings
        .iter()
        .map(|error| context.output.told(error))
        .collect();
    let degraded: BTreeSet<&str> = lost.map(ServiceName::as_str).collect();
    let of_its_own = json!({
        "services": services.as_json(),
        "degraded": degraded,
        "warnings": warnings,
        "cache": checks_json(checks),
    });
    context.output.result(stack, of_its_own, error)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::apply::ReadyService;
    use crate::model::{ContainerId, ContainerSpec, ImageRef, Service, StackName};

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    fn stack() -> Stack {
        let service = |text: &str| {
            let spec = ContainerSpec::new(text, ImageRef::parse("i").unwrap());
            (name(text), Service::new(name(text), spec))
        };
        Stack {
            services: ["app", "cache", "db"].map(service).into(),
            ..Stack::new(StackName::new("hub").unwrap(), "/project")
        }
    }

    /// The headline of a run in which these services became usable.
    fn said(plan: Plan, hooks: usize, ready: &[&str]) -> String {
        let services: BTreeSet<ServiceName> = ready.iter().map(|text| name(text)).collect();
        let ready = services.iter().map(|name| {
            let ready = ReadyService {
                elapsed: Duration::ZERO,
                container: ContainerId("1".to_owned()),
                ports: Vec::new(),
            };
            (name.clone(), ready)
        });
        let outcome = Outcome {
            ready: ready.collect(),
            ..Outcome::default()
        };
        let done = UpDone {
            services,
            plan,
            outcome,
            checks: BTreeMap::new(),
            hooks,
            unchanged: None,
        };
        headline(&stack(), &done, Duration::from_millis(40))
    }

    #[test]
    fn a_part_of_the_stack_is_not_called_the_stack() {
        let stack = stack();
        let all = stack.services.keys().cloned().collect();
        let some = || Plan::pulling(&stack, &all);
        assert_eq!(
            said(some(), 1, &["app", "cache", "db"]),
            "stack `hub` is up: 3 services usable in 40 ms"
        );
        assert_eq!(
            said(some(), 0, &["cache", "db"]),
            "stack `hub` is up in part: `cache` and `db` usable in 40 ms"
        );
    }

    #[test]
    fn hooks_that_ran_are_something() {
        let all = ["app", "cache", "db"];
        assert_eq!(
            said(Plan::default(), 0, &all),
            "nothing to do: 3 services usable, asked in 40 ms"
        );
        assert_eq!(
            said(Plan::default(), 0, &["db"]),
            "nothing to do: `db` usable, asked in 40 ms"
        );
        assert_eq!(
            said(Plan::default(), 1, &all),
            "nothing to do but 1 hook: 3 services usable in 40 ms"
        );
    }
}
