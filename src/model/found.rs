//! Stacks as an engine has them, whatever stack files they came from.

use std::path::PathBuf;

use super::{ObservedContainer, Stack, StackName};

/// What an engine has of one stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundStack {
    /// Its name.
    pub name: StackName,
    /// The project directory that it was brought up from.
    pub directory: PathBuf,
    /// Its containers, by name. Each is one of its services'.
    pub containers: Vec<ObservedContainer>,
    /// The names of its networks.
    pub networks: Vec<String>,
}

impl FoundStack {
    /// One of this name and directory that nothing is known of yet.
    pub fn new(name: StackName, directory: PathBuf) -> Self {
        Self {
            name,
            directory,
            containers: Vec::new(),
            networks: Vec::new(),
        }
    }

    /// The stack of which nothing but this is known, since its stack file is gone.
    pub fn without_file(self) -> Stack {
        Stack::new(self.name, self.directory)
    }
}
