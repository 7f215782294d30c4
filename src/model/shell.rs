//! Words of commands that people are told to run.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text as a shell takes it for one word.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-./:=@,+%".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    if !text.contains(char::is_control) {
        return Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")));
    }
    let mut word = "$'".to_owned();
    for letter in text.chars() {
        match letter {
            '\'' | '\\' => word.extend(['\\', letter]),
            '\n' => word.push_str("\\n"),
            control if control.is_control() => {
                write!(word, "\\u{:04x}", u32::from(control)).ok();
            }
            other => word.push(other),
        }
    }
    Cow::Owned(word + "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(shell_word("template:minimal"), "template:minimal");
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("$HOME's"), r"'$HOME'\''s'");
        assert_eq!(shell_word(""), "''");
        assert_eq!(shell_word("a\nb'\u{1b}"), r"$'a\nb\'\u001b'");
    }
}
