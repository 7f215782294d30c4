//! The story as a GitHub Actions log shows it: folded away, and failures as annotations.
//!
//! The commands are those of
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::Plain;
use crate::event::{Event, Observer};

/// Writes plain lines into a group that is folded, and closes it at the end of the run.
#[derive(Debug)]
pub struct Github<W: Write + Send + 'static> {
    plain: Plain<W>,
    title: String,
    group: Mutex<Group>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Group {
    #[default]
    NotYet,
    Open,
}

impl<W: Write + Send + 'static> Github<W> {
    /// Writes to `output` under this title; times count from `began`.
    pub fn new(title: impl Into<String>, began: Instant, output: W) -> Self {
        Self {
            plain: Plain::new(began, output),
            title: title.into(),
            group: Mutex::default(),
        }
    }
}

impl<W: Write + Send + 'static> Observer for Github<W> {
    fn on(&self, event: Event) {
        let mut group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        if *group == Group::NotYet {
            self.plain.raw(&format!("::group::{}", data(&self.title)));
            *group = Group::Open;
        }
        self.plain.on(event);
    }
}

impl<W: Write + Send + 'static> Drop for Github<W> {
    fn drop(&mut self) {
        let group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        if *group == Group::Open {
            self.plain.raw("::endgroup::");
        }
    }
}

/// A line that makes an annotation of a failure or warning: `level` is `error` or `warning`.
pub fn annotation(level: &str, title: &str, message: &str) -> String {
    format!("::{level} title={}::{}", property(title), data(message))
}

/// An error that is shown at its place in a file.
pub fn annotation_at(file: &str, line: usize, column: usize, title: &str, message: &str) -> String {
    let (file, title) = (property(file), property(title));
    let message = data(message);
    format!("::error file={file},line={line},col={column},title={title}::{message}")
}

/// A command's text: the line must not end in it.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A command's property: it must not end in it either.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::written::Written;

    #[test]
    fn an_annotation_is_one_line_whatever_it_says() {
        assert_eq!(
            annotation(
                "error",
                "devinfra: port.taken, 5432",
                "100%\r\nsecond::line"
            ),
            "::error title=devinfra%3A port.taken%2C 5432::100%25%0D%0Asecond::line"
        );
        assert_eq!(
            annotation_at("a:b.yaml", 3, 7, "devinfra", "no"),
            "::error file=a%3Ab.yaml,line=3,col=7,title=devinfra::no"
        );
    }

    #[test]
    fn the_story_is_in_a_group_that_is_closed() {
        let written = Written::default();
        {
            let github = Github::new("devinfra up", Instant::now(), written.clone());
            let holder = "`devinfra down`".to_owned();
            github.on(Event::Waiting { holder });
        }
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "::group::devinfra up");
        assert!(
            lines[1].ends_with("waiting for `devinfra down` to end"),
            "{text}"
        );
        assert_eq!(lines[2..], ["::endgroup::"]);
    }
}
