//! Variables of the environment that are set to what is no text. Nothing may be taken in their place:
//! the environment beats env files and defaults.

use std::cell::RefCell;
use std::collections::BTreeSet;

/// Their names, and which of them were asked for.
#[derive(Debug)]
pub(super) struct Unreadable<'a> {
    names: &'a BTreeSet<String>,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Unreadable<'a> {
    pub(super) fn new(names: &'a BTreeSet<String>) -> Self {
        Self {
            names,
            used: RefCell::default(),
        }
    }

    /// Whether the variable is one, which is remembered.
    pub(super) fn has(&self, name: &str) -> bool {
        let has = self.names.contains(name);
        if has {
            self.used.borrow_mut().insert(name.to_owned());
        }
        has
    }

    /// Whether any was asked for.
    pub(super) fn is_used(&self) -> bool {
        !self.used.borrow().is_empty()
    }
}

/// What is said of one.
pub(super) fn message(name: &str) -> String {
    format!("`{name}` in the environment is not UTF-8: set it anew, or unset it")
}
