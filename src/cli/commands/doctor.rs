//! `devinfra doctor`.

use super::Context;
use crate::apply::Stop;
use crate::cache::{Finding, Status, is_ok};
use crate::cli::Exit;
use crate::cli::error::CliError;
use crate::engine::{Docker, EngineError};
use crate::event::Silent;
use crate::flow::{examine_engine, examine_machine, examine_stack};
use crate::report::{Findings, checkup_json, count, list};
use crate::stack_file::Loaded;

pub(super) async fn run(context: &Context<'_>) -> Result<Exit, CliError> {
    let found = examine(context).await;
    if context.output.json {
        context.output.answer_json(&checkup_json(&found));
    } else {
        context.output.answer(Findings(&found));
    }
    Ok(if is_ok(&found) {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// Looks at everything that can be looked at, whatever else fails.
pub(super) async fn examine(context: &Context<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let loaded = match context.read(&[]) {
        Ok(loaded) => {
            found.extend(files(&loaded));
            Some(loaded)
        }
        Err(error) => {
            found.push(failed("stack-file", &error));
            None
        }
    };
    let connected = context.engine();
    let (_stopper, stop) = Stop::new();
    match (connected, loaded) {
        (Ok(engine), Some(loaded)) => {
            let ready = context.with_stack(loaded.stack, engine);
            let session = context.session(&ready, &Silent, &stop, "devinfra doctor");
            let asked = async {
                let engine = examine_engine(session.engine).await?;
                Ok::<_, EngineError>((engine, examine_stack(&session).await?))
            };
            match asked.await {
                Ok((engine, stack)) => {
                    found.push(engine);
                    found.extend(stack);
                }
                Err(error) => {
                    found.push(failed("engine", &CliError::engine(&error)));
                    found.extend(examine_machine(&ready.stack));
                }
            }
        }
        (Ok(engine), None) => found.push(ask(&engine).await),
        (Err(error), loaded) => {
            found.push(failed("engine", &error));
            found.extend(
                loaded
                    .iter()
                    .flat_map(|loaded| examine_machine(&loaded.stack)),
            );
        }
    }
    context.output.given.repeated_in_findings(found)
}

async fn ask(engine: &Docker) -> Finding {
    let asked = examine_engine(engine).await;
    asked.unwrap_or_else(|error| failed("engine", &CliError::engine(&error)))
}

fn files(loaded: &Loaded) -> Vec<Finding> {
    let services = count(loaded.stack.services.len(), "service");
    let told = format!(
        "stack `{}` with {services}, from {}",
        loaded.stack.name,
        list(&loaded.stack.files)
    );
    let mut found = vec![Finding::new("stack-file", Status::Pass, told)];
    found.extend(
        loaded
            .warnings
            .iter()
            .map(|warning| Finding::new("stack-file", Status::Warn, warning.to_string())),
    );
    let files = loaded.env_files.iter().map(|path| path.display());
    found.push(if loaded.env_files.is_empty() {
        let told = "there is none: values come from the environment and from defaults";
        Finding::new("env-files", Status::Pass, told.to_owned())
    } else {
        Finding::new(
            "env-files",
            Status::Pass,
            format!("read from {}", list(files)),
        )
    });
    found
}

/// A failure as a finding: what, why, and what to do first.
fn failed(check: &'static str, error: &CliError) -> Finding {
    let mut told = error.message.clone();
    for (number, cause) in error.causes.iter().enumerate() {
        // Causes lie behind each other, problems of a stack file beside each other.
        let is_beside = number > 0 && !error.problems.is_empty();
        told.push_str(if is_beside { "; " } else { ": " });
        told.push_str(cause);
    }
    Finding {
        hint: error.hints.first().cloned(),
        ..Finding::new(check, Status::Fail, told)
    }
}
