//! Names of things: one newtype per noun, so that an operator number is never taken for a subtask index.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

id!(
    /// An operator of the job graph. A component's own number for it is this less the component's first operator.
    OperatorId, u32, "operator "
);
id!(
    /// A component together with the arguments of its plan; its index in the job's list. Operators share a guest
    /// instance only if they share this.
    ComponentId, u32, "component "
);
id!(
    /// One chain of the execution graph; its parallel instances are the tasks.
    VertexId, u32, "vertex "
);
id!(
    /// A checkpoint of one job. Grows by one with every attempt to take one, completed or not.
    CheckpointId, u64, "checkpoint "
);
id!(
    /// How many times the job was deployed before this run.
    AttemptId, u32, "attempt "
);
id!(
    /// A state of one operator as the host addresses it; the contract's "state number".
    StateNumber, u32, "state "
);
id!(
    /// A source split within one source operator.
    SplitId, u32, "split "
);

/// One parallel instance of a vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// The chain this task runs.
    pub vertex: VertexId,
    /// Index of this instance, from 0.
    pub subtask: u32,
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} subtask {}", self.vertex, self.subtask)
    }
}

/// A submitted job. Written as 32 hexadecimal digits, as Flink has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub [u8; 16]);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = digits
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten();
        let number = number.ok_or(InvalidJobId)?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// A text that names no job.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a job id has 32 hexadecimal digits")]
pub struct InvalidJobId;

#[cfg(test)]
mod tests;
