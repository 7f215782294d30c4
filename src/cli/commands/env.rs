//! `devinfra env`.

use serde_json::json;

use super::Context;
use crate::apply::Stop;
use crate::cli::Exit;
use crate::cli::args::data::{Env, Format};
use crate::cli::error::CliError;
use crate::cli::variables;
use crate::event::Silent;
use crate::flow;

pub(super) async fn run(context: &Context<'_>, args: &Env) -> Result<Exit, CliError> {
    let ready = context.ready(&args.services)?;
    context.warn_if_remote(&ready);
    let (_stopper, stop) = Stop::new();
    let session = context.session(&ready, &Silent, &stop, "devinfra env");
    let found = flow::variables(&session, &args.services, args.names.names())
        .await
        .map_err(|error| CliError::flow(&error, &ready.stack, Exit::Interrupted))?;
    let format = if context.output.json {
        Format::Json
    } else {
        args.format
    };
    match format {
        Format::Shell => context.output.answer_plain(variables::shell(&found.values)),
        Format::Dotenv => context
            .output
            .answer_plain(variables::dotenv(&found.values)),
        Format::Json => {
            context.output.answer_json_with_secrets(&json!({
                "schema": 1,
                "stack": ready.stack.name.as_str(),
                "variables": variables::json(&found.values),
            }));
        }
        Format::Github => {
            // Standard output is a file then; the runner reads its commands from either stream.
            context
                .output
                .command(variables::github_masks(&found.secrets));
            context
                .output
                .answer_plain(variables::github(&found.values));
        }
    }
    Ok(Exit::Done)
}
