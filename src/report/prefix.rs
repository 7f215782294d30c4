//! Whose line it is, before each line: `postgres | ready`.

use anstyle::{AnsiColor, Style};

use crate::model::ServiceName;

/// Colours that are told apart on a dark and on a light background. Red is for failures.
const COLOURS: [AnsiColor; 10] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightYellow,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// The prefixes of a stack's services: as wide as the longest name that is shown, and each in the
/// colour that its place in the stack gives it, whichever services are shown.
#[derive(Debug)]
pub struct Prefixes {
    names: Vec<ServiceName>,
    width: usize,
}

impl Prefixes {
    /// For the services `all` of a stack, of which `shown` are shown; all when that is empty.
    pub fn new<'a>(all: impl IntoIterator<Item = &'a ServiceName>, shown: &[ServiceName]) -> Self {
        let names: Vec<ServiceName> = all.into_iter().cloned().collect();
        let width = |names: &[ServiceName]| names.iter().map(|name| name.as_str().len()).max();
        let width = width(shown).or_else(|| width(&names)).unwrap_or_default();
        Self { names, width }
    }

    /// The prefix of a service's lines, in its colour.
    pub fn of(&self, service: &ServiceName) -> String {
        let style = self.style(service);
        let (name, width) = (service.as_str(), self.width);
        format!("{style}{name:width$} |{style:#} ")
    }

    fn style(&self, service: &ServiceName) -> Style {
        let place = self.names.iter().position(|name| name == service);
        let colour = place.and_then(|place| COLOURS.get(place % COLOURS.len()));
        colour.map_or_else(Style::new, |colour| colour.on_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<ServiceName> {
        let named = |name: &&str| ServiceName::new(*name).unwrap();
        names.iter().map(named).collect()
    }

    #[test]
    fn a_service_has_the_same_colour_whichever_services_are_shown() {
        let all = names(&["db", "cache", "longer-than-shown"]);
        let shown = names(&["cache", "db"]);
        let prefixes = Prefixes::new(&all, &shown);
        assert_eq!(prefixes.of(&shown[0]), "\u{1b}[33mcache |\u{1b}[0m ");
        assert_eq!(prefixes.of(&shown[1]), "\u{1b}[36mdb    |\u{1b}[0m ");
        assert_eq!(
            Prefixes::new(&all, &[]).style(&shown[1]),
            prefixes.style(&shown[1])
        );
    }
}
