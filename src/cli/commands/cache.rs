//! `devinfra cache`.

use serde_json::{Value, json};

use super::Context;
use super::cache_asked::Asked;
use super::cache_stats;
use crate::cache::{Bootstrapped, Census, PrefixCount, is_ok};
use crate::cli::Exit;
use crate::cli::args::cache::{Cache as Args, CacheBootstrap, CacheCheck};
use crate::cli::error::CliError;
use crate::event::Silent;
use crate::flow::{Look, bootstrap_cache, check_cache, check_survival, count_cache};
use crate::report::{Everyone, Findings, census_table, count, findings_json, millis, seconds};

pub(super) async fn run(context: &Context<'_>, args: &Args) -> Result<Exit, CliError> {
    match args {
        Args::Check(args) => check(context, args).await,
        Args::Bootstrap(args) => bootstrap(context, args).await,
        Args::Stats(args) => cache_stats::run(context, args).await,
    }
}

async fn check(context: &Context<'_>, args: &CacheCheck) -> Result<Exit, CliError> {
    let asked = Asked::new(context, &args.which)?;
    let cache = asked.cache()?;
    let command = "devinfra cache check";
    let found = if args.deep {
        // The restart is a story worth telling; in JSON there is one document, and no events.
        let mut observer = Everyone::default();
        if !context.output.json {
            observer = context.output.observer("devinfra cache");
        }
        let session = asked.session(context, &observer, command);
        check_survival(&session, cache).await
    } else {
        let session = asked.session(context, &Silent, command);
        check_cache(&session, cache, Look::Inside).await
    };
    let findings = found.map_err(|error| asked.told(&error))?;
    let findings = context.output.given.repeated_in_findings(findings);
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
    let asked = Asked::new(context, &args.which)?;
    let cache = asked.cache()?;
    let session = asked.session(context, &Silent, "devinfra cache bootstrap");
    let service = cache.service.name.as_str();
    if args.dry_run {
        let counted = count_cache(&session, cache).await;
        let census = counted.map_err(|error| asked.told(&error))?;
        if context.output.json {
            context.output.answer_json(&census_json(service, &census));
        } else {
            let keys = cache.options.keys.as_ref();
            let namespace = keys.map_or("", |keys| keys.namespace.as_str());
            context.output.answer(census_table(&census, namespace));
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
