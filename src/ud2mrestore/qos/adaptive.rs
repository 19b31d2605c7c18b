// SPDX-License-Identifier: MPL-2.0
//! How much work a frame may cost under overload-policy=fewer-steps. It is given
//! numbers, and calls no GStreamer.
//!
//! It goes down at once to what the measured load allows, and
//! waits until the effect shows. It goes up by one step at a time, where that leaves room, and
//! waits longer after each step up that proved too much.

/// Frames until the effect of a change shows in what is measured.
const SETTLING: u32 = 4;
/// Frames in time before more is tried, at first.
const PATIENCE: u32 = 8;
/// The same, at most.
const LONGEST_PATIENCE: u32 = 256;
/// The load that is expected after going up must stay below this.
const HIGHEST_LOAD: f64 = 0.85;

/// The work on a frame: each sample takes all the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    pub steps: u32,
    pub samples: u32,
    /// The fewest samples that the output can be made of.
    pub fewest: u32,
}

impl Work {
    fn cost(self) -> f64 {
        f64::from(self.steps) * f64::from(self.samples)
    }
}

/// The work that fits into the time.
#[derive(Debug)]
pub struct Adaptive {
    /// Steps that a frame may take, with the fewest samples; `None`: all that is wanted.
    limit: Option<u32>,
    /// Frames since the limit changed.
    since_change: u32,
    /// Frames in time, one after the other, since then.
    in_time: u32,
    /// Frames in time before more is tried.
    patience: u32,
    /// Whether the last change went up.
    raised: bool,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self {
            limit: None,
            since_change: 0,
            in_time: 0,
            patience: PATIENCE,
            raised: false,
        }
    }
}

impl Adaptive {
    /// The work of the next frame. `late`: how much too slow downstream finds the stream, where the
    /// frame is late. `load`: the time that frames take here over the time between them.
    pub fn next(&mut self, wanted: Work, late: Option<f64>, load: f64) -> Work {
        self.since_change = self.since_change.saturating_add(1);
        self.in_time = if late.is_some() {
            0
        } else {
            self.in_time.saturating_add(1)
        };
        match late {
            Some(proportion) if self.limit.is_none() || self.since_change > SETTLING => {
                self.lower(wanted, proportion.max(load));
            }
            None if self.limit.is_some() && self.in_time > self.patience => {
                self.raise(wanted, load)
            }
            _ => {}
        }
        self.within_limit(wanted)
    }

    fn within_limit(&self, wanted: Work) -> Work {
        match self.limit {
            None => wanted,
            Some(limit) => Work {
                steps: wanted.steps.min(limit),
                samples: wanted.samples.min(wanted.fewest),
                ..wanted
            },
        }
    }

    fn lower(&mut self, wanted: Work, load: f64) {
        let now = self.within_limit(wanted);
        // Samples go first: fewer of them are less work already.
        let most = if now.samples > wanted.fewest {
            now.steps
        } else {
            now.steps.saturating_sub(1)
        };
        let fits = now.cost() / load.max(1.0) / f64::from(wanted.fewest.max(1));
        if self.raised {
            self.patience = (2 * self.patience).min(LONGEST_PATIENCE);
        }
        self.change(Some((fits as u32).min(most).max(1)));
        self.raised = false;
    }

    fn raise(&mut self, wanted: Work, load: f64) {
        let now = self.within_limit(wanted);
        let steps = now.steps + 1;
        let (limit, next) =
            if steps > wanted.steps || (steps == wanted.steps && wanted.samples <= wanted.fewest) {
                (None, wanted)
            } else {
                (Some(steps), Work { steps, ..now })
            };
        if load * next.cost() / now.cost() < HIGHEST_LOAD {
            self.change(limit);
            self.raised = true;
        }
    }

    fn change(&mut self, limit: Option<u32>) {
        self.limit = limit;
        self.since_change = 0;
        self.in_time = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn work(steps: u32, samples: u32) -> Work {
        Work {
            steps,
            samples,
            fewest: 1,
        }
    }

    /// Costs of `frames` frames, where one step takes `step` of the time between two frames, and a
    /// backlog is late.
    fn play(adaptive: &mut Adaptive, wanted: Work, step: f64, frames: usize) -> Vec<f64> {
        let (mut behind, mut load) = (0.0f64, 0.0);
        (0..frames)
            .map(|_| {
                let late = (behind > 1.0).then_some(load);
                let done = adaptive.next(wanted, late, load);
                load = step * done.cost();
                behind = (behind + load - 1.0).max(0.0);
                done.cost()
            })
            .collect()
    }

    #[test]
    fn a_stream_in_time_is_never_touched() {
        let costs = play(&mut Adaptive::default(), work(3, 2), 0.15, 100);
        assert!(costs.iter().all(|c| *c == 6.0), "{costs:?}");
    }

    #[test]
    fn it_settles_at_the_most_steps_that_keep_up() {
        for (step, wanted, settled) in [
            (0.4, work(3, 1), 2.0),
            (0.8, work(3, 1), 1.0),
            (0.15, work(10, 1), 6.0),
            (5.0, work(3, 1), 1.0),
            (0.3, work(2, 8), 2.0),
        ] {
            let costs = play(&mut Adaptive::default(), wanted, step, 1200);
            let last = &costs[costs.len() - 200..];
            assert!(last.iter().all(|c| *c == settled), "{step}: {last:?}");
        }
    }

    #[test]
    fn one_step_is_the_least_and_samples_go_first() {
        let mut adaptive = Adaptive::default();
        assert_eq!(adaptive.next(work(3, 4), Some(1.0), 0.5), work(3, 1));
        for _ in 0..100 {
            adaptive.next(work(3, 4), Some(9.0), 9.0);
        }
        assert_eq!(adaptive.next(work(3, 4), Some(9.0), 9.0), work(1, 1));
        let spread = Work {
            steps: 3,
            samples: 8,
            fewest: 2,
        };
        let least = adaptive.next(spread, Some(9.0), 9.0);
        assert_eq!((least.steps, least.samples), (1, 2), "a spread needs two");
    }

    #[test]
    fn all_returns_when_the_load_does() {
        let mut adaptive = Adaptive::default();
        play(&mut adaptive, work(3, 4), 2.0, 50);
        let costs = play(&mut adaptive, work(3, 4), 0.01, 200);
        assert_eq!(costs.last(), Some(&12.0));
    }

    #[test]
    fn a_trial_that_fails_is_repeated_ever_less_often() {
        let mut adaptive = Adaptive::default();
        // A load that is not our own: one step more looks affordable and is not.
        let (mut trials, mut now) = (Vec::new(), work(3, 1));
        for frame in 0..4000 {
            let late = (now.steps > 1).then_some(1.2);
            let next = adaptive.next(work(3, 1), late, 0.1);
            if next.steps > now.steps {
                trials.push(frame);
            }
            now = next;
        }
        let gaps: Vec<i32> = trials.windows(2).map(|w| w[1] - w[0]).collect();
        assert!(gaps.last() > Some(&200), "{gaps:?}");
        assert!(gaps.is_sorted(), "{gaps:?}");
    }
}
