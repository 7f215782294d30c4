//! Another stack, or the same one in another project directory.

use std::fmt;
use std::path::PathBuf;

use crate::model::{Observed, OtherStack, Stack, shell_word};

/// Whose an object is that another stack has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The stack's name, where it is not the same.
    pub stack: Option<String>,
    /// Its project directory.
    pub directory: PathBuf,
    /// Whether that was deleted or moved.
    pub is_gone: bool,
}

impl Elsewhere {
    /// Where an object of this other stack is.
    pub fn of(observed: &Observed, other: &OtherStack) -> Self {
        Self {
            stack: other.name.clone(),
            directory: other.directory.clone(),
            is_gone: observed.gone_directories.contains(&other.directory),
        }
    }

    /// What to do about it, seen from the stack that it is in the way of.
    pub fn way_out(&self, stack: &Stack) -> String {
        let name = self.stack.as_deref().unwrap_or(stack.name.as_str());
        let take_down = if self.is_gone {
            "take down what is left of it"
        } else {
            "take it down there"
        };
        format!(
            "{take_down}: `devinfra --project-directory {} --name {name} down`",
            shell_word(&self.directory.display().to_string())
        )
    }
}

impl fmt::Display for Elsewhere {
    /// What something belongs to: "the same stack in `/home/a/hub`".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stack {
            None => f.write_str("the same stack")?,
            Some(name) => write!(f, "stack `{name}`")?,
        }
        write!(f, " in `{}`", self.directory.display())?;
        if self.is_gone {
            f.write_str(", which does not exist any more")?;
        }
        Ok(())
    }
}
