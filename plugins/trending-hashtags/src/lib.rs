//! A social web app: which hashtags trend, and which posts belong into whose feed.
//!
//! Trending is a ranking over sliding windows: tags are counted in parallel, and what a window has counted meets in one
//! place to be ranked. Feeds are a join that depends on time: a post goes to those who follow its author when it is
//! written, so posts wait for the watermark, by when every change of the followers before them is known.

use std::collections::BTreeMap;

use wasmill_sdk::connector::SinkSpec;
use wasmill_sdk::prelude::*;

/// Seconds that a ranking looks back.
const WINDOW_SECS: i64 = 30 * 60;
/// Seconds between two rankings.
const SLIDE_SECS: i64 = 10 * 60;
/// Tags of a ranking.
const RANKED: usize = 5;
/// How late posts and follows are, at most.
const OUT_OF_ORDER_MS: i64 = 60_000;

/// A post, as a line of the input has it.
#[derive(Record, Clone, Debug, PartialEq)]
struct Post {
    author: String,
    at_ms: i64,
    text: String,
}

/// Somebody begins or ceases to follow an author.
#[derive(Record, Clone, Debug, PartialEq)]
struct Follow {
    author: String,
    follower: String,
    at_ms: i64,
    ends: bool,
}

/// A tag that somebody has used.
#[derive(Record, Clone, Debug, PartialEq)]
struct Use {
    tag: String,
    author: String,
}

/// How much a tag was used in a window.
#[derive(Record, Clone, Debug, PartialEq)]
struct Usage {
    tag: String,
    until_ms: i64,
    posts: i64,
    authors: i64,
}

/// A tag among the most used ones: by authors, then by posts.
#[derive(Record, Clone, Debug, PartialEq)]
struct Trend {
    until_ms: i64,
    rank: i64,
    tag: String,
    authors: i64,
    posts: i64,
}

/// A post in the feed of a follower.
#[derive(Record, Clone, Debug, PartialEq)]
struct FeedEntry {
    reader: String,
    author: String,
    at_ms: i64,
    text: String,
}

#[wasmill_sdk::job]
fn trending_hashtags(env: &mut Env) -> Result<(), JobError> {
    let path: String = env
        .param("path")
        .describe("directory of posts.jsonl and follows.jsonl")
        .default("plugins/trending-hashtags/data")?;
    let out: String = env
        .param("out")
        .describe("directory to write to, else print")
        .default("")?;
    let rate: i64 = env
        .param("rate")
        .describe("posts to read a second, 0 for as many as possible")
        .default(0)?;
    let posts = env
        .source::<Post>(TextFiles::json_lines::<Post>(format!("{path}/posts.jsonl")).rate(rate))
        .uid("posts")
        .assign_timestamps(|post| post.at_ms, Watermarks::bounded_ms(OUT_OF_ORDER_MS));
    let follows = TextFiles::json_lines::<Follow>(format!("{path}/follows.jsonl")).rate(rate / 4);
    let follows = env
        .source::<Follow>(follows)
        .uid("follows")
        .assign_timestamps(
            |follow| follow.at_ms,
            Watermarks::bounded_ms(OUT_OF_ORDER_MS),
        );
    trending(posts.clone())
        .sink(sink(&out, "trending"))
        .uid("trending");
    feeds(posts, follows).sink(sink(&out, "feeds")).uid("feeds");
    Ok(())
}

/// Files below a directory, or the terminal.
fn sink(out: &str, name: &str) -> SinkSpec {
    match out {
        "" => Print::new().into(),
        out => TextFiles::new(format!("{out}/{name}")).into(),
    }
}

/// The most used tags of every window.
fn trending(posts: Stream<Post>) -> Stream<Trend> {
    posts
        .flat_map(|post, out| {
            for tag in tags(&post.text) {
                let author = post.author.clone();
                out.emit(Use { tag, author });
            }
        })
        .uid("tags")
        .key_by(|used| used.tag.clone())
        .window(Sliding::of_secs(WINDOW_SECS, SLIDE_SECS))
        .process(|tag: &String, window, uses, out| out.emit(usage(tag, window.end, uses)))
        .uid("count")
        .name("count")
        // A count has the time of its window's end, so all of one end are in one window of the next operator.
        .key_by(|usage| usage.until_ms)
        .window(Tumbling::of_secs(SLIDE_SECS))
        .process(|_until, _window, usages, out| {
            let usages = usages.iter().map(|usage| &usage.record);
            ranking(usages)
                .into_iter()
                .for_each(|trend| out.emit(trend));
        })
        .uid("rank")
        .name("rank")
}

