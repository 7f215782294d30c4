//! Settings from the environment: `LAKEFS_` and the key with `_` for `.`. Unknown ones are ignored,
//! as LakeFS ignores them. Configuration files are not read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the metadata is kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Local(PathBuf),
    Memory,
    Unknown(String),
}

/// Where the objects are kept.
#[derive(Debug)]
pub(crate) enum Blockstore {
    S3(S3),
    Local(PathBuf),
    Memory,
    Unknown(String),
}

/// An S3 server and the credentials for it.
#[derive(Debug)]
pub(crate) struct S3 {
    pub(crate) endpoint: String,
    pub(crate) force_path_style: bool,
    pub(crate) region: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

/// The administrator that `run` creates by itself.
#[derive(Debug)]
pub(crate) struct Installation {
    pub(crate) user_name: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

/// Everything one run needs to know.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen_address: String,
    pub(crate) database: Database,
    pub(crate) cache_directory: PathBuf,
    pub(crate) blockstore: Blockstore,
    pub(crate) encryption_key: String,
    /// Whether LakeFS would like to know whom to write to, and says so until it does.
    pub(crate) email_subscription: bool,
    pub(crate) installation: Option<Installation>,
}

/// The environment a process was started with.
#[derive(Debug)]
pub(crate) struct Environment(pub(crate) BTreeMap<String, String>);

impl Environment {
    /// The value of a key such as `database.local.path`, or `default`. An empty one counts as unset.
    pub(crate) fn get(&self, key: &str, default: &str) -> String {
        let name = format!("LAKEFS_{}", key.replace('.', "_").to_ascii_uppercase());
        let value = self.0.get(&name).filter(|value| !value.is_empty());
        value.map_or(default, String::as_str).to_owned()
    }

    /// A path; `~` is `HOME`, which is `/` for a user the image does not know.
    fn path(&self, key: &str, default: &str) -> PathBuf {
        let path = self.get(key, default);
        match path.strip_prefix("~/") {
            Some(rest) => Path::new(self.0.get("HOME").map_or("/", String::as_str)).join(rest),
            None => path.into(),
        }
    }
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// Says what LakeFS's `Load config` line says.
    pub(crate) fn read(environment: &Environment) -> Result<Self, String> {
        let missing = |keys: &[&str]| {
            let missing = keys
                .iter()
                .filter(|key| environment.get(key, "").is_empty());
            missing.copied().collect::<Vec<_>>().join(" ")
        };
        // The block store's settings are checked after the others.
        let first = missing(&["database.type", "auth.encrypt.secret_key"]);
        let all = if first.is_empty() {
            missing(&["blockstore.type"])
        } else {
            first
        };
        if !all.is_empty() {
            return Err(format!("bad configuration: missing required keys: [{all}]"));
        }
        Ok(Self {
            listen_address: environment.get("listen_address", "0.0.0.0:8000"),
            database: database(environment),
            cache_directory: environment.path("committed.local_cache.dir", "~/lakefs/data/cache"),
            blockstore: blockstore(environment),
            encryption_key: environment.get("auth.encrypt.secret_key", ""),
            email_subscription: environment.get("email_subscription.enabled", "true") == "true",
            installation: installation(environment),
        })
    }
}

fn database(environment: &Environment) -> Database {
    let path = environment.path("database.local.path", "~/lakefs/metadata");
    match environment.get("database.type", "").as_str() {
        "local" if path.to_string_lossy().starts_with("memory:") => Database::Memory,
        "local" => Database::Local(path),
        "mem" => Database::Memory,
        other => Database::Unknown(other.to_owned()),
    }
}

fn blockstore(environment: &Environment) -> Blockstore {
    let get = |key: &str, default: &str| environment.get(&format!("blockstore.{key}"), default);
    match get("type", "").as_str() {
        "s3" => Blockstore::S3(S3 {
            endpoint: get("s3.endpoint", "https://s3.amazonaws.com"),
            force_path_style: get("s3.force_path_style", "false") == "true",
            region: get("s3.region", "us-east-1"),
            access_key_id: get("s3.credentials.access_key_id", ""),
            secret_access_key: get("s3.credentials.secret_access_key", ""),
        }),
        "local" => {
            Blockstore::Local(environment.path("blockstore.local.path", "~/lakefs/data/block"))
        }
        "mem" | "memory" => Blockstore::Memory,
        other => Blockstore::Unknown(other.to_owned()),
    }
}

/// All three must be set, or LakeFS takes no notice of any.
fn installation(environment: &Environment) -> Option<Installation> {
    let get = |key: &str| Some(environment.get(key, "")).filter(|value| !value.is_empty());
    Some(Installation {
        user_name: get("installation.user_name")?,
        access_key_id: get("installation.access_key_id")?,
        secret_access_key: get("installation.secret_access_key")?,
    })
}
