//! Where a service can be reached, as a URL.
//!
//! Hosts are written as addresses: `localhost` may mean `::1` first, where nothing is published.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use super::reachable;
use crate::model::{Kind, Postgres, Valkey};

/// The service's URL without its password, for people and logs.
pub fn url(kind: &Kind, host_ip: IpAddr, port: u16) -> Option<String> {
    let address = SocketAddr::new(reachable(host_ip), port);
    match kind {
        Kind::Postgres(Postgres {
            login, database, ..
        }) => Some(format!(
            "postgresql://{}@{address}/{}",
            percent_encoded(&login.user),
            percent_encoded(database)
        )),
        Kind::Valkey(Valkey { database, .. }) => Some(format!("redis://{address}/{database}")),
        Kind::S3(_) | Kind::Lakefs(_) | Kind::Http(_) => Some(format!("http://{address}")),
        Kind::Tcp(_) => Some(format!("tcp://{address}")),
        Kind::Exec(_) | Kind::Healthcheck | Kind::Process => None,
    }
}

/// The service's URL with all that is needed to connect, for the application.
pub fn url_with_credentials(kind: &Kind, host_ip: IpAddr, port: u16) -> Option<String> {
    let address = SocketAddr::new(reachable(host_ip), port);
    match kind {
        Kind::Postgres(Postgres {
            login, database, ..
        }) => Some(format!(
            "postgresql://{}:{}@{address}/{}",
            percent_encoded(&login.user),
            percent_encoded(login.password.reveal()),
            percent_encoded(database)
        )),
        Kind::Valkey(Valkey {
            database,
            password: Some(password),
            username,
            ..
        }) => Some(format!(
            "redis://{}:{}@{address}/{database}",
            percent_encoded(username.as_deref().unwrap_or_default()),
            percent_encoded(password.reveal())
        )),
        _ => url(kind, host_ip, port),
    }
}

/// RFC 3986: everything but the unreserved characters is written as its bytes.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").ok(); // a String takes everything
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LoginRole;

    #[test]
    fn a_url_for_people_has_no_password_and_one_for_the_application_is_encoded() {
        let login = LoginRole {
            user: "hub dev".to_owned(),
            password: "p@ss/wörd".into(),
        };
        let kind = Kind::Postgres(Postgres {
            port: 5432,
            login,
            database: "hub".to_owned(),
        });
        let everywhere = IpAddr::from([0, 0, 0, 0]);
        assert_eq!(
            url(&kind, everywhere, 25432).unwrap(),
            "postgresql://hub%20dev@127.0.0.1:25432/hub"
        );
        assert_eq!(
            url_with_credentials(&kind, everywhere, 25432).unwrap(),
            "postgresql://hub%20dev:p%40ss%2Fw%C3%B6rd@127.0.0.1:25432/hub"
        );
    }
}
