//! `devinfra cache`.

use serde_json::{Value, json};

use super::Context;
use super::context::Ready;
use crate::apply::Stop;
use crate::cache::{Bootstrapped, Census, PrefixCount, is_ok};
use crate::cli::Exit;
use crate::cli::args::{Cache as Args, CacheBootstrap, CacheCheck};
use crate::cli::error::CliError;
use crate::cli::signals::Signals;
use crate::event::Silent;
use crate::flow::{Cache, FlowError, Look, Session, bootstrap_cache, check_cache, count_cache};
use crate::model::ServiceName;
use crate::report::{Findings, census_table, count, findings_json, millis, seconds};

pub(super) async fn run(context: &Context<'_>, args: &Args) -> Result<Exit, CliError> {
    match args {
        Args::Check(args) => check(context, args).await,
        Args::Bootstrap(args) => bootstrap(context, args).await,
    }
}

async fn check(context: &Context<'_>, args: &CacheCheck) -> Result<Exit, CliError> {
    let asked = Asked::new(context, args.service.as_ref())?;
    let cache = asked.cache()?;
    let session = asked.session(context, "devinfra cache check");
    let found = check_cache(&session, cache, Look::Inside).await;
    let findings = found.map_err(|error| asked.told(&error))?;
    if context.output.json {
        let service = cache.service.name.as_str();
        let document = findings_json(service, &findings);
        context.output.answer_json(&document);
    } else {
        context.output.answer(Findings(&findings));
    }
    Ok(if is_ok(&findings) {
        Exit::Done
    } else {
        Exit::Cache
    })
}

async fn bootstrap(context: &Context<'_>, args: &CacheBootstrap) -> Result<Exit, CliError> {
    let asked = Asked::new(context, args.service.as_ref())?;
    let cache = asked.cache()?;
    let session = asked.session(context, "devinfra cache bootstrap");
    let service = cache.service.name.as_str();
    if args.dry_run {
        let counted = count_cache(&session, cache).await;
        let census = counted.map_err(|error| asked.told(&error))?;
        if context.output.json {
            context.output.answer_json(&census_json(service, &census));
        } else {
            context.output.answer(census_table(&census));
        }
    } else {
        let done = bootstrap_cache(&session, cache).await;
        let done = done.map_err(|error| asked.told(&error))?;
        if context.output.json {
            context.output.answer_json(&done_json(service, &done));
        } else {
            context.output.answer(format_args!("{}\n", in_words(&done)));
        }
    }
    Ok(Exit::Done)
}

fn in_words(done: &Bootstrapped) -> String {
    match done {
        Bootstrapped::Current => {
            "nothing to do: flushed for this run of the server already".to_owned()
        }
        Bootstrapped::Flushed { keys, elapsed } => {
            format!("flushed {} in {}", count(*keys, "key"), seconds(*elapsed))
        }
        Bootstrapped::ByAnother { waited } => {
            format!("flushed by another worker, waited for {}", seconds(*waited))
        }
    }
}

fn done_json(service: &str, done: &Bootstrapped) -> Value {
    let (outcome, keys, elapsed) = match done {
        Bootstrapped::Current => ("current", Value::Null, Value::Null),
        Bootstrapped::Flushed { keys, elapsed } => ("flushed", json!(keys), millis(*elapsed)),
        Bootstrapped::ByAnother { waited } => ("by-another", Value::Null, millis(*waited)),
    };
    json!({
        "schema": 1,
        "service": service,
        "outcome": outcome,
        "keys": keys,
        "elapsed_ms": elapsed,
    })
}

fn census_json(service: &str, census: &Census) -> Value {
    let counts = |all: &[PrefixCount]| -> Value {
        let each = all.iter();
        each.map(|one| json!({"prefix": one.prefix, "keys": one.keys}))
            .collect()
    };
    json!({
        "schema": 1,
        "service": service,
        "current": census.is_current,
        "flushed": counts(&census.flushed),
        "kept": counts(&census.kept),
        "other": census.other,
    })
}

/// What every cache command begins with.
struct Asked {
    named: Option<ServiceName>,
    ready: Ready,
    signals: Signals,
    stop: Stop,
}

impl Asked {
    fn new(context: &Context<'_>, named: Option<&ServiceName>) -> Result<Self, CliError> {
        let services: Vec<ServiceName> = named.into_iter().cloned().collect();
        let ready = context.ready(&services)?;
        let (signals, stop) = Signals::listen();
        let named = named.cloned();
        Ok(Self {
            named,
            ready,
            signals,
            stop,
        })
    }

    fn cache(&self) -> Result<Cache<'_>, CliError> {
        Cache::choose(&self.ready.stack, self.named.as_ref()).map_err(|error| self.told(&error))
    }

    fn session<'s>(&'s self, context: &'s Context<'_>, command: &'s str) -> Session<'s> {
        context.session(&self.ready, &Silent, &self.stop, command)
    }

    fn told(&self, error: &FlowError) -> CliError {
        CliError::flow(error, &self.ready.stack, self.signals.exit())
    }
}
