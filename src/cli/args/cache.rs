//! What can be said of the cache on the command line.

use clap::{Args as Group, Subcommand};

use super::values::service_name;
use crate::model::ServiceName;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Cache {
    /// Check that the cache is this stack's, healthy, and configured as declared
    ///
    /// Works whatever state the server is in, and exits with 6 when a check fails.
    Check(CacheCheck),
    /// Flush the keys that must not survive a restart of the server, unless that has been done
    ///
    /// `devinfra up` does the same once the cache is usable, and the application's workers do it
    /// too: whoever comes first flushes, and the others wait for it.
    Bootstrap(CacheBootstrap),
    /// Show memory, hit ratio, and what the keys of each prefix take
    Stats(CacheStats),
}

#[derive(Debug, Group)]
pub(in crate::cli) struct CacheCheck {
    #[command(flatten)]
    pub(in crate::cli) which: Which,
    /// Also restart the server, and prove that the keys that must survive do, and no others
    ///
    /// The server is stopped with its own signal and started again, so its clients are cut off for
    /// a moment. Test keys are planted before and removed after; of the application's own keys
    /// those go that go after any restart.
    #[arg(long)]
    pub(in crate::cli) deep: bool,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct CacheBootstrap {
    #[command(flatten)]
    pub(in crate::cli) which: Which,
    /// Count the keys of each prefix, and flush nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct CacheStats {
    #[command(flatten)]
    pub(in crate::cli) which: Which,
    /// Show them every second with what changed, until Ctrl-C
    #[arg(long)]
    pub(in crate::cli) watch: bool,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Which {
    /// The cache [default: the only service of kind `valkey`]
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub(in crate::cli) service: Option<ServiceName>,
}
