//! Making a job that fails smaller: fewer records, one subtask, the defaults, as long as it still fails.

use super::check::check;
use super::spec::Spec;

/// Runs of the binary that are spent on it.
const RUNS: usize = 80;

/// The smallest job that was found, and its failure.
pub(super) fn shrink(spec: Spec, failure: String) -> (Spec, String) {
    let mut smallest = (spec, failure);
    let mut runs = 0;
    loop {
        let before = runs;
        let smaller = candidates(&smallest.0).into_iter().find_map(|candidate| {
            if runs >= RUNS {
                return None;
            }
            runs += 1;
            let failure = check(&candidate).err()?;
            Some((candidate, failure))
        });
        match smaller {
            Some(smaller) if runs > before => smallest = smaller,
            Some(_) | None => return smallest,
        }
    }
}

/// Jobs that are a little smaller, the much smaller ones first.
fn candidates(spec: &Spec) -> Vec<Spec> {
    let mut candidates = Vec::new();
    let mut change = |change: &dyn Fn(&mut Spec)| {
        let mut candidate = spec.clone();
        change(&mut candidate);
        candidates.push(candidate);
    };
    for index in 0..spec.sources.len() {
        if spec.sources.len() > 1 {
            change(&|spec| drop(spec.sources.remove(index)));
        }
        let count = spec.sources[index].events.len();
        for parts in [2, 4, 8] {
            let size = count / parts;
            for part in (0..parts).filter(|_| size > 0) {
                change(&|spec| {
                    spec.sources[index]
                        .events
                        .drain(part * size..(part + 1) * size);
                });
            }
        }
    }
    if spec.how.parallelism > 1 {
        change(&|spec| spec.how.parallelism = 1);
    }
    if spec.how.checkpoints {
        change(&|spec| spec.how.checkpoints = false);
    }
    if spec.how.backend != "heap" {
        change(&|spec| spec.how.backend = "heap");
    }
    candidates
}
