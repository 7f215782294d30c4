//! The block store, as far as LakeFS touches it when it creates a repository: one small object that
//! shows whether the namespace can be used, and marks it as used.

use std::collections::BTreeSet;
use std::fs::{create_dir_all, write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::s3::Client;
use crate::settings::Blockstore;

const MARK_KEY: &str = "_lakefs/dummy";
const MARK: &str = "a lakeFS double was here";

/// Why a namespace can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "found lakeFS objects in the storage (:{0}) key({MARK_KEY}): storage namespace already in use"
    )]
    InUse(String),
    #[error("{0}")]
    Inaccessible(String),
}

/// A block store of one of the kinds the double knows.
#[derive(Debug)]
pub(crate) enum Storage {
    S3(Box<Client>),
    Local(PathBuf),
    Memory(Mutex<BTreeSet<String>>),
}

impl Storage {
    /// Makes no request: LakeFS starts whether or not its block store is there.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the endpoint, or that there is no such kind.
    pub(crate) fn new(blockstore: Blockstore) -> Result<Self, String> {
        match blockstore {
            Blockstore::S3(settings) => Ok(Self::S3(Box::new(Client::new(settings)?))),
            Blockstore::Local(path) => Ok(Self::Local(path)),
            Blockstore::Memory => Ok(Self::Memory(Mutex::default())),
            Blockstore::Unknown(kind) => Err(format!("unknown blockstore type: {kind}")),
        }
    }

    /// The kind, which is also the scheme of its namespaces.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::S3(_) => "s3",
            Self::Local(_) => "local",
            Self::Memory(_) => "mem",
        }
    }

    /// Marks a namespace as used, if it is not.
    ///
    /// # Errors
    ///
    /// Refuses a namespace which bears the mark, and one which can't be read or written.
    pub(crate) async fn claim(&self, namespace: &str) -> Result<(), Refusal> {
        let in_use = || Refusal::InUse(namespace.to_owned());
        let (_, place) = namespace.split_once("://").unwrap_or(("", namespace));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let prefix = prefix.trim_end_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        let key = format!("{prefix}{slash}{MARK_KEY}");
        match self {
            Self::S3(client) => {
                if client
                    .has(bucket, &key)
                    .await
                    .map_err(Refusal::Inaccessible)?
                {
                    return Err(in_use());
                }
                client
                    .find_bucket(bucket)
                    .await
                    .map_err(Refusal::Inaccessible)?;
                client
                    .put(bucket, &key, MARK)
                    .await
                    .map_err(Refusal::Inaccessible)
            }
            Self::Local(path) => {
                let path = path.join(bucket).join(key);
                if path.exists() {
                    return Err(in_use());
                }
                path.parent()
                    .map_or(Ok(()), create_dir_all)
                    .and_then(|()| write(&path, MARK))
                    .map_err(|error| Refusal::Inaccessible(error.to_string()))
            }
            Self::Memory(keys) => {
                let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
                keys.insert(format!("{bucket}/{key}"))
                    .then_some(())
                    .ok_or_else(in_use)
            }
        }
    }
}
