//! Takes secrets out of text, in whatever form it has them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::kinds::{percent_encoded, says_secret};
use crate::model::Secret;

/// What is shorter is in too many texts that have nothing to do with it.
const SHORTEST: usize = 3;
/// From this length on, what is no word by itself is hidden inside of words too.
const UNMISTAKABLE: usize = 8;

/// Secrets that must not be seen.
#[derive(Debug, Default)]
pub struct Mask {
    /// The longest first: one may be part of another.
    needles: Vec<Needle>,
    /// The bytes that they begin with: a log has many letters that none does.
    heads: BTreeSet<u8>,
}

/// A form of a secret.
#[derive(Debug, PartialEq, Eq)]
struct Needle {
    text: Secret,
    place: Place,
}

/// Where a form is taken for the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Anywhere.
    Everywhere,
    /// Where it is a word: not inside of a name or a path, which may have it by chance.
    AsWord,
    /// Where a secret stands by what is in front: `PASSWORD=…`, `"token": "…"`, `--secret-key …`, and
    /// behind the user of a URL.
    AsSecret,
}

impl Mask {
    /// Hides these, and everything that a program makes of them on the way to a text: lines of one
    /// that has several, and what is percent-encoded, base64, or escaped for JSON and shells.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut mask = Self::default();
        mask.add(secrets, place);
        mask
    }

    /// Hides these as well, but only where a secret stands: they are names that everybody may see, and
    /// a text without them is of no use.
    #[must_use]
    pub fn and_alike(mut self, names: impl IntoIterator<Item = Secret>) -> Self {
        self.add(names, |_form| Place::AsSecret);
        self
    }

    fn add(&mut self, secrets: impl IntoIterator<Item = Secret>, place: impl Fn(&str) -> Place) {
        let secrets = secrets.into_iter();
        let forms = secrets.flat_map(|secret| forms(secret.reveal()));
        let forms = forms.filter(|form| !form.is_empty());
        self.needles.extend(forms.map(|form| Needle {
            place: place(&form),
            text: Secret::new(form),
        }));
        let order = |needle: &Needle| {
            let text = needle.text.reveal();
            (Reverse(text.len()), text.to_owned(), needle.place)
        };
        self.needles.sort_by_cached_key(order);
        self.needles.dedup();
        let texts = self.needles.iter().map(|needle| needle.text.reveal());
        self.heads = texts.filter_map(|text| text.bytes().next()).collect();
    }

    /// The text without them.
    pub fn apply(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let found = self.needle_at(text, text.len() - rest.len());
            let length = found.map_or(first.len_utf8(), |needle| needle.text.reveal().len());
            let (taken, behind) = rest.split_at(length);
            match found {
                Some(needle) => masked.push_str(&needle.text.to_string()),
                None => masked.push_str(taken),
            }
            rest = behind;
        }
        masked
    }

    fn needle_at(&self, text: &str, at: usize) -> Option<&Needle> {
        let head = text.as_bytes().get(at)?;
        if !self.heads.contains(head) {
            return None;
        }
        self.needles.iter().find(|needle| needle.is_at(text, at))
    }

    /// The document without them. Its keys are ours, and stay.
    #[must_use]
    pub fn apply_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.apply(text)),
            Value::Array(items) => items.iter().map(|one| self.apply_json(one)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(key, one)| (key.clone(), self.apply_json(one)))
                .collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

impl Needle {
    /// Whether the text has it at this place.
    fn is_at(&self, text: &str, at: usize) -> bool {
        let Some((before, from)) = text.split_at_checked(at) else {
            return false;
        };
        let Some(behind) = from.strip_prefix(self.text.reveal()) else {
            return false;
        };
        let joins = |letter: char| letter.is_alphanumeric() || "_-./".contains(letter);
        // A full stop ends a sentence more often than it joins two parts of a name.
        let ends = |behind: &str| !behind.trim_start_matches('.').starts_with(joins);
        match self.place {
            Place::Everywhere => true,
            Place::AsWord => !before.ends_with(joins) && ends(behind),
            Place::AsSecret if behind.starts_with('@') => is_login(before),
            Place::AsSecret => is_assigned(before) && ends(behind),
        }
    }
}

