//! Values of arguments, read.

use std::time::Duration;

use crate::model::ServiceName;

pub(super) fn service_name(text: &str) -> Result<ServiceName, String> {
    ServiceName::new(text).map_err(|error| error.to_string())
}

/// `90`, `90s`, `2m`, `1m30s`, `500ms`: a bare number is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    // A longer one reaches past the end of the clock when it is added to the present.
    const LONGEST: Duration = Duration::from_hours(365 * 24);
    let found = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let span: jiff::SignedDuration = text
            .parse()
            .map_err(|error: jiff::Error| format!("{error}; write `90s` or `1m30s`"))?;
        Duration::try_from(span).map_err(|_negative| "it is negative".to_owned())?
    };
    if found > LONGEST {
        return Err("it is longer than a year".to_owned());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(duration("soon").is_err());
        assert!(duration("-1s").is_err());
        assert!(duration("18446744073709551615").is_err());
    }
}
