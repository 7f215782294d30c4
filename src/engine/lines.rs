//! Lines of output, put together from chunks that end anywhere.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem;

use super::{Chunk, LogStream};

/// A line with its end, and the stream it was written to.
pub type Line = (LogStream, Vec<u8>);

/// Complete lines, and what has come of the next ones: each of the two streams has its own.
#[derive(Debug, Default)]
pub struct Lines {
    complete: VecDeque<Line>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Lines {
    /// Takes what has been written.
    pub fn feed(&mut self, chunk: &Chunk) {
        for piece in chunk.bytes.split_inclusive(|&byte| byte == b'\n') {
            let buffer = self.buffer(chunk.stream);
            buffer.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = mem::take(buffer);
                self.complete.push_back((chunk.stream, line));
            }
        }
    }

    /// Whether a line of this stream has begun that has no end yet.
    pub fn is_open(&self, stream: LogStream) -> bool {
        match stream {
            LogStream::Stdout => !self.stdout.is_empty(),
            LogStream::Stderr => !self.stderr.is_empty(),
        }
    }

    /// Nothing more will be written: what has no end is a line too.
    pub fn end(&mut self) {
        for stream in [LogStream::Stdout, LogStream::Stderr] {
            let rest = mem::take(self.buffer(stream));
            if !rest.is_empty() {
                self.complete.push_back((stream, rest));
            }
        }
    }

    fn buffer(&mut self, stream: LogStream) -> &mut Vec<u8> {
        match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        }
    }
}

/// The complete lines, each once.
impl Iterator for Lines {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        self.complete.pop_front()
    }
}

/// The line without its end.
pub fn text(line: &[u8]) -> Cow<'_, str> {
    let end = line
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r'))
        .map_or(0, |last| last + 1);
    String::from_utf8_lossy(line.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: &'static str) -> Chunk {
        Chunk {
            stream: LogStream::Stdout,
            bytes: text.into(),
        }
    }

    #[test]
    fn lines_are_put_together_from_chunks_that_end_anywhere() {
        let mut lines = Lines::default();
        lines.feed(&chunk("he"));
        assert_eq!(lines.next(), None);
        lines.feed(&chunk("llo\r\n\nlast"));
        let complete: Vec<Line> = lines.by_ref().collect();
        let complete: Vec<_> = complete.iter().map(|(_, line)| text(line)).collect();
        assert_eq!(complete, ["hello", ""]);
        lines.end();
        assert_eq!(lines.next(), Some((LogStream::Stdout, b"last".to_vec())));
    }
}
