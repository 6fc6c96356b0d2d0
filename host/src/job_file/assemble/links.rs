//! Who is linked to whom in a job file: what each operator's inputs name, found among the operators, and an order in which
//! everything comes after what feeds it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Assembler, Exit, place_of};
use crate::job_file::document::{
    EdgeEntry, Inputs, JobFile, Link, Links, OperatorEntry, PartitioningEntry,
};
use crate::job_file::error::{Defect, listed};

/// What an input asks for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The port by name, or the input by number.
    pub(crate) port: Port,
    /// Where it comes from, with the output's name if one is given.
    from: String,
    output: Option<String>,
    partitioning: Option<PartitioningEntry>,
}

/// An input of an entry of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// The only one.
    Only,
    /// By name.
    Named(String),
    /// By number.
    Number(u32),
}

/// A link whose other end was found.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// The input it leads into.
    pub(crate) port: Port,
    /// How the file names the other end.
    pub(crate) from: String,
    /// The output.
    pub(crate) exit: Exit,
    /// What the file says about it.
    pub(crate) partitioning: Option<PartitioningEntry>,
}

fn wanted(job: &JobFile, port: Port, link: &Link) -> Wanted {
    match link {
        Link::Edge(edge) => edge_wanted(port, edge),
        Link::Name(name) => {
            let is_uid = job.operators.iter().any(|operator| operator.uid == *name);
            let split = name.rsplit_once('.').filter(|_| !is_uid);
            let (from, output) =
                split.map_or((name.as_str(), None), |(uid, output)| (uid, Some(output)));
            Wanted {
                port,
                from: from.to_owned(),
                output: output.map(str::to_owned),
                partitioning: None,
            }
        }
    }
}

fn edge_wanted(port: Port, edge: &EdgeEntry) -> Wanted {
    Wanted {
        port,
        from: edge.from.clone(),
        output: edge.output.clone(),
        partitioning: edge.partitioning,
    }
}

fn all_wanted(job: &JobFile, port: &Port, links: &Links) -> Vec<Wanted> {
    let links = match links {
        Links::One(link) => std::slice::from_ref(link),
        Links::Union(links) => links.as_slice(),
    };
    links
        .iter()
        .map(|link| wanted(job, port.clone(), link))
        .collect()
}

/// Everything an entry's `input` or `inputs` ask for.
pub(super) fn of_entry(job: &JobFile, entry: &OperatorEntry) -> Vec<Wanted> {
    let mut all = Vec::new();
    if let Some(links) = &entry.input {
        all.extend(all_wanted(job, &Port::Only, links));
    }
    match &entry.inputs {
        Some(Inputs::Ports(ports)) => {
            for (port, links) in ports {
                all.extend(all_wanted(job, &Port::Named(port.clone()), links));
            }
        }
        Some(Inputs::Edges(edges)) => {
            all.extend(
                edges
                    .iter()
                    .map(|edge| edge_wanted(Port::Number(edge.input), edge)),
            );
        }
        None => {}
    }
    all
}

/// Checks what concerns entries by themselves, and orders them: each after all that feed it, otherwise as in the file.
pub(super) fn order(job: &JobFile) -> Result<Vec<usize>, Defect> {
    let mut index_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, entry) in job.operators.iter().enumerate() {
        check(job, index, entry)?;
        if let Some(other) = index_of.insert(&entry.uid, index) {
            let reason = format!(
                "operators[{other}] has the same uid: state is found by it, give each its own"
            );
            return Err(Defect::new(format!("{}.uid", place_of(job, index)), reason));
        }
    }
    let mut upstream: Vec<Vec<usize>> = Vec::new();
    for (index, entry) in job.operators.iter().enumerate() {
        let mut feeds = Vec::new();
        for wanted in of_entry(job, entry) {
            let Some(from) = index_of.get(wanted.from.as_str()) else {
                let known = listed(index_of.keys().copied());
                let reason = format!(
                    "there is no operator \"{}\"; there are: {known}",
                    wanted.from
                );
                return Err(Defect::new(
                    format!("{}.inputs", place_of(job, index)),
                    reason,
                ));
            };
            feeds.push(*from);
        }
        upstream.push(feeds);
    }
    let (mut order, mut done): (Vec<usize>, BTreeSet<usize>) = (Vec::new(), BTreeSet::new());
    while order.len() < job.operators.len() {
        let before = order.len();
        for (index, feeds) in upstream.iter().enumerate() {
            if !done.contains(&index) && feeds.iter().all(|from| done.contains(from)) {
                done.insert(index);
                order.push(index);
            }
        }
        if order.len() == before {
            let left = (0..job.operators.len()).filter(|index| !done.contains(index));
            let left: Vec<String> = left
                .map(|index| format!("\"{}\"", job.operators[index].uid))
                .collect();
            let reason = format!("the job graph has a cycle through {}", left.join(", "));
            return Err(Defect::new("operators", reason));
        }
    }
    Ok(order)
}

