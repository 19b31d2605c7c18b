// SPDX-License-Identifier: MPL-2.0
//! Whether a frame is late, and what becomes of it then. Calls no GStreamer: it is given the times.
//!
//! A frame is late before the earliest running time that downstream's QoS events ask for. Where
//! none come, as from a sink that does not synchronise, a live pipeline's clock decides: a frame is
//! late beyond the latency and its own duration.

use std::time::Duration;

use gst::ClockTime;

use super::super::OverloadPolicy;
use super::adaptive::Adaptive;
use super::{Decision, FrameTime, Late, Work};

/// What is known of the stream's times.
#[derive(Debug, Default)]
pub struct Lateness {
    /// The last QoS event; `None` until one comes.
    report: Option<QosReport>,
    /// Time of a restoration over the time between frames; a running mean, 0 until it is known.
    load: f64,
    /// Time from the last frame to this one.
    interval: Option<ClockTime>,
    /// Running time of the last frame.
    last: Option<ClockTime>,
    adaptive: Adaptive,
}

#[derive(Clone, Copy, Debug)]
struct QosReport {
    /// Running time before which frames are late.
    earliest: Option<ClockTime>,
    proportion: f64,
}

impl Lateness {
    /// Forgets everything: another part of the stream begins.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes in a QoS event: the frame of `running_time` came `diff` nanoseconds late, or early
    /// where that is negative.
    pub fn add_report(&mut self, running_time: Option<ClockTime>, diff: i64, proportion: f64) {
        let distance = ClockTime::from_nseconds(diff.unsigned_abs());
        // Twice the lateness, as in GStreamer's base classes: the next frames have to catch up.
        let earliest = running_time.map(|at| {
            if diff > 0 {
                at.saturating_add(distance).saturating_add(distance)
            } else {
                at.saturating_sub(distance)
            }
        });
        let valid = proportion.is_finite() && proportion > 0.0;
        self.report = Some(QosReport {
            earliest,
            proportion: if valid { proportion } else { 1.0 },
        });
    }

    /// Takes in how long the last restoration took.
    pub fn add_cost(&mut self, time: Duration) {
        let Some(interval) = self.interval.filter(|i| *i > ClockTime::ZERO) else {
            return;
        };
        let load = time.as_nanos() as f64 / interval.nseconds() as f64;
        self.load = if self.load > 0.0 {
            (self.load + load) / 2.0
        } else {
            load
        };
    }

    /// What becomes of the next frame, and how late it is where it is late. `wanted`: the work that
    /// the settings ask for.
    pub fn decide(
        &mut self,
        policy: OverloadPolicy,
        time: &FrameTime,
        wanted: Work,
    ) -> (Decision, Option<Late>) {
        let since_last = time.running_time.zip(self.last);
        let since_last = since_last.and_then(|(now, last)| now.checked_sub(last));
        self.interval = time.duration.or(since_last);
        self.last = time.running_time;
        let late = self.jitter(time).map(|jitter| Late {
            jitter,
            proportion: self.report.map_or(self.load.max(1.0), |r| r.proportion),
        });
        if policy == OverloadPolicy::FewerSteps {
            let work = self
                .adaptive
                .next(wanted, late.map(|l| l.proportion), self.load);
            let decision = if work == wanted {
                Decision::Restore
            } else {
                Decision::Reduce(work)
            };
            return (decision, late);
        }
        self.adaptive = Adaptive::default();
        let decision = match (policy, late) {
            (OverloadPolicy::Passthrough, Some(_)) => Decision::Passthrough,
            (OverloadPolicy::Drop, Some(_)) => Decision::Drop,
            _ => Decision::Restore,
        };
        (decision, late)
    }