/// The tags of a text, each once and in lower case: `#` and the letters and digits behind it.
fn tags(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for word in text.split('#').skip(1) {
        let letters = word.chars().take_while(|letter| letter.is_alphanumeric());
        let tag: String = letters.flat_map(char::to_lowercase).collect();
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// What the uses of a tag come to.
fn usage(tag: &str, until_ms: i64, uses: &[Timestamped<Use>]) -> Usage {
    let mut authors: Vec<&str> = uses.iter().map(|used| &*used.record.author).collect();
    authors.sort_unstable();
    authors.dedup();
    Usage {
        tag: tag.to_owned(),
        until_ms,
        posts: uses.len() as i64,
        authors: authors.len() as i64,
    }
}

/// The most used tags of a window, in their order; names decide between equals.
fn ranking<'u>(usages: impl Iterator<Item = &'u Usage>) -> Vec<Trend> {
    let mut usages: Vec<&Usage> = usages.collect();
    usages.sort_by_key(|usage| (-usage.authors, -usage.posts, usage.tag.clone()));
    let ranked = usages.into_iter().take(RANKED).zip(1..);
    let trend = |(usage, rank): (&Usage, i64)| Trend {
        until_ms: usage.until_ms,
        rank,
        tag: usage.tag.clone(),
        authors: usage.authors,
        posts: usage.posts,
    };
    ranked.map(trend).collect()
}

/// Every post, for each follower of its author.
fn feeds(posts: Stream<Post>, follows: Stream<Follow>) -> Stream<FeedEntry> {
    posts
        .key_by(|post| post.author.clone())
        .connect(follows.key_by(|follow| follow.author.clone()))
        .process(|ctx| Feed {
            posts: ctx.map_state("posts"),
            changes: ctx.map_state("changes"),
            followers: ctx.value_state("followers"),
        })
        .uid("feed")
        .name("feed")
}

/// The feeds that an author's posts go to.
struct Feed {
    /// Posts and changes that wait for the watermark, by their time.
    posts: MapState<i64, Vec<Post>>,
    changes: MapState<i64, Vec<Follow>>,
    /// Who follows the author, as of the watermark, and since when.
    followers: ValueState<BTreeMap<String, i64>>,
}

impl KeyedCoProcess for Feed {
    type Key = String;
    type In1 = Post;
    type In2 = Follow;
    type Out = FeedEntry;

    fn process1(
        &mut self,
        post: Post,
        ctx: &mut KeyedContext<'_, String>,
        _out: &mut Collector<'_, FeedEntry>,
    ) -> Outcome {
        let at_ms = post.at_ms;
        let mut posts = self.posts.get(&at_ms)?.unwrap_or_default();
        posts.push(post);
        self.posts.put(&at_ms, &posts);
        ctx.register_event_timer(at_ms);
        Ok(())
    }

    fn process2(
        &mut self,
        follow: Follow,
        ctx: &mut KeyedContext<'_, String>,
        _out: &mut Collector<'_, FeedEntry>,
    ) -> Outcome {
        let at_ms = follow.at_ms;
        let mut changes = self.changes.get(&at_ms)?.unwrap_or_default();
        changes.push(follow);
        self.changes.put(&at_ms, &changes);
        ctx.register_event_timer(at_ms);
        Ok(())
    }

    /// The watermark has come to a time: first the changes of that time, then its posts.
    fn on_timer(
        &mut self,
        _: TimeDomain,
        ctx: &mut KeyedContext<'_, String>,
        out: &mut Collector<'_, FeedEntry>,
    ) -> Outcome {
        let at_ms = ctx.timestamp().unwrap_or_default();
        let mut followers = self.followers.get().unwrap_or_default();
        for change in self.changes.get(&at_ms)?.unwrap_or_default() {
            match change.ends {
                true => followers.remove(&change.follower),
                false => followers.insert(change.follower, at_ms),
            };
        }
        for post in self.posts.get(&at_ms)?.unwrap_or_default() {
            for reader in followers.keys() {
                out.emit(FeedEntry {
                    reader: reader.clone(),
                    author: post.author.clone(),
                    at_ms,
                    text: post.text.clone(),
                });
            }
        }
        self.changes.remove(&at_ms);
        self.posts.remove(&at_ms);
        self.followers.set(followers);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
