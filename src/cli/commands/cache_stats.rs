//! `devinfra cache stats`.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Context;
use super::cache_asked::Asked;
use crate::cache::Stats;
use crate::cli::Exit;
use crate::cli::args::cache::CacheStats;
use crate::cli::error::CliError;
use crate::event::Silent;
use crate::flow::{Cache, FlowError, measure_cache};
use crate::report::{stats_json, stats_text};

/// How many keys one look goes over; more are estimated from these.
const LIMIT: u64 = 200_000;
/// The same for a look that is taken every second.
const LIMIT_WATCHING: u64 = 20_000;
/// How often a look is taken.
const EVERY: Duration = Duration::from_secs(1);
/// Draws over what was drawn before.
const HOME_AND_CLEAR: &str = "\x1b[H\x1b[2J";

pub(super) async fn run(context: &Context<'_>, args: &CacheStats) -> Result<Exit, CliError> {
    let asked = Asked::new(context, &args.which)?;
    let cache = asked.cache()?;
    if args.watch {
        return watch(context, &asked, cache).await;
    }
    let session = asked.session(context, &Silent, "devinfra cache stats");
    let measured = measure_cache(&session, cache, LIMIT).await;
    let stats = measured.map_err(|error| asked.told(&error))?;
    context.output.answer(shown(context, cache, &stats, None));
    Ok(Exit::Done)
}

/// Ends with Ctrl-C, or when nobody reads any more. A server that does not answer for a while is no
/// reason to end.
async fn watch(context: &Context<'_>, asked: &Asked, cache: Cache<'_>) -> Result<Exit, CliError> {
    let session = asked.session(context, &Silent, "devinfra cache stats");
    let mut before: Option<(Stats, Instant)> = None;
    loop {
        let began = Instant::now();
        let text = match measure_cache(&session, cache, LIMIT_WATCHING).await {
            Ok(stats) => {
                let earlier = before.as_ref();
                let earlier = earlier.map(|(stats, taken)| (stats, began - *taken));
                let text = shown(context, cache, &stats, earlier);
                before = Some((stats, began));
                text
            }
            Err(FlowError::Interrupted) => return Ok(asked.interrupted()),
            Err(error @ (FlowError::CacheRefused { .. } | FlowError::CacheDown { .. })) => {
                context.output.say(&error);
                String::new()
            }
            Err(error) => return Err(asked.told(&error)),
        };
        let clear = if context.output.is_terminal() && !context.output.json && !text.is_empty() {
            HOME_AND_CLEAR
        } else {
            ""
        };
        if context
            .output
            .try_answer(format_args!("{clear}{text}"))
            .is_err()
        {
            return Ok(Exit::Done);
        }
        tokio::select! {
            () = asked.stopped() => return Ok(asked.interrupted()),
            () = sleep(EVERY.saturating_sub(began.elapsed())) => {}
        }
    }
}

fn shown(
    context: &Context<'_>,
    cache: Cache<'_>,
    stats: &Stats,
    before: Option<(&Stats, Duration)>,
) -> String {
    if context.output.json {
        let service = cache.service.name.as_str();
        format!("{}\n", stats_json(service, stats, before))
    } else {
        stats_text(stats, before)
    }
}
