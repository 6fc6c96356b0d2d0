//! How long a task's thread may keep a core from one that has just woken up. Not a priority: every task gets its share.
//!
//! The scheduler of Linux (EEVDF, 6.12 and later) lets a running thread finish its slice, some three milliseconds by
//! default, before one that was woken gets the core. A guest that never waits would so delay every record of a job that
//! mostly waits by that much wherever the two meet. A short slice ends that protection early; threads that compete for
//! long still change places with the timer tick only.

/// The slice asked for (microseconds): some batches, so that a task which wakes the next one still ends what it began.
const SLICE_US: u64 = 200;

/// Asks for the short slice for the calling thread. A system that knows none goes on as it was: it is about latency only.
pub(super) fn shorten() {
    #[cfg(target_os = "linux")]
    if let Err(error) = linux::set_slice(SLICE_US) {
        tracing::debug!(%error, "the system keeps its time slice");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;

    use libc::sched_attr;

    /// Changes the slice of an ordinary thread and leaves its niceness; one of another kind has no slice.
    pub(super) fn set_slice(slice_us: u64) -> io::Result<()> {
        let mut attributes = attributes()?;
        if attributes.sched_policy != libc::SCHED_OTHER as u32 {
            return Ok(());
        }
        // Of an ordinary thread the runtime is the slice (ns).
        attributes.sched_runtime = slice_us * 1000;
        set_attributes(&attributes)
    }

    #[expect(unsafe_code, reason = "a call of the system that no library wraps")]
    fn attributes() -> io::Result<sched_attr> {
        let mut attributes = sched_attr {
            size: SIZE,
            sched_policy: 0,
            sched_flags: 0,
            sched_nice: 0,
            sched_priority: 0,
            sched_runtime: 0,
            sched_deadline: 0,
            sched_period: 0,
        };
        // SAFETY: the system writes at most `SIZE` bytes, which is what the attributes have, about the calling thread (0).
        answer(unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, SIZE, 0) })?;
        Ok(attributes)
    }

    #[expect(unsafe_code, reason = "a call of the system that no library wraps")]
    fn set_attributes(attributes: &sched_attr) -> io::Result<()> {
        // SAFETY: the system reads the `size` bytes of the attributes, which outlive the call, and changes the calling
        // thread (0) only.
        answer(unsafe {
            libc::syscall(
                libc::SYS_sched_setattr,
                0,
                std::ptr::from_ref(attributes),
                0,
            )
        })
    }

    const SIZE: u32 = size_of::<sched_attr>() as u32;

    fn answer(code: libc::c_long) -> io::Result<()> {
        match code {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    #[cfg(test)]
    mod tests;
}
