//! J7: lines into words, words into counts.

use wasmill_sdk::prelude::*;

use crate::records::WordCount;

/// Calls `each` with the words of a line: runs of ASCII letters and digits, in lower case.
pub(crate) fn each_word(mut line: String, mut each: impl FnMut(Text)) {
    line.make_ascii_lowercase();
    let words = line.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        each(Text::new(word));
    }
}

/// Counts a word; tells every count, or only the last one.
pub(crate) struct CountWords {
    pub(crate) count: ValueState<i64>,
    pub(crate) emit_all: bool,
}

impl KeyedProcess for CountWords {
    type Key = Text;
    type In = Text;
    type Out = WordCount;

    fn process(
        &mut self,
        word: Text,
        ctx: &mut KeyedContext<'_, Text>,
        out: &mut Collector<'_, WordCount>,
    ) -> Outcome {
        let count = self.count.modify(0, |count| {
            *count += 1;
            *count
        });
        if self.emit_all {
            out.emit(WordCount { word, count });
        } else if count == 1 {
            ctx.register_event_timer(i64::MAX);
        }
        Ok(())
    }

    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        ctx: &mut KeyedContext<'_, Text>,
        out: &mut Collector<'_, WordCount>,
    ) -> Outcome {
        let word = ctx.key().clone();
        let count = self.count.get().unwrap_or(0);
        out.emit(WordCount { word, count });
        Ok(())
    }
}
