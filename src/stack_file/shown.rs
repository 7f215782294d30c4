//! Source lines as they are shown beside a problem: without what stands behind the name of a secret.

/// Parts of a name that say that its value is a secret.
const WORDS: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL"];

/// The text with the same places for everything, and stars for values whose names say that they are
/// secrets. What is not written out (`${DB_PASSWORD}`) is none.
pub(super) fn without_secrets(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.map(hidden).collect()
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
    while let Some(length) = name(rest) {
        let (before, after) = rest.split_at(length);
        let is_first = shown.trim_matches([' ', '-', '"', '\'']).is_empty();
        shown.push_str(before);
        let value = value(after, is_first && !before.contains(['{', ',']));
        let (value, behind) = after.split_at(value);
        if value.contains('$') {
            shown.push_str(value);
        } else {
            // A star for each byte: places are told in bytes.
            shown.extend(value.bytes().map(|_| '*'));
        }
        rest = behind;
    }
    shown + rest
}

/// The length of the text up to the value behind the first name of a secret: `PASSWORD: ` or
/// `"DB_TOKEN" = `.
fn name(text: &str) -> Option<usize> {
    text.match_indices([':', '=']).find_map(|(at, _)| {
        let before = text.get(..at)?.trim_end().trim_end_matches(['"', '\'']);
        let is_part = |letter: char| letter.is_alphanumeric() || "_-.".contains(letter);
        let begin = before.trim_end_matches(is_part).len();
        let name = before.get(begin..)?.to_ascii_uppercase();
        let behind = text.get(at + 1..)?;
        let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
        WORDS
            .iter()
            .any(|word| name.contains(word))
            .then_some(at + 1 + blanks)
    })
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
    use super::*;

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
            ("PASSWORD: ${DB_PASSWORD:?}", "PASSWORD: ${DB_PASSWORD:?}"),
            ("PASSWORD: wörd", "PASSWORD: *****"),
            ("image: postgres:15", "image: postgres:15"),
            ("PASSWORD:\n", "PASSWORD:\n"),
        ] {
            assert_eq!(without_secrets(line), shown);
            assert_eq!(without_secrets(line).len(), line.len());
        }
    }
}
