//! What a check found.

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check's stable name: `config.save`.
    pub check: &'static str,
    /// How it went.
    pub status: Status,
    /// What was found, for people.
    pub message: String,
    /// What should be, where that can be said in a word.
    pub expected: Option<String>,
    /// What is, where that can be said in a word.
    pub actual: Option<String>,
    /// What it means.
    pub meaning: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As it should be.
    Pass,
    /// Worth a look; nothing is broken.
    Warn,
    /// Not as it should be.
    Fail,
    /// Not judged, because something else is in the way or nothing is declared.
    Skip,
}

/// Whether no check failed.
pub fn is_ok(findings: &[Finding]) -> bool {
    findings.iter().all(|found| found.status != Status::Fail)
}

impl Status {
    /// The word that scripts see.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

impl Finding {
    pub(crate) fn new(check: &'static str, status: Status, message: impl Into<String>) -> Self {
        Self {
            check,
            status,
            message: message.into(),
            expected: None,
            actual: None,
            meaning: None,
            hint: None,
        }
    }

    pub(crate) fn pass(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Status::Pass, message)
    }

    pub(super) fn warn(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Status::Warn, message)
    }

    pub(super) fn fail(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Status::Fail, message)
    }

    pub(super) fn skip(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Status::Skip, message)
    }

    pub(super) fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(text.into());
        self
    }

    pub(super) fn actual(mut self, text: impl Into<String>) -> Self {
        self.actual = Some(text.into());
        self
    }

    pub(super) fn meaning(mut self, text: impl Into<String>) -> Self {
        self.meaning = Some(text.into());
        self
    }

    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(text.into());
        self
    }
}
