//! Functions that the program has but does not use.
//!
//! In: findings, all texts. Out: low confidence for what stands in a function whose name nothing but its definition
//! says, in a class or file of which nearly all else is used from other files: no outage comes from it. A framework, a
//! library's user or a new program may call what is named nowhere; so a base class, a decorator, an export of a
//! package, and a file that is not used so, keep the confidence.
use crate::finding::{Confidence, Finding};
use crate::ir::{ClassId, FunctionId};
use crate::link::{ClassKey, FunctionKey, World};
use crate::source::{FileId, Source, Span};
use crate::symbol::Symbol;
use aho_corasick::{AhoCorasick, MatchKind};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};

/// Of fewer functions beside it nothing can be said.
const BESIDE_LEAST: usize = 4;

/// Places of one name that are remembered; what is named more often is used.
const PLACE_LIMIT: usize = 16;

/// Lowers the confidence of what stands in functions that nothing uses.
pub(super) fn doubt(world: &World<'_>, findings: &mut [Finding]) {
    let mut outer = Outer::default();
    let owners: Vec<_> = findings
        .iter()
        .map(|finding| outer.owner(world, finding.primary))
        .map(|owner| owner.filter(|owner| may_be_unused(world, *owner)))
        .collect();
    let candidates: FxHashSet<FunctionKey> = owners.iter().flatten().copied().collect();
    if candidates.is_empty() {
        return;
    }
    let places = Places::new(world, &candidates);
    let unused = unused(world, candidates, &places, &mut outer);
    for (finding, owner) in findings.iter_mut().zip(owners) {
        if owner.is_some_and(|owner| unused.contains(&owner)) {
            finding.confidence = Confidence::Low;
        }
    }
}

/// By file, its functions and methods of the top level, in order.
#[derive(Default)]
struct Outer(FxHashMap<FileId, Vec<FunctionKey>>);

impl Outer {
    /// The function or method of a file's top level that a place lies in.
    fn owner(&mut self, world: &World<'_>, span: Span) -> Option<FunctionKey> {
        let functions = self.0.entry(span.file).or_insert_with(|| {
            let functions = world.functions_of(span.file).map(FunctionKey);
            let is_outer = |function: &FunctionKey| {
                !world.is_top_level(*function) && world.function(*function).parent == FunctionId(0)
            };
            functions.filter(is_outer).collect()
        });
        let site = |function: &FunctionKey| world.function(*function).site;
        let after = functions.partition_point(|function| site(function).start <= span.start);
        let last = functions.get(after.checked_sub(1)?)?;
        (span.end <= site(last).end).then_some(*last)
    }
}

/// Whether only a name could lead to the function: nothing registers, inherits or overrides it.
fn may_be_unused(world: &World<'_>, function: FunctionKey) -> bool {
    let body = world.function(function);
    let is_plain_class = |class: ClassKey| {
        let class = world.class(class);
        class.bases.is_empty() && class.decorators.is_empty()
    };
    let (name, traits) = (body.name.text(), body.traits);
    body.decorators.is_empty()
        && !traits.is_closure
        && !traits.is_constructor
        && !name.is_empty()
        && !name.starts_with("__")
        && world.class_of(function).is_none_or(is_plain_class)
}

/// A class, or what is in none of a file.
type Group = (FileId, Option<ClassId>);

fn group(world: &World<'_>, function: FunctionKey) -> Group {
    (world.module(function).file, world.function(function).class)
}

/// Whether a function may be meant for others.
fn is_public(world: &World<'_>, function: FunctionKey) -> bool {
    let body = world.function(function);
    body.parent == FunctionId(0)
        && !world.is_top_level(function)
        && !body.traits.is_closure
        && !body.name.text().starts_with('_')
}

/// The functions of each of the groups that some functions are in.
fn groups(
    world: &World<'_>,
    functions: &FxHashSet<FunctionKey>,
) -> BTreeMap<Group, Vec<FunctionKey>> {
    let wanted: FxHashSet<Group> = functions.iter().map(|key| group(world, *key)).collect();
    let files: BTreeSet<FileId> = wanted.iter().map(|(file, _)| *file).collect();
    let mut found: BTreeMap<Group, Vec<FunctionKey>> = BTreeMap::new();
    for file in files {
        for function in world.functions_of(file).map(FunctionKey) {
            let group = group(world, function);
            if wanted.contains(&group) && is_public(world, function) {
                found.entry(group).or_default().push(function);
            }
        }
    }
    found
}

/// Where names stand that do not define what they name.
struct Places {
    by_name: FxHashMap<Symbol, Vec<(FileId, u32)>>,
    /// Of each group how many functions it has, and how many of them other files name.
    used: FxHashMap<Group, (usize, usize)>,
}

