//! Sizes in bytes.

use std::fmt;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(pub u64);

/// A text that is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a size: a number with `b`, `k`, `m` or `g` behind it, such as `256mb`")]
pub struct SizeError(String);

impl ByteSize {
    /// Reads a size by Compose's rule, which is Valkey's `mb` too: `2b`, `1024kb`, `300m`, `1gb`.
    /// Units are powers of 1024 and a bare number is bytes.
    ///
    /// # Errors
    ///
    /// When the text is not a number with such a unit, or is too large for 64 bits.
    pub fn parse(text: &str) -> Result<Self, SizeError> {
        let wrong = || SizeError(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        let digits = lower.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
        let factor: u64 = match lower.strip_prefix(digits).unwrap_or_default() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            "t" | "tb" | "tib" => 1 << 40,
            _ => return Err(wrong()),
        };
        let number: u64 = digits.trim_end().parse().ok().ok_or_else(wrong)?;
        number.checked_mul(factor).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for ByteSize {
    /// Two or three significant digits and a binary unit: `0 B`, `1.5 KiB`, `256 MiB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let mut value = self.0 as f64 / 1024.0;
        let mut units = UNITS.iter();
        let mut unit = units.next().unwrap_or(&"KiB");
        while value >= 1023.95 {
            let Some(next) = units.next() else { break };
            value /= 1024.0;
            unit = next;
        }
        if value < 9.95 && (value - value.round()).abs() >= 0.05 {
            write!(f, "{value:.1} {unit}")
        } else {
            write!(f, "{value:.0} {unit}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_by_composes_rule() {
        assert_eq!(ByteSize::parse("256mb"), Ok(ByteSize(256 << 20)));
        assert_eq!(ByteSize::parse("1G"), Ok(ByteSize(1 << 30)));
        assert_eq!(ByteSize::parse("64"), Ok(ByteSize(64)));
        for wrong in ["", "mb", "1.5g", "-1", "12x", "99999999999999999999g"] {
            assert!(ByteSize::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_shown_for_people() {
        let shown = |bytes| ByteSize(bytes).to_string();
        assert_eq!(shown(0), "0 B");
        assert_eq!(shown(1536), "1.5 KiB");
        assert_eq!(shown(256 << 20), "256 MiB");
        assert_eq!(shown((1 << 20) - 1), "1 MiB");
    }
}
