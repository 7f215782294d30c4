//! Failures of the cache commands.

use super::CliError;
use crate::cli::Exit;
use crate::flow::FlowError;
use crate::model::ServiceName;
use crate::report::list;

impl CliError {
    /// Checks that a cache of the stack fails.
    pub(in crate::cli) fn cache_checks<'a>(
        service: &ServiceName,
        failed: impl Iterator<Item = &'a str>,
    ) -> Self {
        Self {
            exit: Exit::Cache,
            code: "cache.check".to_owned(),
            message: format!("`{service}` is up, and fails {}", list(failed)),
            service: Some(service.to_string()),
            ..Self::default()
        }
        .hint("`devinfra cache check` looks again; `devinfra up --no-check` does without")
    }

    /// None of the stack's caches is meant, or more than one.
    pub(in crate::cli) fn which_cache(error: &FlowError, known: &[ServiceName]) -> Self {
        let told = Self::new(Exit::Usage, "cache.which", error);
        if known.is_empty() {
            told.hint("set `kind: valkey` in the `x-devinfra` of the service")
        } else {
            told.hint(format!("name one of {}", list(known)))
        }
    }

    /// The stack file says nothing of the cache's keys.
    pub(in crate::cli) fn no_cache_keys(error: &FlowError) -> Self {
        Self::new(Exit::Usage, "cache.keys", error).hint(
            "say which are the application's with `keys: {namespace, flushed, kept}` in its `x-devinfra`",
        )
    }

    /// The cache does not run.
    pub(in crate::cli) fn cache_down(error: &FlowError, service: &ServiceName) -> Self {
        Self {
            service: Some(service.to_string()),
            ..Self::new(Exit::Service, "service.not-ready", error)
        }
        .hint(format!("bring it up with `devinfra up {service}`"))
    }

    /// The cache runs, and refuses.
    pub(in crate::cli) fn cache_refused(error: &FlowError, service: &ServiceName) -> Self {
        Self {
            service: Some(service.to_string()),
            ..Self::new(Exit::Service, "cache.refused", error)
        }
        .hint("`devinfra cache check` says what is wrong with the cache")
    }
}
