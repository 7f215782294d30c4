//! `devinfra down`.

use std::time::Duration;

use serde_json::{Value, json};

use super::Context;
use super::context::Begun;
use super::planned::plan_json;
use crate::apply::Left;
use crate::cli::Exit;
use crate::cli::args::Down;
use crate::cli::error::CliError;
use crate::engine::Engine as _;
use crate::flow::{Brought, DownRequest, FlowError, down};
use crate::model::{FoundStack, Moment, Stack, StackName};
use crate::plan::Adopt;
use crate::report::{count, dry_run, list, note, seconds};

const COMMAND: &str = "devinfra down";
/// How long another run may take to end.
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) async fn run(context: &Context<'_>, args: &Down) -> Result<Exit, CliError> {
    let begun = match context.begin(COMMAND, &args.services) {
        Err(told) => of_gone_directory(context, told).await,
        begun => begun,
    };
    let mut begun = begun?;
    let session = begun.session(context);
    let request = DownRequest {
        services: args.services.clone(),
        timeout: args.timeout,
        adopt: if args.adopt { Adopt::Yes } else { Adopt::No },
        wait_timeout: PATIENCE,
    };
    if args.dry_run {
        let planned = request.plan(&session).await;
        let (plan, _) = planned.map_err(|error| begun.failed(&error))?;
        if context.output.json {
            context.output.answer_json(&plan_json(&plan));
            let (brought, left) = (Brought::default(), Left::default());
            let result = result_json(context, &begun.ready.stack, &brought, &left, None);
            context.output.answer_json(&result);
            return Ok(Exit::Done);
        }
        // Hooks are for a whole stack that is up.
        let hooks = &begun.ready.stack.hooks.before_down;
        let has_hooks = args.services.is_empty() && !plan.is_empty();
        let hooks = if has_hooks { hooks.as_slice() } else { &[] };
        for noted in plan.notes() {
            context.output.say(format_args!("note: {}", note(noted)));
        }
        let shown = dry_run(&plan, Moment::BeforeDown, hooks);
        context.output.answer(shown);
        return Ok(Exit::Done);
    }
    let result = down(&session, &request).await;
    begun.end();
    let stack = &begun.ready.stack;
    match result {
        Ok(brought) => {
            answer(context, stack, args, &brought);
            Ok(Exit::Done)
        }
        Err(error) => {
            let nothing = Left::default();
            let left = match &error {
                FlowError::Left { left, .. } => left,
                _ => &nothing,
            };
            let told = begun.failed(&error);
            if context.output.json {
                let brought = Brought::default();
                let result = result_json(context, stack, &brought, left, Some(&told));
                context.output.answer_json(&result);
            }
            Err(told)
        }
    }
}

/// What the engine has of the stack of a project directory that is gone, with its stack file; `told`
/// where there is no such stack.
async fn of_gone_directory(context: &Context<'_>, told: CliError) -> Result<Begun, CliError> {
    let Some(directory) = context.gone_directory() else {
        return Err(told);
    };
    let engine = context.engine()?;
    let Ok(stacks) = engine.stacks().await else {
        return Err(told);
    };
    let wanted = context.settings.stack_name(context.global)?;
    let is_wanted = |stack: &FoundStack| {
        stack.directory == directory && wanted.as_ref().is_none_or(|name| *name == stack.name)
    };
    let mut stacks = stacks.into_iter().filter(is_wanted);
    let Some(found) = stacks.next() else {
        return Err(told);
    };
    let others: Vec<StackName> = stacks.map(|stack| stack.name).collect();
    if !others.is_empty() {
        let names = list([found.name].iter().chain(&others));
        return Err(told.hint(format!(
            "say with `--name` which of its stacks is meant: {names}"
        )));
    }
    let stack = found.without_file();
    context.output.is_about(&stack);
    context.output.say(format_args!(
        "`{}` is gone: what is left of stack `{}` is taken down",
        directory.display(),
        stack.name
    ));
    Ok(context.begin_with(COMMAND, context.with_stack(stack, engine)))
}

fn answer(context: &Context<'_>, stack: &Stack, args: &Down, brought: &Brought) {
    if context.output.json {
        let result = result_json(context, stack, brought, &Left::default(), None);
        context.output.answer_json(&result);
        return;
    }
    let elapsed = seconds(context.output.began.elapsed());
    context.output.say(if brought.is_nothing() {
        format!("nothing to do: nothing of stack `{}` exists", stack.name)
    } else {
        // What is in a volume without a name goes with its container, and is not kept.
        let (volumes, kept) = match brought.volumes {
            // What was in a directory that is gone went with it.
            0 if stack.files.is_empty() => (String::new(), ""),
            0 => (String::new(), ", data kept"),
            some => (
                format!(", {} with its data", count(some, "anonymous volume")),
                "",
            ),
        };
        let containers = count(brought.containers, "container");
        if args.services.is_empty() {
            let networks = count(brought.networks, "network");
            format!(
                "stack `{}` is down: {containers}, {networks}{volumes} removed in {elapsed}{kept}",
                stack.name,
            )
        } else {
            let services = list(&args.services);
            format!("{services} down: {containers}{volumes} removed in {elapsed}{kept}")
        }
    });
}

fn result_json(
    context: &Context<'_>,
    stack: &Stack,
    brought: &Brought,
    left: &Left,
    error: Option<&CliError>,
) -> Value {
    let of = |kind: &str, names: &[String]| -> Vec<Value> {
        names
            .iter()
            .map(|name| json!({"kind": kind, "name": name}))
            .collect()
    };
    let mut all = of("container", &left.containers);
    all.extend(of("network", &left.networks));
    all.extend(of("volume", &left.volumes));
    let of_its_own = json!({
        "removed": {
            "containers": brought.containers,
            "networks": brought.networks,
            "volumes": brought.volumes,
        },
        "left": all,
    });
    context.output.result(stack, of_its_own, error)
}
