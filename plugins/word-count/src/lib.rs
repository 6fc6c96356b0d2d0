//! Word count: the words of text files, counted.
//!
//! The job in ten lines. State, checkpoints and distribution are the host's business.

use wasmill_sdk::prelude::*;

#[wasmill_sdk::job]
fn word_count(env: &mut Env) -> Result<(), JobError> {
    let path: String = env
        .param("path")
        .describe("files, directory or pattern to read")
        .required()?;
    let out: String = env
        .param("out")
        .describe("directory to write counts to, else print")
        .default("")?;
    let counts = env
        .source::<String>(TextFiles::new(path))
        .flat_map(|line, out| words(&line).for_each(|word| out.emit(word)))
        .key_by(Text::clone)
        .process(|ctx| CountWords {
            seen: ctx.value_state("seen"),
        })
        .map(|(word, count)| format!("{word} {count}"));
    match out.as_str() {
        "" => counts.sink(Print::new()),
        out => counts.sink(TextFiles::new(out)),
    };
    Ok(())
}

/// The words of a line: letters and digits in lower case.
fn words(line: &str) -> impl Iterator<Item = Text> {
    let words = line
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(|word| word.to_lowercase().into())
}

/// Counts each word and tells the count when there is no more input.
struct CountWords {
    seen: ValueState<i64>,
}

impl KeyedProcess for CountWords {
    type Key = Text;
    type In = Text;
    type Out = (Text, i64);

    fn process(
        &mut self,
        _word: Text,
        ctx: &mut KeyedContext<'_, Text>,
        _out: &mut Collector<'_, (Text, i64)>,
    ) -> Outcome {
        let count = self.seen.get().unwrap_or(0) + 1;
        self.seen.set(count);
        if count == 1 {
            ctx.register_event_timer(i64::MAX);
        }
        Ok(())
    }

    fn on_timer(
        &mut self,
        _: TimeDomain,
        ctx: &mut KeyedContext<'_, Text>,
        out: &mut Collector<'_, (Text, i64)>,
    ) -> Outcome {
        out.emit((ctx.key().clone(), self.seen.get().unwrap_or(0)));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
