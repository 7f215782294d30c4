//! Failures of the cache commands.

use super::Exit;
use super::error::CliError;
use crate::flow::FlowError;
use crate::model::ServiceName;
use crate::report::list;

impl CliError {
    /// Checks that a cache of the stack fails.
    pub(super) fn cache_checks<'a>(
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

    /// A cache command that can't begin.
    pub(super) fn cache(error: &FlowError) -> Self {
        match error {
            FlowError::WhichCache { known, .. } if known.is_empty() => {
                Self::new(Exit::Usage, "cache.which", error)
                    .hint("set `kind: valkey` in the `x-devinfra` of the service")
            }
            FlowError::WhichCache { known, .. } => Self::new(Exit::Usage, "cache.which", error)
                .hint(format!("name one of {}", list(known))),
            FlowError::NoCacheKeys { .. } => Self::new(Exit::Usage, "cache.keys", error).hint(
                "say which are the application's with `keys: {namespace, flushed, kept}` in its `x-devinfra`",
            ),
            FlowError::CacheDown { service, .. } => {
                Self::new(Exit::Service, "service.not-ready", error)
                    .hint(format!("bring it up with `devinfra up {service}`"))
            }
            FlowError::CacheRefused { .. } => Self::new(Exit::Service, "cache.refused", error)
                .hint("`devinfra cache check` says what is wrong with the cache"),
            _ => Self::new(Exit::Failed, "cache.failed", error),
        }
    }
}
