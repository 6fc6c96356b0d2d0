//! Tags, rankings and feeds, by hand.

use wasmill_sdk::testing::Harness;

use super::{FeedEntry, Follow, Post, Trend, Usage, ranking, tags, trending_hashtags};

fn post(author: &str, minute: i64, text: &str) -> Post {
    Post {
        author: author.to_owned(),
        at_ms: minute * 60_000,
        text: text.to_owned(),
    }
}

fn follow(author: &str, follower: &str, minute: i64, ends: bool) -> Follow {
    Follow {
        author: author.to_owned(),
        follower: follower.to_owned(),
        at_ms: minute * 60_000,
        ends,
    }
}

#[test]
fn a_tag_ends_where_its_word_does_and_counts_once() {
    assert_eq!(tags("#Rust and #wasm, #rust!"), ["rust", "wasm"]);
    assert_eq!(tags("none # here #"), Vec::<String>::new());
}

#[test]
fn more_authors_go_before_more_posts() {
    let usage = |tag: &str, authors, posts| Usage {
        tag: tag.to_owned(),
        until_ms: 1,
        posts,
        authors,
    };
    let usages = [usage("spam", 1, 99), usage("b", 2, 3), usage("a", 2, 3)];
    let ranked = ranking(usages.iter());
    let ranked: Vec<&str> = ranked.iter().map(|trend| &*trend.tag).collect();
    assert_eq!(ranked, ["a", "b", "spam"]);
}

#[test]
fn a_post_goes_to_those_who_follow_when_it_is_written() {
    let mut harness = Harness::start(&trending_hashtags, &[]).unwrap();
    // Posts come before the changes that decide about them.
    let posts = [1, 3, 5].map(|minute| post("Ada", minute, "#x"));
    harness.push(0, &posts).unwrap();
    let changes = [
        follow("Ada", "Bob", 2, false),
        follow("Ada", "Eve", 3, false),
        follow("Ada", "Bob", 4, true),
    ];
    harness.push(1, &changes).unwrap();
    harness.finish().unwrap();
    let feeds = harness.records::<FeedEntry>(1).unwrap();
    let feeds: Vec<(i64, &str)> = feeds
        .iter()
        .map(|it| (it.at_ms / 60_000, &*it.reader))
        .collect();
    assert_eq!(feeds, [(3, "Bob"), (3, "Eve"), (5, "Eve")]);
    let trends = harness.records::<Trend>(0).unwrap();
    let trends: Vec<(i64, i64)> = trends
        .iter()
        .map(|it| (it.until_ms / 60_000, it.posts))
        .collect();
    assert_eq!(trends, [(10, 3), (20, 3), (30, 3)]);
}
