//! The one command that the engine can run.

use bytes::BytesMut;
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, duplex};

use crate::engine::{Attached, Chunk, ExecId, LogStream};

/// What it reads, it writes.
pub(super) fn cat(id: ExecId) -> Attached {
    let (near, far) = duplex(1024);
    let output = stream::unfold(far, |mut far| async move {
        let mut bytes = BytesMut::with_capacity(1024);
        let read = far.read_buf(&mut bytes).await;
        read.ok().filter(|&read| read > 0)?;
        let stream = LogStream::Stdout;
        let bytes = bytes.freeze();
        Some((Ok(Chunk { stream, bytes }), far))
    });
    Attached {
        id,
        input: Box::pin(near),
        output: output.boxed(),
    }
}
