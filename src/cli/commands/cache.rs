//! `devinfra cache`.

use super::Context;
use crate::cache::is_ok;
use crate::cli::Exit;
use crate::cli::args::{Cache as Args, CacheCheck};
use crate::cli::error::CliError;
use crate::cli::signals::Signals;
use crate::event::Silent;
use crate::flow::{Cache, FlowError, check_cache};
use crate::report::{Findings, findings_json};

pub(super) async fn run(context: &Context<'_>, args: &Args) -> Result<Exit, CliError> {
    match args {
        Args::Check(args) => check(context, args).await,
    }
}

async fn check(context: &Context<'_>, args: &CacheCheck) -> Result<Exit, CliError> {
    let named: Vec<_> = args.service.iter().cloned().collect();
    let ready = context.ready(&named)?;
    let (signals, stop) = Signals::listen();
    let told = |error: FlowError| CliError::flow(&error, &ready.stack, signals.exit());
    let cache = Cache::choose(&ready.stack, args.service.as_ref()).map_err(told)?;
    let session = context.session(&ready, &Silent, &stop, "devinfra cache check");
    let findings = check_cache(&session, cache).await.map_err(told)?;
    if context.output.json {
        let service = cache.service.name.as_str();
        context
            .output
            .answer_json(&findings_json(service, &findings));
    } else {
        context.output.answer(Findings(&findings));
    }
    Ok(if is_ok(&findings) {
        Exit::Done
    } else {
        Exit::Cache
    })
}
