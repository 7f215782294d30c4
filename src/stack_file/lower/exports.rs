//! `exports` and `exports_without`: what the application is told of a service.

use super::Lowering;
use crate::model::{Exports, Kind, Service, Template, VariableName};
use crate::stack_file::node::Node;
use crate::stack_file::problem::{Problem, closest};

impl Lowering<'_> {
    /// The variables of a service; without its kind, its placeholders are not judged.
    pub(super) fn exports(
        &mut self,
        extension: &Node,
        kind: Option<&Kind>,
        service: &Service,
    ) -> Exports {
        let mut exports = Exports::default();
        if let Some(node) = extension.get("exports") {
            for pair in self.places(node, "exports", "=") {
                let name = self.ok(pair.name_at, VariableName::new(pair.name));
                let Some(template) = self.ok(pair.value_at, Template::parse(pair.value)) else {
                    continue;
                };
                if let Some(kind) = kind {
                    let wrong = template.placeholders();
                    let wrong = wrong.filter_map(|one| unknown(one, kind, service));
                    let place = |wrong: Unknown| {
                        Problem::new(pair.value_at, wrong.message).option_help(wrong.help)
                    };
                    self.problems.extend(wrong.map(place));
                }
                exports.with.extend(name.map(|name| (name, template)));
            }
        }
        if let Some(node) = extension.get("exports_without") {
            for pair in self.places(node, "exports_without", "=") {
                let name = self.ok(pair.name_at, VariableName::new(pair.name));
                let value = pair.value.to_owned();
                exports.without.extend(name.map(|name| (name, value)));
            }
        }
        exports
    }
}

/// A placeholder without a value.
struct Unknown {
    message: String,
    help: Option<String>,
}

/// What is wrong with a placeholder, if it will have no value.
fn unknown(placeholder: &str, kind: &Kind, service: &Service) -> Option<Unknown> {
    let known = kind.placeholders();
    if !known.contains(&placeholder) {
        let help = closest(placeholder, known.iter().copied()).map_or_else(
            || format!("it has {}", listed(known)),
            |close| format!("did you mean `{{{close}}}`?"),
        );
        return Some(Unknown {
            message: format!(
                "a service of kind `{}` has no placeholder `{{{placeholder}}}`",
                kind.word()
            ),
            help: Some(help),
        });
    }
    let is_published = kind.port().is_some() || !service.container.ports.is_empty();
    let reason = match kind.lacks(placeholder) {
        Some(option) => format!("the option `{option}` is not given"),
        None if !is_published => "the service publishes no port".to_owned(),
        None => return None,
    };
    Some(Unknown {
        message: format!("`{{{placeholder}}}` stands for nothing: {reason}"),
        help: None,
    })
}

fn listed(known: &[&str]) -> String {
    let known: Vec<_> = known.iter().map(|name| format!("`{{{name}}}`")).collect();
    known.join(", ")
}