/// Whether what follows is the password in `scheme://user:password@host`.
fn is_login(before: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next();
    let user = word.and_then(|word| word.rsplit_once("://"));
    user.is_some_and(|(_, user)| user.ends_with(':') && !user.contains(['/', '@']))
}

/// Whether what follows is the value of something whose name says that it is a secret.
fn is_assigned(before: &str) -> bool {
    let is_quote = ['"', '\'', '\\'];
    let unquoted = before.trim_end_matches(is_quote);
    let separated = unquoted.trim_end_matches(' ');
    let sets = separated.strip_suffix(['=', ':']);
    let name = sets.unwrap_or(separated).trim_end_matches(is_quote);
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    let begin = name.trim_end_matches(is_part).len();
    let (_, name) = name.split_at(begin);
    let is_option = name.starts_with('-') && separated.len() < unquoted.len();
    (sets.is_some() || is_option) && says_secret(name)
}

/// A very short one is there by chance everywhere. A long one of mixed characters is never there by
/// chance; a short one may be, and so may one that is made of words.
fn place(form: &str) -> Place {
    let is_wordlike = |letter: char| letter.is_alphabetic() || "_-. ".contains(letter);
    let is_number = form.chars().all(|letter| letter.is_ascii_digit());
    if form.len() < SHORTEST {
        Place::AsSecret
    } else if form.len() < UNMISTAKABLE || is_number || form.chars().all(is_wordlike) {
        Place::AsWord
    } else {
        Place::Everywhere
    }
}

/// Everything that a secret may look like.
fn forms(secret: &str) -> Vec<String> {
    let lines = secret.lines().map(str::trim).map(str::to_owned);
    let mut forms: Vec<String> = lines.collect();
    forms.push(secret.to_owned());
    let plain = forms.clone();
    for text in plain {
        let encoded = percent_encoded(&text);
        forms.push(lower_case_codes(&encoded));
        forms.push(encoded.replace("%20", "+"));
        forms.push(encoded);
        forms.push(BASE64_STANDARD_NO_PAD.encode(&text));
        forms.push(BASE64_URL_SAFE_NO_PAD.encode(&text));
        let json = Value::from(text.as_str()).to_string();
        forms.push(json.trim_matches('"').to_owned());
        forms.push(text.replace('\'', r"'\''"));
        forms.push(with_backslashes(&text, |letter| "\\\"$`".contains(letter)));
        forms.push(with_backslashes(&text, |letter| {
            letter.is_ascii() && !letter.is_ascii_alphanumeric() && !"_-./,:@%+".contains(letter)
        }));
    }
    forms
}

