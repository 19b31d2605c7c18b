// SPDX-License-Identifier: MPL-2.0
//! [`Relay`]: what the frames of a stream hand on to the next, in their order, where several are
//! restored side by side.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::smoothing::Smoothing;

/// What a frame leaves to the next.
#[derive(Clone, Debug, Default)]
pub struct Carried {
    pub smoothing: Smoothing,
    /// Whether a doubt about the settings was reported: once is enough.
    pub doubted: bool,
}

/// What the frames of a stream hand on. A clone is the same stream.
#[derive(Clone, Default)]
pub struct Relay(Arc<Shared>);

#[derive(Default)]
struct Shared {
    line: Mutex<Line>,
    passed: Condvar,
}

#[derive(Default)]
struct Line {
    /// Places that were given out.
    places: u64,
    /// The first of them that has not passed on.
    turn: u64,
    carried: Carried,
}

impl Relay {
    /// The place of the next frame.
    pub fn place(&self) -> Place {
        let mut line = self.0.line.lock();
        line.places += 1;
        Place {
            relay: self.clone(),
            number: line.places - 1,
            before: None,
            own: None,
            passed: false,
        }
    }

    /// Forgets the noise and the compression so far. No frame has a place meanwhile.
    pub fn forget(&self) {
        self.0.line.lock().carried.smoothing = Smoothing::default();
    }
}

/// The place of a frame in the order of its stream. A frame whose place is dropped has passed on
/// what it got.
pub struct Place {
    relay: Relay,
    number: u64,
    /// What the frame before left, once its turn has come.
    before: Option<Carried>,
    /// What it leaves itself, while it is at that.
    own: Option<Carried>,
    passed: bool,
}

impl Place {
    /// What the frame before left, to be changed. It waits until all frames before have passed it
    /// on; at a second try of the same frame it is what it was at the first.
    pub fn carried(&mut self) -> &mut Carried {
        let (relay, number) = (&self.relay, self.number);
        let before = self.before.get_or_insert_with(|| relay.wait(number));
        self.own.get_or_insert_with(|| before.clone())
    }

    /// Passes on what the frame leaves; from here on the next one goes on. The first time counts.
    pub fn pass(&mut self) {
        let own = self.own.take();
        if !self.passed {
            self.passed = true;
            self.relay.pass(self.number, own);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pass();
    }
}

impl Relay {
    /// What is carried, once it is the turn of a place.
    fn wait(&self, number: u64) -> Carried {
        let mut line = self.0.line.lock();
        self.0
            .passed
            .wait_while(&mut line, |line| line.turn < number);
        line.carried.clone()
    }

    fn pass(&self, number: u64, own: Option<Carried>) {
        let mut line = self.0.line.lock();
        self.0
            .passed
            .wait_while(&mut line, |line| line.turn < number);
        line.turn = number + 1;
        if let Some(own) = own {
            line.carried = own;
        }
        self.0.passed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_take_turns_in_the_order_of_their_places() {
        let relay = Relay::default();
        let mut places: Vec<Place> = (0..8).map(|_| relay.place()).collect();
        let doubted = std::thread::scope(|scope| {
            // The last begins first, and waits.
            let threads: Vec<_> = std::iter::from_fn(|| places.pop())
                .map(|mut place| {
                    scope.spawn(move || {
                        let before = place.carried().doubted;
                        place.carried().doubted = place.number >= 3;
                        place.pass();
                        (place.number, before)
                    })
                })
                .collect();
            let ends = threads.into_iter().map(|t| t.join().expect("no panic"));
            ends.collect::<Vec<_>>()
        });
        for (number, before) in doubted {
            assert_eq!(before, number > 3, "{number}");
        }
    }

    #[test]
    fn a_place_that_is_dropped_holds_nobody_up() {
        let relay = Relay::default();
        let (first, second, mut third) = (relay.place(), relay.place(), relay.place());
        std::thread::scope(|scope| {
            scope.spawn(move || drop(second));
            scope.spawn(move || {
                let mut first = first;
                first.carried().doubted = true;
            });
            assert!(third.carried().doubted, "as the first left it");
        });
    }

    #[test]
    fn a_second_try_begins_as_the_first_did() {
        let relay = Relay::default();
        let mut place = relay.place();
        place.carried().doubted = true;
        place.pass();
        assert!(!place.carried().doubted);
        place.carried().doubted = false;
        place.pass();
        assert!(
            relay.place().carried().doubted,
            "the first try is what counts"
        );
    }
}
