//! Source lines as they are shown beside a problem: without what stands behind the name of a secret.

/// Parts of a name that say that its value is a secret.
const WORDS: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL"];

/// The text with the same places for everything, and stars for values whose names say that they are
/// secrets. What is not written out (`${DB_PASSWORD}`) is none; a default (`${DB_PASSWORD:-s3cret}`) is.
pub(super) fn without_secrets(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.map(|line| without_logins(&hidden(line))).collect()
}

/// The line without the passwords of its URLs.
fn without_logins(line: &str) -> String {
    let mut parts = line.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str("://");
        let authority = part.find(['/', '?', '#', ' ', '\'', '"', '\n']);
        let authority = part.get(..authority.unwrap_or(part.len())).unwrap_or(part);
        let password = authority.rfind('@').zip(authority.find(':'));
        let password =
            password.and_then(|(end, begin)| Some((begin + 1, part.get(begin + 1..end)?)));
        match password.filter(|(_, password)| !password.starts_with('{')) {
            Some((begin, password)) => {
                shown.push_str(part.get(..begin).unwrap_or_default());
                shown.push_str(&references(password));
                shown.push_str(part.get(begin + password.len()..).unwrap_or_default());
            }
            None => shown.push_str(part),
        }
    }
    shown
}

/// The text of an env file with the same places for everything, and stars for all values: everything
/// behind a name, and lines without one, which may be the rest of a value.
pub(super) fn without_values(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.map(without_value).collect()
}

fn without_value(line: &str) -> String {
    if line.trim_start().starts_with('#') {
        return line.to_owned();
    }
    let is_name = |end: &usize| {
        let name = line.get(..*end).unwrap_or_default().trim();
        !name.trim_start_matches("export ").trim().contains(' ')
    };
    let end = line.find(['=', ':']).filter(is_name);
    let behind = end.map_or(0, |at| at + 1);
    let (name, value) = line.split_at(behind);
    let value = value.trim_end_matches(['\r', '\n']);
    // A star for each byte: places are told in bytes.
    let ending = line.get(behind + value.len()..).unwrap_or_default();
    format!("{name}{}{ending}", "*".repeat(value.len()))
}

fn hidden(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((length, holds)) = name(rest) {
        let (before, after) = rest.split_at(length);
        let is_first = shown.trim_matches([' ', '-', '"', '\'']).is_empty();
        shown.push_str(before);
        let value = match holds {
            Holds::One if after.starts_with(['{', '[']) => braces(after),
            Holds::One | Holds::Several => value(after, is_first && !before.contains(['{', ','])),
        };
        let (value, behind) = after.split_at(value);
        if value.contains('$') {
            shown.push_str(&references(value));
        } else {
            // A star for each byte: places are told in bytes.
            shown.extend(value.bytes().map(|_| '*'));
        }
        rest = behind;
    }
    shown + rest
}

/// The value with the variables that it takes, and stars for all that is written out beside them.
fn references(value: &str) -> String {
    let mut shown = String::with_capacity(value.len());
    let mut rest = value;
    while !rest.is_empty() {
        let plain = rest.find('$').unwrap_or(rest.len());
        let (before, from) = rest.split_at(plain);
        let is_kept = |byte: &u8| matches!(byte, b'"' | b'\'' | b'}');
        let bytes = before.bytes();
        shown.extend(bytes.map(|byte| {
            if is_kept(&byte) {
                char::from(byte)
            } else {
                '*'
            }
        }));
        let (name, behind) = from.split_at(reference(from));
        shown.push_str(name);
        rest = behind;
    }
    shown
}

/// The length of `$NAME` or `${NAME` at the beginning, with what is told where it is not set, and up to
/// what stands for it then.
fn reference(text: &str) -> usize {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let opening = text.len() - text.trim_start_matches(['$', '{']).len();
    let rest = text.get(opening..).unwrap_or_default();
    let name = rest.len() - rest.trim_start_matches(is_name).len();
    let behind = rest.get(name..).unwrap_or_default();
    let further = if behind.starts_with(":?") || behind.starts_with('?') {
        behind.find('}').unwrap_or(behind.len())
    } else {
        behind.len() - behind.trim_start_matches([':', '-', '+']).len()
    };
    opening + name + further
}

/// What stands behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// One secret. It is a text, and what looks like a mapping is one without its quotes: `{abc`.
    One,
    /// Several, as in `keys`, each with a name of its own.
    Several,
}

/// The length of the text up to the value behind the first name of a secret: `PASSWORD: ` or
/// `"DB_TOKEN" = `.
fn name(text: &str) -> Option<(usize, Holds)> {
    text.match_indices([':', '=']).find_map(|(at, _)| {
        let before = text.get(..at)?.trim_end().trim_end_matches(['"', '\'']);
        let is_part = |letter: char| letter.is_alphanumeric() || "_-.".contains(letter);
        let begin = before.trim_end_matches(is_part).len();
        let name = before.get(begin..)?.to_ascii_uppercase();
        // There is no key in a Valkey.
        let name = name.replace("VALKEY", "");
        let behind = text.get(at + 1..)?;
        let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
        // Behind `=` it is a placeholder: `- CACHE_PASSWORD={password}`.
        let is_placeholder = text.get(at..)?.starts_with('=');
        let holds = if is_placeholder || name.ends_with('S') {
            Holds::Several
        } else {
            Holds::One
        };
        WORDS
            .iter()
            .any(|word| name.contains(word))
            .then_some((at + 1 + blanks, holds))
    })
}

