//! What INFO says.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The fields of INFO.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Info(BTreeMap<String, String>);

/// How many keys a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keyspace {
    /// All of them.
    pub keys: u64,
    /// Those that expire.
    pub expires: u64,
}

impl Info {
    /// Reads the lines of an answer; what is no field is left out.
    pub fn parse(text: &str) -> Self {
        let fields = text.lines().filter_map(|line| line.trim().split_once(':'));
        Self(
            fields
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// A field's text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A field's number.
    pub fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// Whether a field is `1`.
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name) == Some("1")
    }

    /// The id of the server's process: a new one at each start.
    pub fn run_id(&self) -> Option<&str> {
        self.get("run_id")
    }

    /// "Valkey 8.1.1", "Redis 7.0.15"; `None` when it says no version.
    pub fn server(&self) -> Option<String> {
        match (self.get("valkey_version"), self.get("redis_version")) {
            (Some(version), _) => Some(format!("Valkey {version}")),
            (None, Some(version)) => Some(format!("Redis {version}")),
            (None, None) => None,
        }
    }

    /// The keys of a database; an empty one has no line.
    pub fn keyspace(&self, database: u16) -> Keyspace {
        let line = self.get(&format!("db{database}")).unwrap_or_default();
        let number = |wanted: &str| {
            line.split(',')
                .filter_map(|part| part.split_once('='))
                .find(|(name, _)| *name == wanted)
                .and_then(|(_, value)| value.parse().ok())
                .unwrap_or_default()
        };
        Keyspace {
            keys: number("keys"),
            expires: number("expires"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let info = Info::parse(
            "# Persistence\r\nasync_loading:0\r\nloading:1\r\nloading_loaded_perc:12.50\r\n",
        );
        assert!(info.is_set("loading"));
        assert_eq!(info.number("loading_loaded_perc"), Some(12.5));
        assert_eq!(info.get("nothing"), None);
    }

    #[test]
    fn a_database_without_keys_has_no_line() {
        let info = Info::parse("db0:keys=12,expires=7,avg_ttl=1\r\n");
        let expected = Keyspace {
            keys: 12,
            expires: 7,
        };
        assert_eq!(info.keyspace(0), expected);
        assert_eq!(info.keyspace(1), Keyspace::default());
    }

    #[test]
    fn valkey_says_that_it_is_redis_too() {
        let info = Info::parse("redis_version:7.2.4\r\nvalkey_version:8.1.1\r\n");
        assert_eq!(info.server().as_deref(), Some("Valkey 8.1.1"));
        let info = Info::parse("redis_version:7.0.15\r\n");
        assert_eq!(info.server().as_deref(), Some("Redis 7.0.15"));
    }
}
