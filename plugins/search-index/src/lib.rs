//! Search index: an inverted index of text, as files that a few lines of script can query.
//!
//! Input are lines `document:number:text`, as `grep -n '' FILES` prints them. Output is a line per term with the
//! documents it is in and how often, and a line per document with its length, which is all that ranking needs.

use wasmill_sdk::connector::SinkSpec;
use wasmill_sdk::prelude::*;

/// The words of one line, counted: what the line adds to its document.
#[derive(Record, Clone, Debug, PartialEq)]
struct Occurrence {
    term: Text,
    document: Text,
    count: i64,
}

/// A document that contains a term, and how often it does.
#[derive(Record, Clone, Debug, PartialEq)]
struct Posting {
    document: Text,
    count: i64,
}

/// A term and all its postings, by document.
#[derive(Record, Clone, Debug, PartialEq)]
struct Term {
    term: Text,
    documents: i64,
    postings: Vec<Posting>,
}

/// A document and the number of its words.
#[derive(Record, Clone, Debug, PartialEq)]
struct Document {
    document: Text,
    words: i64,
}

#[wasmill_sdk::job]
fn search_index(env: &mut Env) -> Result<(), JobError> {
    let path: String = env
        .param("path")
        .describe("files of lines `document:number:text`")
        .default("plugins/search-index/data/licences.txt")?;
    let out: String = env
        .param("out")
        .describe("directory to write to, else print")
        .default("")?;
    let rate: i64 = env
        .param("rate")
        .describe("lines to read a second, 0 for as many as possible")
        .default(0)?;
    let occurrences = env
        .source::<String>(TextFiles::new(path).rate(rate))
        .uid("lines")
        .flat_map(|line, out| occurrences(&line, |occurrence| out.emit(occurrence)));
    occurrences
        .clone()
        .key_by(|occurrence| occurrence.term.clone())
        .process(|ctx| CollectPostings {
            counts: ctx.map_state("counts"),
        })
        .uid("postings")
        .name("postings")
        .sink(sink(&out, "terms"))
        .uid("terms");
    occurrences
        .key_by(|occurrence| occurrence.document.clone())
        .process(|ctx| CountWords {
            words: ctx.value_state("words"),
        })
        .uid("lengths")
        .name("lengths")
        .sink(sink(&out, "documents"))
        .uid("documents");
    Ok(())
}

/// Files below a directory, or the terminal.
fn sink(out: &str, name: &str) -> SinkSpec {
    match out {
        "" => Print::new().into(),
        out => TextFiles::new(format!("{out}/{name}")).into(),
    }
}

/// Counts the words of a line: letters and digits in lower case.
fn occurrences(line: &str, mut emit: impl FnMut(Occurrence)) {
    let mut parts = line.splitn(3, ':');
    let (Some(document), Some(_number), Some(text)) = (parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    let mut words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.sort_unstable();
    for equal in words.chunk_by(|a, b| a == b) {
        emit(Occurrence {
            term: Text::new(&equal[0]),
            document: Text::new(document),
            count: equal.len() as i64,
        });
    }
}

/// Gathers the postings of a term, to tell them when there is no more input.
struct CollectPostings {
    counts: MapState<Text, i64>,
}

impl KeyedProcess for CollectPostings {
    type Key = Text;
    type In = Occurrence;
    type Out = Term;

    fn process(
        &mut self,
        occurrence: Occurrence,
        ctx: &mut KeyedContext<'_, Text>,
        _out: &mut Collector<'_, Term>,
    ) -> Outcome {
        let before = self.counts.get(&occurrence.document)?.unwrap_or(0);
        self.counts
            .put(&occurrence.document, &(before + occurrence.count));
        ctx.register_event_timer(i64::MAX);
        Ok(())
    }

    fn on_timer(
        &mut self,
        _: TimeDomain,
        ctx: &mut KeyedContext<'_, Text>,
        out: &mut Collector<'_, Term>,
    ) -> Outcome {
        let entries = self.counts.entries()?;
        let postings: Vec<Posting> = entries
            .into_iter()
            .map(|(document, count)| Posting { document, count })
            .collect();
        out.emit(Term {
            term: ctx.key().clone(),
            documents: postings.len() as i64,
            postings,
        });
        Ok(())
    }
}

/// Counts the words of a document, to tell their number when there is no more input.
struct CountWords {
    words: ValueState<i64>,
}

impl KeyedProcess for CountWords {
    type Key = Text;
    type In = Occurrence;
    type Out = Document;

    fn process(
        &mut self,
        occurrence: Occurrence,
        ctx: &mut KeyedContext<'_, Text>,
        _out: &mut Collector<'_, Document>,
    ) -> Outcome {
        self.words.modify(0, |words| *words += occurrence.count);
        ctx.register_event_timer(i64::MAX);
        Ok(())
    }

    fn on_timer(
        &mut self,
        _: TimeDomain,
        ctx: &mut KeyedContext<'_, Text>,
        out: &mut Collector<'_, Document>,
    ) -> Outcome {
        out.emit(Document {
            document: ctx.key().clone(),
            words: self.words.get().unwrap_or(0),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
