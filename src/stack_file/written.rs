//! Values that came from variables, as messages show them: in the words of the file, since a variable
//! may be a secret.

use super::problem::Sources;

/// Shorter values stand in other words by chance.
const SHORTEST: usize = 4;

/// What was replaced: as it is written, and what it became.
#[derive(Debug, Default)]
pub(super) struct Replaced(Vec<(String, String)>);

impl Replaced {
    pub(super) fn add(&mut self, written: impl Into<String>, value: impl Into<String>) {
        let (written, value) = (written.into(), value.into());
        if !value.is_empty() && written != value {
            self.0.push((written, value));
        }
    }

    pub(super) fn extend(&mut self, others: impl IntoIterator<Item = (String, String)>) {
        for (written, value) in others {
            self.add(written, value);
        }
    }

    /// The message with each quoted part as the file has it. A part that no value is in, or that the
    /// files say themselves, stays.
    pub(super) fn as_written(&self, message: &str, sources: &Sources) -> String {
        let mut message = message.to_owned();
        // A value with backquotes in it would be taken apart below.
        for (written, value) in self.0.iter().filter(|(_, value)| value.contains('`')) {
            message = message.replace(value.as_str(), written);
        }
        let parts = message.split('`').enumerate();
        let parts = parts.map(|(place, part)| {
            if place % 2 == 1 {
                self.part(part, sources)
            } else {
                part.to_owned()
            }
        });
        parts.collect::<Vec<_>>().join("`")
    }

    fn part(&self, part: &str, sources: &Sources) -> String {
        let within = |(_, value): &&(String, String)| value.contains(part);
        let narrowest = self
            .0
            .iter()
            .filter(within)
            .min_by_key(|(_, value)| value.len());
        if let Some((written, _)) = narrowest {
            return if part.is_empty() || sources.say(part) {
                part.to_owned()
            } else {
                written.clone()
            };
        }
        let mut part = part.to_owned();
        for (written, value) in &self.0 {
            if value.len() >= SHORTEST && part.contains(value.as_str()) && !sources.say(value) {
                part = part.replace(value.as_str(), written);
            }
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_came_from_variables_are_shown_as_they_are_written() {
        let mut sources = Sources::default();
        sources.add("file", "ports: ['${PW}:5432', '${RANGE}-7', '${ODD}']\n");
        let mut replaced = Replaced::default();
        replaced.add("${PW}", "hunter2secret");
        replaced.add("${PW}:5432", "hunter2secret:5432");
        replaced.add("${RANGE}", "5-80");
        replaced.add("${ODD}", "a`b");
        for (message, shown) in [
            ("`hunter2secret` is no port", "`${PW}` is no port"),
            ("`hunter2secret:5432` is none", "`${PW}:5432` is none"),
            ("`5432` is taken", "`5432` is taken"),
            ("`hunter2` is no port", "`${PW}` is no port"),
            ("`5-8` is no port", "`${RANGE}` is no port"),
            ("`ports`: `a`b` is none", "`ports`: `${ODD}` is none"),
            ("`/x/hunter2secret/y`", "`/x/${PW}/y`"),
            ("`` is none of 5-80", "`` is none of 5-80"),
        ] {
            assert_eq!(replaced.as_written(message, &sources), shown);
        }
    }
}