    /// By how many nanoseconds the frame is late.
    fn jitter(&self, time: &FrameTime) -> Option<i64> {
        let at = time.running_time?;
        let by = match self.report {
            Some(report) => report.earliest?.checked_sub(at)?,
            None => {
                let allowed = time
                    .latency
                    .saturating_add(time.duration.unwrap_or(ClockTime::ZERO));
                time.clock?.checked_sub(at.saturating_add(allowed))?
            }
        };
        (by > ClockTime::ZERO).then(|| i64::try_from(by.nseconds()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Work = Work {
        steps: 3,
        samples: 1,
        fewest: 1,
    };

    fn ms(time: u64) -> ClockTime {
        ClockTime::from_mseconds(time)
    }

    /// A frame of 40 ms at `at`, while the clock of a live pipeline stands at `clock`.
    fn frame(at: u64, clock: Option<u64>) -> FrameTime {
        FrameTime {
            running_time: Some(ms(at)),
            duration: Some(ms(40)),
            clock: clock.map(ms),
            latency: ms(100),
            ..FrameTime::default()
        }
    }

    fn late(lateness: &mut Lateness, time: FrameTime) -> Option<i64> {
        let (_, late) = lateness.decide(OverloadPolicy::Drop, &time, WANTED);
        late.map(|l| l.jitter)
    }

    #[test]
    fn a_late_report_asks_for_twice_as_much_and_an_early_one_for_less() {
        let mut lateness = Lateness::default();
        lateness.add_report(Some(ms(200)), 50_000_000, 1.5);
        assert_eq!(late(&mut lateness, frame(240, None)), Some(60_000_000));
        assert_eq!(late(&mut lateness, frame(300, None)), None);
        lateness.add_report(Some(ms(400)), -30_000_000, 0.5);
        assert_eq!(late(&mut lateness, frame(360, None)), Some(10_000_000));
        assert_eq!(late(&mut lateness, frame(371, None)), None);
        lateness.add_report(None, 50_000_000, 1.0);
        assert_eq!(late(&mut lateness, frame(0, None)), None, "says nothing");
    }

    #[test]
    fn extreme_reports_neither_panic_nor_wrap() {
        let mut lateness = Lateness::default();
        for diff in [i64::MAX, i64::MIN, 0] {
            for at in [None, Some(ClockTime::ZERO), Some(ClockTime::MAX)] {
                for proportion in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
                    lateness.add_report(at, diff, proportion);
                    let mut time = frame(1, Some(u64::MAX / 2_000_000));
                    time.latency = ClockTime::MAX;
                    for policy in [OverloadPolicy::Drop, OverloadPolicy::FewerSteps] {
                        lateness.decide(policy, &time, WANTED);
                    }
                    lateness.add_cost(Duration::MAX);
                }
            }
        }
    }

    #[test]
    fn without_reports_the_clock_of_a_live_pipeline_decides() {
        let mut lateness = Lateness::default();
        assert_eq!(late(&mut lateness, frame(1000, Some(1140))), None);
        assert_eq!(
            late(&mut lateness, frame(1000, Some(1141))),
            Some(1_000_000)
        );
        assert_eq!(late(&mut lateness, frame(1000, None)), None, "not live");
        let mut timeless = frame(0, Some(99_999));
        timeless.running_time = None;
        assert_eq!(late(&mut lateness, timeless), None);
    }

    #[test]
    fn a_report_counts_for_more_than_the_clock_until_it_is_forgotten() {
        let mut lateness = Lateness::default();
        lateness.add_report(Some(ms(900)), -1, 1.0);
        assert_eq!(late(&mut lateness, frame(1000, Some(5000))), None);
        lateness.reset();
        assert!(late(&mut lateness, frame(1000, Some(5000))).is_some());
    }

    #[test]
    fn each_policy_decides_about_late_frames_alone() {
        for (policy, decision) in [
            (OverloadPolicy::Block, Decision::Restore),
            (OverloadPolicy::Passthrough, Decision::Passthrough),
            (
                OverloadPolicy::FewerSteps,
                Decision::Reduce(Work { steps: 1, ..WANTED }),
            ),
            (OverloadPolicy::Drop, Decision::Drop),
        ] {
            let mut lateness = Lateness::default();
            let got = lateness.decide(policy, &frame(0, Some(100)), WANTED);
            assert_eq!(got, (Decision::Restore, None));
            lateness.add_report(Some(ms(0)), 200_000_000, 2.5);
            let (got, late) = lateness.decide(policy, &frame(40, None), WANTED);
            assert_eq!(got, decision);
            let wanted = Late {
                jitter: 360_000_000,
                proportion: 2.5,
            };
            assert_eq!(late, Some(wanted));
        }
    }

    #[test]
    fn the_load_is_measured_against_durations_or_timestamps() {
        let mut lateness = Lateness::default();
        for at in [0, 40, 80] {
            let mut time = frame(at, Some(at + 500));
            time.duration = None;
            lateness.decide(OverloadPolicy::Block, &time, WANTED);
            lateness.add_cost(Duration::from_millis(120));
        }
        let (_, late) = lateness.decide(OverloadPolicy::Block, &frame(120, Some(700)), WANTED);
        assert_eq!(late.map(|l| l.proportion), Some(3.0));
    }
}
