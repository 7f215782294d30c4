//! A request to stop, which anyone who waits can see.

use futures_util::future::{pending, select_all};
use tokio::sync::watch;

/// Whether to stop. Cheap to clone; all clones see the same.
#[derive(Debug, Clone)]
pub struct Stop {
    asked: Vec<watch::Receiver<bool>>,
}

/// Who can ask to stop.
#[derive(Debug)]
pub struct Stopper {
    sender: watch::Sender<bool>,
}

impl Stop {
    /// A request that its stopper can make.
    pub fn new() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(false);
        (
            Stopper { sender },
            Self {
                asked: vec![receiver],
            },
        )
    }

    /// A request that is made when this one is, or when its own stopper makes it.
    #[must_use]
    pub fn nested(&self) -> (Stopper, Self) {
        let (stopper, mut inner) = Self::new();
        inner.asked.extend(self.asked.iter().cloned());
        (stopper, inner)
    }

    /// Whether it was made.
    pub fn is_asked(&self) -> bool {
        self.asked.iter().any(|asked| *asked.borrow())
    }

    /// Waits until it is made.
    pub async fn asked(&self) {
        let waits = self.asked.iter().cloned().map(|mut asked| {
            Box::pin(async move {
                if asked.wait_for(|asked| *asked).await.is_err() {
                    // The stopper is gone and never asked.
                    pending::<()>().await;
                }
            })
        });
        select_all(waits).await;
    }
}

impl Stopper {
    /// Makes the request. Making it twice changes nothing.
    pub fn stop(&self) {
        self.sender.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_nested_stop_is_asked_by_either_stopper() {
        let (outer, stop) = Stop::new();
        let (_inner, nested) = stop.nested();
        assert!(!nested.is_asked());
        outer.stop();
        nested.asked().await;
        assert!(nested.is_asked());

        let (_outer, stop) = Stop::new();
        let (inner, nested) = stop.nested();
        inner.stop();
        nested.asked().await;
        assert!(!stop.is_asked());
    }
}
