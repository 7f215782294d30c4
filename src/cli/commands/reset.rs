//! `devinfra reset`.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::Context;
use crate::apply::Stop;
use crate::cli::Exit;
use crate::cli::args::data::Reset;
use crate::cli::error::CliError;
use crate::flow::{Counting, FlowError, Loss, PreparedReset, ResetDone, ResetRequest};
use crate::kinds::Amount;
use crate::model::{ByteSize, Moment, ServiceName, Stack};
use crate::plan::Depth;
use crate::report::{Table, count, dry_run, list, note, seconds};

/// How long a service may take to become usable, and another run to end.
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) async fn run(context: &Context<'_>, args: &Reset) -> Result<Exit, CliError> {
    if !args.yes && !args.dry_run && !io::stdin().is_terminal() {
        return Err(CliError::needs_yes());
    }
    let mut begun = context.begin("devinfra reset", &args.services)?;
    let session = begun.session(context);
    let request = ResetRequest {
        services: args.services.clone(),
        depth: if args.hard {
            Depth::Hard
        } else {
            Depth::InPlace
        },
        wait_timeout: PATIENCE,
        counting: if args.yes && !args.dry_run {
            Counting::Rest
        } else {
            Counting::All
        },
    };
    let done = async {
        let prepared = request.prepare(&session).await?;
        if args.dry_run {
            show(
                context,
                &prepared,
                &begun.ready.stack.hooks.after_reset,
                args.hard,
            );
            return Ok(Outcome::Shown);
        }
        if !args.yes {
            context.output.say(losses(&prepared.losses, args.hard));
            match ask(context, &begun.ready.stack, &begun.stop).await {
                Answer::Yes => {}
                Answer::No => return Ok(Outcome::Declined),
                Answer::Interrupted => return Ok(Outcome::Interrupted),
            }
        }
        let done = prepared.carry_out(&session, &request).await;
        done.map(|done| Outcome::Wiped(Box::new(done)))
    };
    let done: Result<Outcome, FlowError> = done.await;
    begun.end();
    let stack = &begun.ready.stack;
    match done {
        Ok(Outcome::Wiped(done)) => {
            answer(context, stack, args, &done);
            Ok(Exit::Done)
        }
        Ok(Outcome::Shown) => Ok(nothing_done(context, stack)),
        Ok(Outcome::Declined) => nothing_wiped(context, stack, CliError::declined()),
        Ok(Outcome::Interrupted) => {
            nothing_wiped(context, stack, begun.failed(&FlowError::Interrupted))
        }
        Err(error) => Err(failed(context, stack, begun.failed(&error))),
    }
}

/// What a run has come to.
enum Outcome {
    /// What would be done was shown.
    Shown,
    Wiped(Box<ResetDone>),
    /// The question was answered with no.
    Declined,
    /// The question was answered with Ctrl-C.
    Interrupted,
}

/// The end of a run that somebody has called off. It is no failure to people, and one to scripts,
/// which are owed a result.
fn nothing_wiped(context: &Context<'_>, stack: &Stack, told: CliError) -> Result<Exit, CliError> {
    if context.output.json {
        return Err(failed(context, stack, told));
    }
    context.output.say("nothing was wiped");
    Ok(told.exit)
}

/// Tells scripts of a failure.
fn failed(context: &Context<'_>, stack: &Stack, told: CliError) -> CliError {
    if context.output.json {
        let done = ResetDone::default();
        let result = result_json(context, stack, &done, Some(&told));
        context.output.answer_json(&result);
    }
    told
}

/// The end of a dry run.
fn nothing_done(context: &Context<'_>, stack: &Stack) -> Exit {
    if context.output.json {
        let result = result_json(context, stack, &ResetDone::default(), None);
        context.output.answer_json(&result);
    }
    Exit::Done
}

/// What is said to the question whether to go on.
enum Answer {
    Yes,
    No,
    Interrupted,
}

/// Asks, and waits for an answer or for Ctrl-C. Anything but yes is no.
async fn ask(context: &Context<'_>, stack: &Stack, stop: &Stop) -> Answer {
    let question = format!("Wipe all of this of `{}`? [y/N] ", stack.name);
    context.output.ask(question);
    let read = spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).ok(); // no answer is a no
        line
    });
    let line = tokio::select! {
        read = read => Some(read.unwrap_or_default()),
        () = stop.asked() => None,
    };
    let has_ended = line.as_ref().is_some_and(|line| line.ends_with('\n'));
    if !has_ended {
        context.output.ask("\n"); // behind the question
    }
    match line {
        None => Answer::Interrupted,
        Some(line) if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") => Answer::Yes,
        Some(_) => Answer::No,
    }
}

