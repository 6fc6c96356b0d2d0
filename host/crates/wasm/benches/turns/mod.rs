//! Contestants that take turns, so that other load on the machine falls on all alike, and what must hold of the
//! outcome. Figures are CPU nanoseconds of the calling thread per record, the median over the rounds; work that a
//! contestant leaves to other threads is not in them.

use std::process::ExitCode;

/// How long and how often every contestant is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Rounds in which every contestant has one turn.
    pub(crate) rounds: usize,
    /// CPU time of one turn.
    pub(crate) turn_ns: u64,
}

impl Effort {
    /// This effort, or a third of its rounds if the command line says `--quick`.
    pub(crate) fn asked_for(self) -> Self {
        let quick = std::env::args().any(|argument| argument == "--quick");
        Self {
            rounds: if quick {
                (self.rounds / 3).max(3)
            } else {
                self.rounds
            },
            ..self
        }
    }
}

struct Contestant<'a> {
    /// One step of the work; returns how many records it was.
    step: Box<dyn FnMut() -> usize + 'a>,
    steps_per_turn: u64,
    turns: Vec<f64>,
}

/// Everyone who takes turns.
#[derive(Default)]
pub(crate) struct Turns<'a> {
    contestants: Vec<Contestant<'a>>,
}

impl<'a> Turns<'a> {
    /// Adds a contestant; its figure has the number that is returned.
    pub(crate) fn add(&mut self, step: impl FnMut() -> usize + 'a) -> usize {
        self.contestants.push(Contestant {
            step: Box::new(step),
            steps_per_turn: 1,
            turns: Vec::new(),
        });
        self.contestants.len() - 1
    }

    /// Lets everyone warm up and take turns; returns the nanoseconds per record of each.
    pub(crate) fn run(mut self, effort: Effort) -> Vec<f64> {
        for contestant in &mut self.contestants {
            contestant.calibrate(effort.turn_ns);
        }
        for _ in 0..effort.rounds {
            self.contestants.iter_mut().for_each(Contestant::turn);
        }
        let median = |mut contestant: Contestant<'_>| {
            contestant.turns.sort_by(f64::total_cmp);
            contestant.turns[contestant.turns.len() / 2]
        };
        self.contestants.into_iter().map(median).collect()
    }
}

impl Contestant<'_> {
    fn calibrate(&mut self, turn_ns: u64) {
        (self.step)();
        let started = cpu_ns();
        let mut steps = 0;
        while cpu_ns() - started < turn_ns {
            (self.step)();
            steps += 1;
        }
        self.steps_per_turn = steps.max(1);
    }

    fn turn(&mut self) {
        let mut records = 0;
        let started = cpu_ns();
        for _ in 0..self.steps_per_turn {
            records += (self.step)();
        }
        self.turns
            .push((cpu_ns() - started) as f64 / records as f64);
    }
}

/// What the outcome must show for the decision to stand.
#[derive(Default)]
pub(crate) struct Guard {
    broken: bool,
}

impl Guard {
    /// Prints whether `less` is at most `percent` % of `more`, as the decision `what` needs.
    #[expect(clippy::print_stdout, reason = "a benchmark prints its outcome")]
    pub(crate) fn at_most(&mut self, what: &str, less: f64, percent: u32, more: f64) {
        let holds = less <= more * f64::from(percent) / 100.0;
        let verdict = if holds { "holds" } else { "BROKEN" };
        println!("{verdict}: {what} ({less:.1} <= {percent} % of {more:.1})");
        self.broken |= !holds;
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.broken))
    }
}

/// CPU time of this thread.
#[expect(
    unsafe_code,
    reason = "the standard library has no clock of a thread's CPU time"
)]
fn cpu_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for the answer.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0, "this system has no CPU clocks of threads");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
