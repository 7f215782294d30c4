//! What LakeFS knows: its installation, its administrator, its repositories.

use std::collections::BTreeMap;
use std::io::Error;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::directory::Directory;
use crate::secret::Sealed;

/// A repository as it is stored. The objects it names live in the block store.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Repository {
    pub(crate) creation_date: i64,
    pub(crate) default_branch: String,
    pub(crate) id: String,
    pub(crate) storage_namespace: String,
}

/// The one user of a LakeFS without external authentication.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Administrator {
    pub(crate) name: String,
    pub(crate) creation_date: i64,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Sealed,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct State {
    installation_id: String,
    administrator: Option<Administrator>,
    repositories: BTreeMap<String, Repository>,
}

/// The metadata of one installation; without a directory it ends with the process.
#[derive(Debug)]
pub(crate) struct Metadata {
    state: Mutex<State>,
    directory: Option<Directory>,
}

impl Metadata {
    /// Opens what `path` holds, and makes a new installation of a fresh one.
    ///
    /// # Errors
    ///
    /// Says why in the words LakeFS logs.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, String> {
        let directory = path.map(Directory::open).transpose()?;
        let saved = directory
            .as_ref()
            .map(Directory::load)
            .transpose()?
            .flatten();
        let is_new = saved.is_none();
        let state = match saved {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| error.to_string())?,
            None => State {
                installation_id: Uuid::new_v4().to_string(),
                administrator: None,
                repositories: BTreeMap::new(),
            },
        };
        let metadata = Self {
            state: Mutex::new(state),
            directory,
        };
        if is_new {
            metadata
                .change(|_| Some(()))
                .map_err(|error| error.to_string())?;
        }
        Ok(metadata)
    }

    pub(crate) fn installation_id(&self) -> String {
        self.state().installation_id.clone()
    }

    pub(crate) fn administrator(&self) -> Option<Administrator> {
        self.state().administrator.clone()
    }

    /// Stores the administrator; `None` where there is one already.
    pub(crate) fn set_up(&self, administrator: Administrator) -> Result<Option<()>, Error> {
        self.change(|state| {
            if state.administrator.is_some() {
                return None;
            }
            state.administrator = Some(administrator);
            Some(())
        })
    }

    pub(crate) fn repository(&self, name: &str) -> Option<Repository> {
        self.state().repositories.get(name).cloned()
    }

    /// All repositories after a name, in order.
    pub(crate) fn repositories_after(&self, name: &str) -> Vec<Repository> {
        let after = (Bound::Excluded(name), Bound::Unbounded);
        let state = self.state();
        state
            .repositories
            .range::<str, _>(after)
            .map(|(_, repository)| repository.clone())
            .collect()
    }

    /// Stores a repository; `None` where its name is taken.
    pub(crate) fn add(&self, repository: &Repository) -> Result<Option<()>, Error> {
        self.change(|state| {
            if state.repositories.contains_key(&repository.id) {
                return None;
            }
            state
                .repositories
                .insert(repository.id.clone(), repository.clone());
            Some(())
        })
    }

    /// Forgets a repository; `None` where there is none.
    pub(crate) fn remove(&self, name: &str) -> Result<Option<()>, Error> {
        self.change(|state| state.repositories.remove(name).map(drop))
    }

    /// Changes memory only once the disk has the change.
    fn change(&self, alter: impl FnOnce(&mut State) -> Option<()>) -> Result<Option<()>, Error> {
        let mut state = self.state();
        let mut altered = state.clone();
        if alter(&mut altered).is_none() {
            return Ok(None);
        }
        if let Some(directory) = &self.directory {
            directory.save(&serde_json::to_vec_pretty(&altered)?)?;
        }
        *state = altered;
        Ok(Some(()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
