//! Small words that sentences are put together from.

use std::fmt::Display;
use std::time::Duration;

/// "1 container", "2 containers", "2 misses".
pub fn count<N: Copy + Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    if number == N::from(1) {
        format!("1 {noun}")
    } else {
        let ending = if noun.ends_with('s') { "es" } else { "s" };
        format!("{} {noun}{ending}", grouped(number))
    }
}

/// "999", "1,234,567".
pub fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "`a`", "`a` and `b`", "`a`, `b`, and `c`".
pub fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("`{item}`")).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
    }
}

/// "40 ms", "1.3 s", "2 min 5 s".
pub fn seconds(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{:.1} s", duration.as_secs_f64()),
        _ => format!(
            "{} min {} s",
            duration.as_secs() / 60,
            duration.as_secs() % 60
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_lists_read_like_english() {
        assert_eq!(count(1, "container"), "1 container");
        assert_eq!(count(0, "container"), "0 containers");
        assert_eq!(count(1_234_567, "key"), "1,234,567 keys");
        assert_eq!(count(2, "miss"), "2 misses");
        assert_eq!(count(123_u64, "key"), "123 keys");
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b"]), "`a` and `b`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b`, and `c`");
    }

    #[test]
    fn durations_have_the_unit_that_fits() {
        assert_eq!(seconds(Duration::from_millis(40)), "40 ms");
        assert_eq!(seconds(Duration::from_millis(1250)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }
}