fn check(job: &JobFile, index: usize, entry: &OperatorEntry) -> Result<(), Defect> {
    let place = place_of(job, index);
    let wrong = |key: &str, reason: &str| Err(Defect::new(format!("{place}.{key}"), reason));
    if entry.uid.is_empty() {
        return wrong("uid", "is empty; state is found by it");
    }
    let roles = [
        entry.source.is_some(),
        entry.sink.is_some(),
        entry.component.is_some(),
    ];
    if roles.iter().filter(|role| **role).count() != 1 {
        return Err(Defect::new(
            place,
            "it needs exactly one of source, sink and component",
        ));
    }
    let has_inputs = entry.input.is_some() || entry.inputs.is_some();
    if entry.input.is_some() && entry.inputs.is_some() {
        return wrong("inputs", "give either input or inputs");
    }
    if entry.source.is_some() && has_inputs {
        return wrong("input", "a source has no input");
    }
    if entry.source.is_none() && entry.schema.is_some() {
        return wrong("schema", "only a source has one; others take what comes in");
    }
    if entry.component.is_none() && entry.operator.is_some() {
        return wrong(
            "operator",
            "it names an operator of a component: give component too",
        );
    }
    if entry.component.is_none() && !entry.parameters.is_empty() {
        return wrong(
            "parameters",
            "only a component has parameters; a connector has keys",
        );
    }
    if entry.sink.is_some() && !has_inputs {
        return wrong("input", "is missing: a sink needs one");
    }
    let by_number = matches!(entry.inputs, Some(Inputs::Edges(_)));
    if by_number && entry.component.is_some() && entry.operator.is_none() {
        return wrong(
            "inputs",
            "a whole component has ports: write a map of port to uid",
        );
    }
    Ok(())
}

impl Assembler<'_> {
    /// The links of an entry with their other ends, which are in place already.
    pub(in crate::job_file) fn resolve(
        &self,
        index: usize,
        entry: &OperatorEntry,
    ) -> Result<Vec<Resolved>, Defect> {
        let place = place_of(self.job, index);
        let mut resolved = Vec::new();
        for wanted in of_entry(self.job, entry) {
            let exits = self.exits.get(&wanted.from).map_or(&[][..], Vec::as_slice);
            let names = || listed(exits.iter().map(|(name, _)| name.as_str()));
            let found = match &wanted.output {
                Some(output) => exits.iter().find(|(name, _)| name == output),
                // Several outputs of a component have equal rights; one operator has a main output.
                None if exits.len() > 1 && !self.has_main_output(&wanted.from) => None,
                None => exits.first(),
            };
            let Some((name, found)) = found else {
                let output = wanted.output.as_ref().map_or_else(
                    || format!("which output of \"{}\" is meant", wanted.from),
                    |output| format!("\"{}\" has no output \"{output}\"", wanted.from),
                );
                let reason = if exits.is_empty() {
                    format!(
                        "\"{}\" has no output: it is a sink or a component that ends the stream",
                        wanted.from
                    )
                } else {
                    format!("{output}; its outputs are: {}", names())
                };
                return Err(Defect::new(format!("{place}.inputs"), reason));
            };
            let from = wanted.output.as_ref().map_or_else(
                || wanted.from.clone(),
                |_| format!("{}.{name}", wanted.from),
            );
            resolved.extend(found.iter().map(|exit| Resolved {
                port: wanted.port.clone(),
                from: from.clone(),
                exit: exit.clone(),
                partitioning: wanted.partitioning,
            }));
        }
        Ok(resolved)
    }

    fn has_main_output(&self, uid: &str) -> bool {
        let mut entries = self.job.operators.iter();
        entries.any(|entry| {
            entry.uid == uid && (entry.operator.is_some() || entry.component.is_none())
        })
    }

    /// The links of an entry that has one input; at least one.
    pub(super) fn only_input(
        &self,
        index: usize,
        entry: &OperatorEntry,
    ) -> Result<Vec<Resolved>, Defect> {
        let resolved = self.resolve(index, entry)?;
        let other = resolved
            .iter()
            .find(|link| !matches!(link.port, Port::Only | Port::Number(0)));
        let place = place_of(self.job, index);
        if other.is_some() {
            return Err(Defect::new(
                format!("{place}.inputs"),
                "it has one input: write input: uid",
            ));
        }
        if resolved.is_empty() {
            return Err(Defect::new(
                format!("{place}.input"),
                "is empty: name an operator",
            ));
        }
        Ok(resolved)
    }
}