fn show(context: &Context<'_>, prepared: &PreparedReset, hooks: &[Vec<String>], hard: bool) {
    if context.output.json {
        let steps: Vec<String> = prepared.plan.changes().map(ToString::to_string).collect();
        let losses: Vec<Value> = prepared.losses.iter().flat_map(loss_json).collect();
        let notes: Vec<String> = prepared.plan.notes().iter().map(note).collect();
        context.output.answer_json(&json!({
            "schema": 1,
            "event": "plan",
            "steps": steps,
            "losses": losses,
            "notes": notes,
        }));
    } else {
        if !prepared.losses.is_empty() {
            context.output.answer(losses(&prepared.losses, hard));
        }
        for noted in prepared.plan.notes() {
            context.output.say(format_args!("note: {}", note(noted)));
        }
        let steps = dry_run(&prepared.plan, Moment::AfterReset, hooks);
        context.output.answer(steps);
    }
}

fn losses(losses: &[Loss], hard: bool) -> Table {
    let mut table = Table::new(&["SERVICE", "WILL LOSE", "IN"]);
    for loss in losses {
        let mut parts: Vec<String> = match &loss.amounts {
            Some(amounts) => told(amounts),
            None => vec!["all its data (not running, so not counted)".to_owned()],
        };
        parts.extend(loss.files.iter().map(|file| file.display().to_string()));
        if hard && loss.amounts.is_some() && !loss.places.is_empty() {
            // What a server counts is not all that may be there.
            parts.push("whatever is in it".to_owned());
        }
        if parts.is_empty() {
            parts.push("nothing: it is empty".to_owned());
        }
        table.row([
            loss.service.to_string(),
            parts.join(", "),
            loss.places.join(", "),
        ]);
    }
    table
}

/// "20 tables (8 MiB)"; what there is nothing of is not told.
fn told(amounts: &[Amount]) -> Vec<String> {
    let some = amounts.iter().filter(|amount| amount.count > 0);
    let told = some.map(|amount| {
        let number = usize::try_from(amount.count).unwrap_or(usize::MAX);
        let counted = if amount.what == "repository" && number != 1 {
            format!("{number} repositories")
        } else {
            count(number, amount.what)
        };
        match amount.bytes {
            Some(bytes) => format!("{counted} ({})", ByteSize(bytes)),
            None => counted,
        }
    });
    told.collect()
}

fn answer(context: &Context<'_>, stack: &Stack, args: &Reset, done: &ResetDone) {
    if context.output.json {
        context
            .output
            .answer_json(&result_json(context, stack, done, None));
        return;
    }
    let elapsed = seconds(context.output.began.elapsed());
    let parts: Vec<String> = done
        .wiped
        .values()
        .flat_map(|amounts| told(amounts))
        .collect();
    let what = match (args.hard, parts.is_empty()) {
        (true, true) => "deleted all that was in its data directories and volumes".to_owned(),
        (false, true) => "there was nothing to wipe".to_owned(),
        (_, false) => format!("wiped {}", parts.join(", ")),
    };
    let whole = format!("stack `{}` is", stack.name);
    let which = if args.services.is_empty() {
        whole
    } else {
        format!("{}:", list(done.wiped.keys()))
    };
    context
        .output
        .say(format!("{which} empty and usable after {elapsed}: {what}"));
}

fn loss_json(loss: &Loss) -> Vec<Value> {
    let Some(amounts) = &loss.amounts else {
        return vec![uncounted(&loss.service)];
    };
    let amounts = amounts.iter();
    amounts
        .map(|amount| amount_json(loss.service.as_str(), amount))
        .collect()
}

/// All that a service has, where it did not run and nobody has counted it.
fn uncounted(service: &ServiceName) -> Value {
    json!({"service": service.as_str(), "what": "data", "count": null, "bytes": null})
}

fn amount_json(service: &str, amount: &Amount) -> Value {
    json!({"service": service, "what": amount.what, "count": amount.count, "bytes": amount.bytes})
}

fn result_json(
    context: &Context<'_>,
    stack: &Stack,
    done: &ResetDone,
    error: Option<&CliError>,
) -> Value {
    let wiped = done.wiped.iter();
    let wiped: Vec<Value> = wiped
        .flat_map(|(name, amounts)| {
            if amounts.is_empty() {
                return vec![uncounted(name)];
            }
            let amounts = amounts.iter();
            amounts
                .map(|amount| amount_json(name.as_str(), amount))
                .collect()
        })
        .collect();
    let of_its_own = json!({
        "wiped": wiped,
    });
    context.output.result(stack, of_its_own, error)
}
