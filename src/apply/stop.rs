//! A request to stop, which anyone who waits can see.

use futures_util::future::{pending, select_all};
use tokio::sync::watch;

/// Whether to stop. Cheap to clone; all clones see the same.
#[derive(Debug, Clone)]
pub struct Stop {
    asked: Vec<watch::Receiver<Asked>>,
}

/// Who can ask to stop.
#[derive(Debug)]
pub struct Stopper {
    sender: watch::Sender<Asked>,
}

/// How urgent a stop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    No,
    /// What is under way may end in order.
    Yes,
    /// Nothing may take any more time.
    AtOnce,
}

impl Stop {
    /// A request that its stopper can make.
    pub fn new() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(Asked::No);
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
        self.asked.iter().any(|asked| *asked.borrow() >= Asked::Yes)
    }

    /// Waits until it is made.
    pub async fn asked(&self) {
        self.at_least(Asked::Yes).await;
    }

    /// Waits until it is made again, by who does not want to wait.
    pub async fn insisted(&self) {
        self.at_least(Asked::AtOnce).await;
    }

    async fn at_least(&self, wanted: Asked) {
        let waits = self.asked.iter().cloned().map(|mut asked| {
            Box::pin(async move {
                if asked.wait_for(|asked| *asked >= wanted).await.is_err() {
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
        self.make(Asked::Yes);
    }

    /// Makes the request again: what would still take its time is cut short.
    pub fn insist(&self) {
        self.make(Asked::AtOnce);
    }

    fn make(&self, request: Asked) {
        self.sender.send_if_modified(|asked| {
            let more = request > *asked;
            *asked = request.max(*asked);
            more
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

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

    #[tokio::test]
    async fn who_insists_asks_as_well_and_asking_again_takes_nothing_back() {
        let (stopper, stop) = Stop::new();
        stopper.stop();
        assert!(stop.insisted().now_or_never().is_none());
        stopper.insist();
        stopper.stop();
        stop.asked().await;
        stop.insisted().await;
    }
}