impl Places {
    /// Looks for the names of the functions and of those beside them.
    fn new(world: &World<'_>, functions: &FxHashSet<FunctionKey>) -> Self {
        let groups = groups(world, functions);
        let named = groups.values().flatten().chain(functions);
        let mut names: Vec<Symbol> = named.map(|named| world.function(*named).name).collect();
        names.sort_unstable();
        names.dedup();
        let matcher = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(names.iter().map(|name| name.text()));
        let Ok(matcher) = matcher else {
            return Self {
                by_name: FxHashMap::default(),
                used: FxHashMap::default(),
            };
        };
        let sources: Vec<_> = world.sources().iter().collect();
        let read = |(file, source): &(FileId, &Source)| {
            let found = uses(&matcher, source).into_iter();
            let found = found.map(|(name, start)| (names[name], (*file, start)));
            found.collect::<Vec<_>>()
        };
        let mut by_name: FxHashMap<Symbol, Vec<(FileId, u32)>> = FxHashMap::default();
        let found: Vec<_> = sources.par_iter().map(read).collect();
        for (name, place) in found.into_iter().flatten() {
            by_name.entry(name).or_default().push(place);
        }
        let mut places = Self {
            by_name,
            used: FxHashMap::default(),
        };
        for (group, functions) in groups {
            let used = functions.iter().filter(|key| places.is_used(world, **key));
            let counts = (functions.len(), used.count());
            places.used.insert(group, counts);
        }
        places
    }

    /// Whether another file names a function.
    fn is_used(&self, world: &World<'_>, function: FunctionKey) -> bool {
        let file = world.module(function).file;
        let mut places = self.of(world, function).iter();
        places.any(|(place, _)| *place != file)
    }

    fn of(&self, world: &World<'_>, function: FunctionKey) -> &[(FileId, u32)] {
        let places = self.by_name.get(&world.function(function).name);
        places.map_or(&[], Vec::as_slice)
    }

    /// Whether nearly all that stands beside a function, in its class or else its file, is named in other files.
    fn is_used_around(&self, world: &World<'_>, function: FunctionKey) -> bool {
        let counts = self.used.get(&group(world, function));
        let (all, used) = counts.copied().unwrap_or_default();
        let own = usize::from(is_public(world, function));
        let own_used = usize::from(own == 1 && self.is_used(world, function));
        let beside = all.saturating_sub(own);
        beside >= BESIDE_LEAST && used.saturating_sub(own_used) * 4 >= beside * 3
    }
}

/// Where a text says one of the names as a whole word, and does not define it; of each a few.
fn uses(matcher: &AhoCorasick, source: &Source) -> Vec<(usize, u32)> {
    let text = source.text.as_bytes();
    let is_part = |byte: Option<&u8>| {
        byte.is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
        })
    };
    let mut counts: FxHashMap<usize, usize> = FxHashMap::default();
    let found = matcher.find_iter(text).filter(|found| {
        let before = &text[..found.start()];
        !is_part(before.last()) && !is_part(text.get(found.end())) && !defines(before)
    });
    let found = found.map(|found| (found.pattern().as_usize(), found.start()));
    found
        .filter(|(name, _)| {
            let count = counts.entry(*name).or_default();
            *count += 1;
            *count <= PLACE_LIMIT
        })
        .map(|(name, start)| (name, u32::try_from(start).unwrap_or(u32::MAX)))
        .collect()
}

/// Whether what stands before a name makes it a definition: `def name`, `function name`.
fn defines(before: &[u8]) -> bool {
    let trimmed = before.trim_ascii_end();
    trimmed.len() < before.len() && (trimmed.ends_with(b"def") || trimmed.ends_with(b"function"))
}

/// The functions that only unused ones name: those that fall away are taken out until nothing changes.
fn unused(
    world: &World<'_>,
    candidates: FxHashSet<FunctionKey>,
    places: &Places,
    outer: &mut Outer,
) -> FxHashSet<FunctionKey> {
    let mut unused = candidates;
    unused.retain(|function| places.is_used_around(world, *function));
    loop {
        let mut is_used = |function: &FunctionKey| {
            places.of(world, *function).iter().any(|(file, start)| {
                let span = Span {
                    file: *file,
                    start: *start,
                    end: *start,
                };
                let site = world.function(*function).name_site;
                let is_definition = *file == world.module(*function).file && *start == site.start;
                !is_definition
                    && outer
                        .owner(world, span)
                        .is_none_or(|owner| !unused.contains(&owner))
            })
        };
        let used: Vec<FunctionKey> = unused.iter().filter(|key| is_used(key)).copied().collect();
        if used.is_empty() {
            return unused;
        }
        for function in used {
            unused.remove(&function);
        }
    }
}
