//! Takes secrets out of text that somebody else wrote.

use std::cmp::Reverse;

use crate::model::Secret;

/// What is shorter is part of too many words that have nothing to do with it.
const SHORTEST: usize = 4;

/// Secrets that must not be seen.
#[derive(Debug)]
pub struct Mask {
    /// The longest first: one may be part of another.
    secrets: Vec<Secret>,
}

impl Mask {
    /// Hides these.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let secrets = secrets.into_iter();
        let mut secrets: Vec<Secret> = secrets
            .filter(|secret| secret.reveal().len() >= SHORTEST)
            .collect();
        secrets.sort_by_key(|secret| Reverse(secret.reveal().len()));
        Self { secrets }
    }

    /// The text without them.
    pub fn apply(&self, text: &str) -> String {
        let hide =
            |text: String, secret: &Secret| text.replace(secret.reveal(), &secret.to_string());
        self.secrets.iter().fold(text.to_owned(), hide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_part_of_another_leaves_no_rest_of_it() {
        let mask = Mask::new(["hunter2", "hunter2hunter2", "abc"].map(Secret::new));
        let text = mask.apply("postgres://u:hunter2hunter2@h/d, hunter2, abc");
        assert_eq!(text, "postgres://u:<redacted>@h/d, <redacted>, abc");
    }
}
