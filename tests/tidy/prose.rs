//! What is written for people: links lead somewhere, quoted code is the code, every feature has its line.

use std::collections::BTreeMap;

use crate::tree::{Finding, Tree};

/// The feature list: letter of a section and its last number.
const FEATURES: [(char, u32); 9] = [
    ('A', 33),
    ('B', 7),
    ('C', 11),
    ('D', 16),
    ('E', 19),
    ('F', 24),
    ('G', 6),
    ('H', 22),
    ('I', 16),
];

/// Where the feature list is.
const FEATURES_PATH: &str = "docs/FEATURES.md";

/// What begins the place of a quotation; the path and ` -->` follow, then a fenced block.
const QUOTED_FROM: &str = "<!-- from ";

/// The lines of a Markdown text that are outside code blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((number + 1, line))
    })
}

/// The anchor of a heading, as forges make it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The path that a relative link in `from` names, from the root; none if it leads outside.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The targets of the links of a line: `[text](target)`, and `[name]: target` on a line of its own.
fn links(line: &str) -> Vec<&str> {
    let inline = line
        .match_indices("](")
        .filter_map(|(at, _)| line[at + 2..].split_once(')'));
    let defined = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "));
    let targets = inline
        .map(|(target, _)| target)
        .chain(defined.map(|(_, target)| target));
    targets
        .filter_map(|target| target.split_whitespace().next())
        .collect()
}

/// Whether a link of the file `from` leads to a file or folder of the tree, and to a heading if it names one.
fn leads_somewhere(tree: &Tree, from: &str, link: &str) -> bool {
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        Some(from.to_owned())
    } else {
        resolve(from, path)
    };
    let Some(target) = target else { return false };
    let folder = format!("{target}/");
    let exists =
        tree.paths.contains(&target) || tree.paths.iter().any(|path| path.starts_with(&folder));
    let headed = heading.is_empty()
        || tree.file(&target).is_some_and(|file| {
            prose(&file.text).any(|(_, line)| line.starts_with('#') && anchor(line) == heading)
        });
    exists && headed
}

/// Relative links in Markdown lead to a file, and to a heading if they name one.
pub(crate) fn links_resolve(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.markdown() {
        for (number, line) in prose(&file.text) {
            for link in links(line) {
                let outside = link.contains("://") || link.starts_with("mailto:");
                if !outside && !leads_somewhere(tree, &file.path, link) {
                    findings.push(Finding::new(
                        &file.path,
                        number,
                        format!("the link `{link}` leads nowhere"),
                    ));
                }
            }
        }
    }
    findings
}

/// A code block after `<!-- from PATH -->` stands in that file word for word.
pub(crate) fn quotations(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.markdown() {
        let mut lines = file.text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some(source) = line
                .strip_prefix(QUOTED_FROM)
                .and_then(|l| l.strip_suffix(" -->"))
            else {
                continue;
            };
            let block: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .skip_while(|line| !line.starts_with("```"))
                .skip(1)
                .take_while(|line| !line.starts_with("```"))
                .collect();
            let quoted = block.join("\n");
            let found = tree
                .file(source)
                .is_some_and(|file| file.text.contains(&quoted));
            if quoted.trim().is_empty() || !found {
                let what = format!("the code below does not stand in {source}: copy it from there");
                findings.push(Finding::new(&file.path, number + 1, what));
            }
        }
    }
    findings
}

/// Every feature has one line `| id | what | state |` with a state that says something.
pub(crate) fn features(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(FEATURES_PATH) else {
        return vec![Finding::new(FEATURES_PATH, 0, "is missing")];
    };
    let mut findings = Vec::new();
    let mut missing: BTreeMap<String, usize> = FEATURES
        .iter()
        .flat_map(|&(letter, last)| {
            (1..=last).map(move |number| (format!("{letter}{number:02}"), 0))
        })
        .collect();
    for (number, line) in prose(&file.text) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let is_id = |c: &str| c.len() == 3 && c[1..].bytes().all(|b| b.is_ascii_digit());
        if !line.starts_with('|') || !is_id(cells[0]) {
            continue;
        }
        match missing.get_mut(cells[0]) {
            None => findings.push(Finding::new(
                FEATURES_PATH,
                number,
                format!("{} is no feature", cells[0]),
            )),
            Some(count) => *count += 1,
        }
        let state = cells.get(2).copied().unwrap_or_default();
        if cells.len() != 3
            || !(state == "not yet" || state.starts_with("done (") || state.starts_with("partly ("))
        {
            let what =
                "wants three cells, the last being: done (test), partly (what is missing), not yet";
            findings.push(Finding::new(FEATURES_PATH, number, what));
        }
    }
    for (id, count) in missing.into_iter().filter(|&(_, count)| count != 1) {
        findings.push(Finding::new(
            FEATURES_PATH,
            0,
            format!("{id} stands there {count} times, not once"),
        ));
    }
    findings
}