/// The length of what is in braces or brackets; to the end of the line where they are not closed.
fn braces(text: &str) -> usize {
    let line = text.trim_end().len();
    let mut depth = 0_usize;
    let closed = text.bytes().position(|byte| {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    });
    closed.map_or(line, |at| at + 1)
}

/// The length of a value: to its closing quote, or to the end of the line; inside of braces, to the
/// next comma. A mapping or a list is none.
fn value(text: &str, is_whole_line: bool) -> usize {
    let line = text.trim_end().len();
    match text.chars().next() {
        None | Some('{' | '[' | '\r' | '\n') => 0,
        Some(quote @ ('"' | '\'')) => {
            let closed = text.get(1..).and_then(|rest| rest.find(quote));
            closed.map_or(line, |at| at + 2)
        }
        Some(_) if is_whole_line => line,
        Some(_) => text
            .find([',', '}', ']', '"', '\''])
            .unwrap_or(line)
            .min(line),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_shown_with_the_same_places(text in "[-{}\\[\\]:=$?+,'\"/@ \nKEYa\u{e9}]{0,40}") {
            prop_assert_eq!(without_secrets(&text).len(), text.len());
            prop_assert_eq!(without_values(&text).len(), text.len());
        }
    }

    #[test]
    fn every_value_of_an_env_file_is_stars_in_its_place() {
        for (line, shown) in [
            ("PW='hunter2 x\n", "PW=**********\n"),
            ("export PW = wörd\r\n", "export PW =******\r\n"),
            ("PW: a=b\u{a0}c\n", "PW:*******\n"),
            ("PW: a", "PW:**"),
            ("a b=c\n", "*****\n"),
            ("the rest' of it\n", "***************\n"),
            ("# PW=note\n", "# PW=note\n"),
        ] {
            assert_eq!(without_values(line), shown);
            assert_eq!(without_values(line).len(), line.len());
        }
    }

    #[test]
    fn values_behind_the_names_of_secrets_are_stars_in_their_places() {
        for (line, shown) in [
            ("DB_PASSWORD=abc,\"def\n", "DB_PASSWORD=********\n"),
            ("DB_PASSWORD=\"a b\" # note\n", "DB_PASSWORD=***** # note\n"),
            ("  POSTGRES_PASSWORD: a, b", "  POSTGRES_PASSWORD: ****"),
            ("  - API_TOKEN=abc", "  - API_TOKEN=***"),
            ("  - \"API_TOKEN=abc\"", "  - \"API_TOKEN=****"),
            ("{A: b, API_KEY: c, D: [e]}", "{A: b, API_KEY: *, D: [e]}"),
            ("{keys: {namespace: kh}}", "{keys: {namespace: kh}}"),
            ("{API_TOKEN: {a: [b]}, B: c}", "{API_TOKEN: ********, B: c}"),
            ("PASSWORD: {s3cret\n", "PASSWORD: *******\n"),
            ("secrets: [a, b]", "secrets: [a, b]"),
            ("[A_PASSWORD={password}]", "[A_PASSWORD={password}]"),
            ("PASSWORD: ${DB_PASSWORD:?}", "PASSWORD: ${DB_PASSWORD:?}"),
            ("PASSWORD: ${PW?not set} x", "PASSWORD: ${PW?not set}**"),
            ("PASSWORD: '${PW:-s3cret}'", "PASSWORD: '${PW:-******}'"),
            ("PASSWORD: a${A}b$B-c$", "PASSWORD: *${A}*$B-*$"),
            ("PASSWORD: ${A:-${B:-ö}}", "PASSWORD: ${A:-${B:-**}}"),
            (
                "U: 'a://b:c@d', V: 'e://f@g:1'",
                "U: 'a://b:*@d', V: 'e://f@g:1'",
            ),
            ("U: a://b:$PW@d/x:y@z", "U: a://b:$PW@d/x:y@z"),
            ("U: a://{user}:{password}@d", "U: a://{user}:{password}@d"),
            ("PASSWORD: wörd", "PASSWORD: *****"),
            ("image: postgres:15", "image: postgres:15"),
            ("${DEV_VALKEY_PORT:-1}", "${DEV_VALKEY_PORT:-1}"),
            ("VALKEY_PASSWORD: abc", "VALKEY_PASSWORD: ***"),
            ("PASSWORD:\n", "PASSWORD:\n"),
        ] {
            assert_eq!(without_secrets(line), shown);
            assert_eq!(without_secrets(line).len(), line.len());
        }
    }
}
