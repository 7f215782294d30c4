//! The programs that people talk to a service with, inside its own container.

use crate::engine::ExecRequest;
use crate::model::{Kind, Postgres, Secret, Valkey};

/// A program that comes with an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `psql`, of PostgreSQL.
    Psql,
    /// `valkey-cli`, or the `redis-cli` that an image has instead.
    ValkeyCli,
}

/// `valkey-cli` where the image has it, `redis-cli` elsewhere.
const EITHER: &str =
    r#"command -v valkey-cli >/dev/null && exec valkey-cli "$@"; exec redis-cli "$@""#;

impl Program {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Psql => "psql",
            Self::ValkeyCli => "valkey-cli",
        }
    }

    /// The kind of service it talks to.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Psql => "postgres",
            Self::ValkeyCli => "valkey",
        }
    }
}

/// How the program is run so that it is logged in where the application is; `None` when the
/// service is of another kind. The password is in the command's environment, never in its
/// arguments, which every user of the host can see.
pub fn client(kind: &Kind, program: Program, arguments: &[String]) -> Option<ExecRequest> {
    match (program, kind) {
        (Program::Psql, Kind::Postgres(options)) => Some(psql(options, arguments)),
        (Program::ValkeyCli, Kind::Valkey(options)) => Some(valkey_cli(options, arguments)),
        _ => None,
    }
}

fn psql(options: &Postgres, arguments: &[String]) -> ExecRequest {
    // Over TCP: where the server's socket is depends on the image.
    let environment = [
        ("PGHOST", Secret::new("127.0.0.1")),
        ("PGPORT", Secret::new(options.port.to_string())),
        ("PGUSER", Secret::new(options.login.user.as_str())),
        ("PGPASSWORD", options.login.password.clone()),
        ("PGDATABASE", Secret::new(options.database.as_str())),
    ];
    ExecRequest {
        command: words(&["psql"], arguments),
        environment: owned(environment),
        ..ExecRequest::default()
    }
}

fn valkey_cli(options: &Valkey, arguments: &[String]) -> ExecRequest {
    let (port, database) = (options.port.to_string(), options.database.to_string());
    let mut command = vec![
        "sh",
        "-c",
        EITHER,
        "valkey-cli",
        "-p",
        &port,
        "-n",
        &database,
    ];
    if let Some(user) = &options.username {
        command.extend(["--user", user]);
    }
    let password = options.password.iter();
    let password = password.flat_map(|password| {
        ["VALKEYCLI_AUTH", "REDISCLI_AUTH"].map(|name| (name, password.clone()))
    });
    ExecRequest {
        command: words(&command, arguments),
        environment: owned(password),
        ..ExecRequest::default()
    }
}

fn words(first: &[&str], further: &[String]) -> Vec<String> {
    let first = first.iter().map(|word| (*word).to_owned());
    first.chain(further.iter().cloned()).collect()
}

fn owned(variables: impl IntoIterator<Item = (&'static str, Secret)>) -> Vec<(String, Secret)> {
    let owned = |(name, value): (&str, Secret)| (name.to_owned(), value);
    variables.into_iter().map(owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LoginRole;

    #[test]
    fn a_password_is_in_the_environment_and_never_in_the_arguments() {
        let postgres = Kind::Postgres(Postgres {
            port: 5432,
            login: LoginRole {
                user: "hub".to_owned(),
                password: Secret::new("hunter2"),
            },
            database: "hub_db".to_owned(),
        });
        let valkey = Kind::Valkey(Valkey {
            password: Some(Secret::new("hunter2")),
            username: Some("app".to_owned()),
            database: 3,
            ..Valkey::at(6379)
        });
        let psql = client(&postgres, Program::Psql, &["-l".to_owned()]).unwrap();
        assert_eq!(psql.command, ["psql", "-l"]);
        let cli = client(&valkey, Program::ValkeyCli, &["info".to_owned()]).unwrap();
        assert_eq!(
            cli.command[3..],
            [
                "valkey-cli",
                "-p",
                "6379",
                "-n",
                "3",
                "--user",
                "app",
                "info"
            ]
        );
        for request in [psql, cli] {
            assert!(!request.command.join(" ").contains("hunter2"));
            assert!(!format!("{request:?}").contains("hunter2"));
            let given = |(_, value): &(String, Secret)| value.reveal() == "hunter2";
            assert!(request.environment.iter().any(given));
        }
        assert_eq!(client(&postgres, Program::ValkeyCli, &[]), None);
    }
}