fn with_backslashes(text: &str, escapes: impl Fn(char) -> bool) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if escapes(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// `%2F` as `%2f`.
fn lower_case_codes(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower.push('%');
        lower.push_str(&code.to_ascii_lowercase());
        lower.push_str(rest);
    }
    lower
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(secret: &str, text: &str) -> String {
        Mask::new([Secret::new(secret)]).apply(text)
    }

    #[test]
    fn a_secret_that_is_part_of_another_leaves_no_rest_of_it() {
        let mask = Mask::new(["hunter2", "hunter2hunter2", "ab"].map(Secret::new));
        let text = mask.apply("postgres://u:hunter2hunter2@h/d, hunter2, ab");
        assert_eq!(text, "postgres://u:<redacted>@h/d, <redacted>, ab");
    }

    #[test]
    fn every_form_of_a_secret_is_hidden() {
        let secret = "p@ss wörd/'\"$1\\";
        for form in [
            secret,
            // Percent-encoded, by two customs, and as a form's field.
            "p%40ss%20w%C3%B6rd%2F%27%22%241%5C",
            "p%40ss%20w%c3%b6rd%2f%27%22%241%5c",
            "p%40ss+w%C3%B6rd%2F%27%22%241%5C",
            // In JSON.
            r#"p@ss wörd/'\"$1\\"#,
            // In a shell's single quotes, in its double quotes, and without any.
            r#"p@ss wörd/'\''"$1\"#,
            r#"p@ss wörd/'\"\$1\\"#,
            r#"p@ss\ wörd/\'\"\$1\\"#,
            // In base64.
            "cEBzcyB3w7ZyZC8nIiQxXA",
        ] {
            let text = format!("x={form};");
            assert_eq!(masked(secret, &text), "x=<redacted>;", "{form}");
        }
    }

    #[test]
    fn every_line_of_a_secret_is_hidden() {
        let key = "-----BEGIN KEY-----\nMIIB0001\nMIIB0002\n-----END KEY-----\n";
        assert_eq!(
            masked(key, "log: MIIB0002 is bad"),
            "log: <redacted> is bad"
        );
        assert_eq!(
            masked(key, &json!({ "key": key }).to_string()),
            "{\"key\":\"<redacted>\"}"
        );
    }

    #[test]
    fn a_short_or_wordlike_secret_leaves_names_and_paths_alone() {
        for (secret, text, left) in [
            (
                "app",
                "app: application app-1 in /srv/app/data",
                "<redacted>: application app-1 in /srv/app/data",
            ),
            (
                "1234",
                "port 12345, pid 1234.",
                "port 12345, pid <redacted>.",
            ),
            (
                "password",
                "password_encryption is on",
                "password_encryption is on",
            ),
            (
                "password",
                "login with password=password failed",
                "login with <redacted>=<redacted> failed",
            ),
            (
                "s3cret",
                "redis://:s3cret@127.0.0.1",
                "redis://:<redacted>@127.0.0.1",
            ),
            ("s3cret-and-long", "xs3cret-and-longx", "x<redacted>x"),
            ("ab", "ab", "ab"),
        ] {
            assert_eq!(masked(secret, text), left, "{secret}");
        }
    }

    /// In a name that everybody sees, and in two letters that every text has.
    #[test]
    fn a_secret_that_is_a_name_or_very_short_is_hidden_where_a_secret_stands() {
        let of_name = Mask::default().and_alike(["shop"].map(Secret::new));
        let short = Mask::new([Secret::new("sh")]);
        for (mask, secret) in [(&of_name, "shop"), (&short, "sh")] {
            for (text, left) in [
                ("postgres://¤:¤@db/¤", "postgres://¤:<>@db/¤"),
                ("redis://:¤@127.0.0.1:6379", "redis://:<>@127.0.0.1:6379"),
                ("DB_PASSWORD=¤ DB_USER=¤", "DB_PASSWORD=<> DB_USER=¤"),
                ("DB_PASSWORD='¤'", "DB_PASSWORD='<>'"),
                ("secret_key: ¤,", "secret_key: <>,"),
                (
                    r#"{"apiToken": "¤","db":"¤"}"#,
                    r#"{"apiToken": "<>","db":"¤"}"#,
                ),
                (r#"\"password\":\"¤\""#, r#"\"password\":\"<>\""#),
                (
                    "mc --secret-key ¤ --bucket ¤",
                    "mc --secret-key <> --bucket ¤",
                ),
                ("password=¤-2 or ¤.d", "password=¤-2 or ¤.d"),
                ("PASSWORD_FILE=¤", "PASSWORD_FILE=¤"),
                ("¤: user ¤ at host ¤@h:1", "¤: user ¤ at host ¤@h:1"),
                ("password for ¤ is wrong", "password for ¤ is wrong"),
            ] {
                let written = |text: &str| text.replace('¤', secret);
                let left = written(left).replace("<>", "<redacted>");
                assert_eq!(mask.apply(&written(text)), left, "{text}");
            }
        }
    }

    #[test]
    fn a_document_is_masked_before_it_is_escaped() {
        let mask = Mask::new([Secret::new("app")]);
        let document = mask.apply_json(&json!({"app": ["one\napp", 1, null]}));
        assert_eq!(document, json!({"app": ["one\n<redacted>", 1, null]}));
    }
}
