//! `lakefs run`: opens everything in LakeFS's order, serves, and ends at once when told to.

use std::io::{Write as _, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};

use crate::api::{Lakefs, administrator};
use crate::cache::Cache;
use crate::go::{create_directories, error_words};
use crate::log::{Level, Log};
use crate::metadata::{Metadata, Repository};
use crate::secret::Cipher;
use crate::server::serve;
use crate::settings::{Database, Environment, Installation, Settings};
use crate::storage::Storage;

/// The version the double claims to be.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why a LakeFS does not start.
enum Fatal {
    /// The message and the error of the log's last line.
    Logged(&'static str, String),
    /// A last line outside the log.
    Said(String),
}

/// Runs a LakeFS until a signal ends it or it can't start.
pub(crate) fn run(environment: &Environment) -> ExitCode {
    let level = environment.get("logging.level", "");
    let log = Log::new(&level, &environment.get("logging.format", ""));
    match start(environment, log) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Fatal::Logged(message, error)) => {
            log.line(Level::Fatal, message, &[("error", &error)]);
        }
        Err(Fatal::Said(text)) => say(&text),
    }
    ExitCode::FAILURE
}

/// Writes a line to stdout. A closed stdout is nobody's loss.
pub(crate) fn say(text: &str) {
    writeln!(stdout().lock(), "{text}").ok();
}

fn start(environment: &Environment, log: Log) -> Result<(), Fatal> {
    let settings =
        Settings::read(environment).map_err(|error| Fatal::Logged("Load config", error))?;
    let address = settings.listen_address.clone();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Fatal::Said(error.to_string()))?;
    runtime.block_on(async {
        // The kernel gives a container's first process only the signals that it handles.
        let handle = |kind| signal(kind).map_err(|error| Fatal::Said(error.to_string()));
        let mut terminate = handle(SignalKind::terminate())?;
        let mut interrupt = handle(SignalKind::interrupt())?;
        let lakefs = Arc::new(open(settings, log)?);
        log.line(Level::Info, "starting HTTP server", &[]);
        let listener = listen(&address).await?;
        say(&format!("lakeFS {VERSION} - Up and running"));
        select! {
            never = serve(listener, lakefs) => match never {},
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}

fn open(settings: Settings, log: Log) -> Result<Lakefs, Fatal> {
    log.line(Level::Info, "lakeFS run", &[("version", VERSION)]);
    let metadata = match &settings.database {
        Database::Local(path) => Metadata::open(Some(path)),
        Database::Memory => Metadata::open(None),
        Database::Unknown(kind) => Err(format!("unknown database type: {kind}")),
    };
    let metadata = metadata.map_err(|error| Fatal::Logged("Failed to open KV store", error))?;
    let storage = Storage::new(settings.blockstore)
        .map_err(|error| Fatal::Logged("Failed to open block store", error))?;
    create_cache(&settings.cache_directory)
        .map_err(|error| Fatal::Logged("failed to create catalog", error))?;
    let cipher = Cipher::new(&settings.encryption_key);
    if let Some(installation) = &settings.installation {
        install(&metadata, &cipher, installation, log)
            .map_err(|error| Fatal::Logged("Initial setup failed", error))?;
    }
    check_namespaces(&metadata, storage.kind())
        .map_err(|error| Fatal::Logged("Mismatched adapter detected", error))?;
    Ok(Lakefs {
        log,
        metadata,
        storage,
        cipher,
        cache: Cache::default(),
        email_subscription: settings.email_subscription,
    })
}

/// Creates the directory in which LakeFS would keep what it reads from the block store.
fn create_cache(directory: &Path) -> Result<(), String> {
    let path = directory.join("meta-range");
    create_directories(&path).map_err(|cause| {
        let path = path.display();
        format!("create tiered FS for committed metaranges: creating base dir: {path} - {cause}")
    })
}

fn install(
    metadata: &Metadata,
    cipher: &Cipher,
    installation: &Installation,
    log: Log,
) -> Result<(), String> {
    let Installation {
        user_name,
        access_key_id,
        secret_access_key,
    } = installation;
    let administrator = administrator(cipher, user_name, access_key_id, secret_access_key)?;
    let is_new = metadata
        .set_up(administrator)
        .map_err(|error| error.to_string())?
        .is_some();
    if is_new {
        log.line(Level::Info, "Initial setup completed successfully", &[]);
    }
    Ok(())
}

/// Refuses repositories whose objects are in a block store of another kind.
fn check_namespaces(metadata: &Metadata, kind: &str) -> Result<(), String> {
    let is_foreign =
        |repository: &&Repository| repository.storage_namespace.split("://").next() != Some(kind);
    match metadata.repositories_after("").iter().find(is_foreign) {
        None => Ok(()),
        Some(Repository {
            id,
            storage_namespace,
            ..
        }) => Err(format!(
            "repository {id} is at {storage_namespace}, the block store is {kind}"
        )),
    }
}

async fn listen(address: &str) -> Result<TcpListener, Fatal> {
    // Go takes an address without a host for every host.
    let host = if address.starts_with(':') {
        "0.0.0.0"
    } else {
        ""
    };
    TcpListener::bind(format!("{host}{address}"))
        .await
        .map_err(|error| {
            let words = error_words(&error);
            Fatal::Said(format!(
                "Failed to listen on {address}: listen tcp {address}: bind: {words}"
            ))
        })
}
