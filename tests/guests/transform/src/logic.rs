//! Logic of the test jobs: operators that show where a record came from and went.

use wasmill_sdk::prelude::*;

use super::Item;

/// Words longer than this go to the side.
const LONG: usize = 3;
/// Values from here on are large.
pub(super) const LARGE: i64 = 500;

/// Two unkeyed inputs with two side outputs, and a last word.
pub(super) struct Both {
    pub(super) long: SideOutput<String>,
    pub(super) even: SideOutput<i64>,
}

impl CoProcess for Both {
    type In1 = Item;
    type In2 = String;
    type Out = String;

    fn process1(
        &mut self,
        item: Item,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        if item.value % 2 == 0 {
            self.even.emit(item.value);
        } else {
            out.emit(format!("both {}", item.value));
        }
        Ok(())
    }

    fn process2(
        &mut self,
        word: String,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        if word.len() >= LONG {
            self.long.emit(word);
        } else {
            out.emit(format!("both b{word}"));
        }
        Ok(())
    }

    fn finish(
        &mut self,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        out.emit("both end".to_owned());
        Ok(())
    }
}

/// Sends large items to one side and a word about every third to another; the rest goes on.
pub(super) struct Sorter {
    pub(super) large: SideOutput<Item>,
    pub(super) words: SideOutput<String>,
}

impl Process for Sorter {
    type In = Item;
    type Out = Item;

    fn process(
        &mut self,
        item: Item,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Item>,
    ) -> Outcome {
        if item.value % 3 == 0 {
            self.words.emit(format!("three {}", item.value));
        }
        if item.value >= LARGE {
            self.large.emit(item);
        } else {
            out.emit(item);
        }
        Ok(())
    }
}

/// What an item is.
#[derive(Record, Clone, Debug, PartialEq)]
pub(super) enum Labels {
    /// The first of its key.
    First,
    /// The hundredth of its key.
    Hundredth,
}

/// Counts per key: the first goes on, the others to the side.
pub(super) struct Classify {
    pub(super) seen: ValueState<i64>,
    pub(super) repeated: SideOutput<(i64, i64)>,
    pub(super) labels: SideOutput<Labels>,
}

impl KeyedProcess for Classify {
    type Key = i64;
    type In = Item;
    type Out = Item;

    fn process(
        &mut self,
        item: Item,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Item>,
    ) -> Outcome {
        let seen = self.seen.get().unwrap_or(0) + 1;
        self.seen.set(seen);
        match seen {
            1 => self.labels.emit(Labels::First),
            100 => self.labels.emit(Labels::Hundredth),
            _ => {}
        }
        if seen == 1 {
            out.emit(item);
        } else {
            self.repeated.emit((*ctx.key(), seen));
        }
        Ok(())
    }
}

/// Counts both inputs of a key in one state.
pub(super) struct CoClassify {
    pub(super) count: ValueState<i64>,
    pub(super) right: SideOutput<String>,
}

impl KeyedCoProcess for CoClassify {
    type Key = i64;
    type In1 = Item;
    type In2 = Item;
    type Out = String;

    fn process1(
        &mut self,
        _item: Item,
        _ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        let count = self.count.get().unwrap_or(0) + 1;
        self.count.set(count);
        out.emit(format!("co-n {}", count));
        Ok(())
    }

    fn process2(
        &mut self,
        item: Item,
        _ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        let count = self.count.get().unwrap_or(0) + 1;
        self.count.set(count);
        out.emit(format!("co-n {count}"));
        self.right.emit(format!("co-right {}", item.value));
        Ok(())
    }
}

/// Says which subtask it is.
pub(super) struct Count {
    pub(super) subtask: u32,
}

impl Process for Count {
    type In = Item;
    type Out = String;

    fn process(
        &mut self,
        item: Item,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        out.emit(format!("{} {}", self.subtask, item.value));
        Ok(())
    }
}
