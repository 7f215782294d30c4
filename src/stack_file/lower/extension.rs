//! `x-devinfra`: what devinfra adds to Compose.

use super::values::shell_words;
use super::{Lowering, keys};
use crate::model::{Hooks, Kind, Service, ServiceName};
use crate::stack_file::node::{Node, Value};
use crate::stack_file::problem::Problem;

impl Lowering<'_> {
    /// The top-level `x-devinfra`. Its `env_files` were read before everything else.
    pub(super) fn top_extension(&mut self, node: &Node) -> Hooks {
        self.only_keys(node, keys::TOP_EXTENSION, "`x-devinfra`");
        if let Some(files) = node.get("env_files") {
            self.strings(files, "env_files");
        }
        if let Some(version) = node.get("version") {
            self.version(version);
        }
        let Some(hooks) = node.get("hooks") else {
            return Hooks::default();
        };
        self.only_keys(hooks, keys::HOOKS, "`hooks`");
        let timeout = hooks.get("timeout");
        let timeout = timeout.and_then(|node| self.duration(node, "timeout"));
        let mut commands = |key: &str| {
            hooks
                .get(key)
                .map(|node| self.commands(node, key))
                .unwrap_or_default()
        };
        Hooks {
            after_up: commands("after_up"),
            after_reset: commands("after_reset"),
            before_down: commands("before_down"),
            timeout: timeout.unwrap_or(Hooks::default().timeout),
        }
    }

    /// `>=0.1`: the oldest devinfra that understands the file.
    fn version(&mut self, node: &Node) {
        let Some(text) = self.text(node, "version") else {
            return;
        };
        let numbers = |text: &str| -> Option<Vec<u64>> {
            text.split('.')
                .map(|part| part.trim().parse().ok())
                .collect()
        };
        let ours = numbers(env!("CARGO_PKG_VERSION")).unwrap_or_default();
        match text
            .trim()
            .strip_prefix(">=")
            .and_then(|wanted| numbers(wanted.trim()))
        {
            Some(wanted) if wanted <= ours => {}
            Some(_) => self.problem(
                &node.at,
                format!(
                    "the stack file needs devinfra {text}; this is {}",
                    env!("CARGO_PKG_VERSION")
                ),
            ),
            None => self.problem(&node.at, format!("`{text}` is no version such as `>=0.1`")),
        }
    }

    /// A sequence of commands: each a text, or a sequence of words.
    fn commands(&mut self, node: &Node, what: &str) -> Vec<Vec<String>> {
        let items = self.sequence(node, what);
        items
            .iter()
            .filter_map(|item| {
                if let Value::Sequence(_) = &item.value {
                    return Some(self.strings(item, what));
                }
                let words = self.read_item(item, what, shell_words)?;
                self.no_shell(item, &words);
                Some(words)
            })
            .collect()
    }

    /// A warning where a command has a word that only a shell would act on.
    fn no_shell(&mut self, item: &Node, words: &[String]) {
        let Some(word) = words.iter().find(|word| is_for_a_shell(word)) else {
            return;
        };
        let message = format!("hooks run without a shell, so `{word}` is a mere argument");
        let problem = Problem::new(&item.at, message);
        self.warnings.push(problem.help("write `sh -c '…'`"));
    }

    /// A service's `x-devinfra`.
    pub(super) fn service_extension(&mut self, node: &Node, service: &mut Service) {
        let empty = Node {
            value: Value::Null,
            at: node.at.clone(),
            tag: None,
        };
        let extension = node.get("x-devinfra").unwrap_or(&empty);
        if self.mapping(extension, "x-devinfra").is_none() {
            return;
        }
        let kind = self.kind(extension, service);
        service.exports = self.exports(extension, kind.as_ref(), service);
        service.kind = kind.unwrap_or(Kind::Process);
        let required = extension
            .get("required")
            .and_then(|node| self.boolean(node, "required"));
        service.required = required.unwrap_or(true);
        if let Some(others) = extension.get("reset_with") {
            for (node, other) in self.texts(others, "reset_with") {
                match ServiceName::new(other) {
                    Ok(name) => service.reset_with.push(name),
                    Err(error) => self.problem(&node.at, format!("`reset_with`: {error}")),
                }
            }
        }
        if let Some(files) = extension.get("data_files") {
            let files = self.strings(files, "data_files");
            service.data_files = files.iter().map(|file| self.host_path(file).0).collect();
        }
        if let Some(data) = extension.get("data") {
            for (node, target) in self.texts(data, "data") {
                let target = target.trim_end_matches('/').to_owned();
                if service
                    .container
                    .mounts
                    .iter()
                    .any(|mount| mount.target == target)
                {
                    service.data.push(target);
                } else {
                    let message = format!("`data`: nothing is mounted at `{target}`");
                    self.problem(&node.at, message);
                }
            }
        } else {
            service.data = default_data(service);
        }
    }
}

/// Whether a word joins or redirects commands where a shell runs them.
fn is_for_a_shell(word: &str) -> bool {
    matches!(
        word,
        "&&" | "||" | "|" | ";" | "&" | ">" | ">>" | "<" | "2>" | "2>&1"
    )
}

/// The images' own data paths, where something is mounted there.
fn default_data(service: &Service) -> Vec<String> {
    let known: &[&str] = match &service.kind {
        Kind::Postgres(_) => &["/var/lib/postgresql/data", "/var/lib/postgresql"],
        Kind::Valkey(_) | Kind::S3(_) => &["/data"],
        Kind::Lakefs(_) => &["/var/lakefs/data"],
        Kind::Http(_) | Kind::Tcp(_) | Kind::Exec(_) | Kind::Healthcheck | Kind::Process => &[],
    };
    let targets = service
        .container
        .mounts
        .iter()
        .map(|mount| mount.target.clone());
    targets
        .filter(|target| known.contains(&target.as_str()))
        .collect()
}
