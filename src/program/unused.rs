//! Functions that the program has but does not use.
//!
//! In: findings, all texts. Out: low confidence for what stands in a function whose name nothing but its definition
//! says, in a class or file of which nearly all else is used from other files: no outage comes from it. A framework, a
//! library's user or a new program may call what is named nowhere; so a base class, a decorator, an export of a
//! package, and a file that is not used so, keep the confidence.
use crate::finding::{Confidence, Finding};
use crate::ir::FunctionId;
use crate::link::{ClassKey, FunctionKey, World};
use crate::source::{FileId, Source, Span};
use crate::symbol::Symbol;
use aho_corasick::{AhoCorasick, MatchKind};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// Of fewer functions beside it nothing can be said.
const BESIDE_LEAST: usize = 4;

/// Places of one name that are remembered; what is named more often is used.
const PLACE_LIMIT: usize = 16;

/// Lowers the confidence of what stands in functions that nothing uses.
pub(super) fn doubt(world: &World<'_>, findings: &mut [Finding]) {
    let owners: Vec<_> = findings
        .iter()
        .map(|finding| owner(world, finding.primary).filter(|owner| may_be_unused(world, *owner)))
        .collect();
    let candidates: FxHashSet<FunctionKey> = owners.iter().flatten().copied().collect();
    if candidates.is_empty() {
        return;
    }
    let places = Places::new(world, &candidates);
    let unused = unused(world, candidates, &places);
    for (finding, owner) in findings.iter_mut().zip(owners) {
        if owner.is_some_and(|owner| unused.contains(&owner)) {
            finding.confidence = Confidence::Low;
        }
    }
}

/// The function or method of a file's top level that a place lies in.
fn owner(world: &World<'_>, span: Span) -> Option<FunctionKey> {
    let functions = world.functions_of(span.file).map(FunctionKey);
    let mut outer = functions.filter(|function| {
        let body = world.function(*function);
        !world.is_top_level(*function) && body.parent == FunctionId(0)
    });
    outer.find(|function| {
        let site = world.function(*function).site;
        site.start <= span.start && span.end <= site.end
    })
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

/// The functions beside one in its class, or else in its file.
fn beside(world: &World<'_>, function: FunctionKey) -> impl Iterator<Item = FunctionKey> {
    let class = world.function(function).class;
    world.functions_near(function).filter(move |other| {
        let body = world.function(*other);
        *other != function
            && body.class == class
            && body.parent == FunctionId(0)
            && !world.is_top_level(*other)
            && !body.traits.is_closure
            && !body.name.text().starts_with('_')
    })
}

/// Where names stand that do not define what they name.
struct Places {
    by_name: FxHashMap<Symbol, Vec<(FileId, u32)>>,
}

impl Places {
    /// Looks for the names of the functions and of those beside them.
    fn new(world: &World<'_>, functions: &FxHashSet<FunctionKey>) -> Self {
        let named = functions.iter().flat_map(|function| {
            let beside = beside(world, *function);
            beside.chain([*function])
        });
        let mut names: Vec<Symbol> = named.map(|named| world.function(named).name).collect();
        names.sort_unstable();
        names.dedup();
        let matcher = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(names.iter().map(|name| name.text()));
        let Ok(matcher) = matcher else {
            return Self {
                by_name: FxHashMap::default(),
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
        Self { by_name }
    }

    fn of(&self, world: &World<'_>, function: FunctionKey) -> &[(FileId, u32)] {
        let places = self.by_name.get(&world.function(function).name);
        places.map_or(&[], Vec::as_slice)
    }

    /// Whether nearly all that stands beside a function is named in other files.
    fn is_used_around(&self, world: &World<'_>, function: FunctionKey) -> bool {
        let file = world.module(function).file;
        let beside: Vec<_> = beside(world, function).collect();
        let is_used = |other: &&FunctionKey| {
            let mut places = self.of(world, **other).iter();
            places.any(|(place, _)| *place != file)
        };
        beside.len() >= BESIDE_LEAST
            && beside.iter().filter(is_used).count() * 4 >= beside.len() * 3
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
) -> FxHashSet<FunctionKey> {
    let mut unused = candidates;
    unused.retain(|function| places.is_used_around(world, *function));
    loop {
        let is_used = |function: &FunctionKey| {
            places.of(world, *function).iter().any(|(file, start)| {
                let span = Span {
                    file: *file,
                    start: *start,
                    end: *start,
                };
                let site = world.function(*function).name_site;
                let is_definition = *file == world.module(*function).file && *start == site.start;
                !is_definition && owner(world, span).is_none_or(|owner| !unused.contains(&owner))
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
