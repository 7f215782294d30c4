//! TCP: a connection that stays open.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Readiness;

/// How long a connection must stay open. The engine's port proxy accepts at once, tries the
/// container, and closes when nobody listens there: that takes a millisecond.
const STAYS_OPEN: Duration = Duration::from_millis(30);

pub(super) async fn probe(address: Result<SocketAddr, Readiness>) -> Readiness {
    let address = match address {
        Ok(address) => address,
        Err(readiness) => return readiness,
    };
    let Ok(mut stream) = TcpStream::connect(address).await else {
        return Readiness::NotYet("it does not answer".to_owned());
    };
    let mut first = [0_u8; 1];
    match timeout(STAYS_OPEN, stream.read(&mut first)).await {
        Ok(Ok(0) | Err(_)) => Readiness::NotYet("it closes connections at once".to_owned()),
        // It spoke, or it waits for us to speak.
        Ok(Ok(_)) | Err(_) => Readiness::Ready,
    }
}
