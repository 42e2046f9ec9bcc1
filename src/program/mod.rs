//! The whole program, frozen: the only thing a rule sees.
//!
//! In: sources, manifests, library knowledge. Out: [`Program`] for the rules, and through [`analyse`] their findings.
mod importers;
mod interest;
mod load;
mod running;
mod story;
mod unused;

use crate::config::{self, Config};
use crate::error::Error;
use crate::finding::{Finding, Notice, RuleInfo};
use crate::flow::begins::{self, PoolBegin};
use crate::flow::fanouts::{self, Fanout};
use crate::flow::holds;
use crate::flow::leaks::{self, Leak};
use crate::flow::loops::{self, QueryLoop};
use crate::flow::nested::{self, Nested};
use crate::flow::pools::{self, Opening};
use crate::flow::reach::Reach;
use crate::flow::summary::Summaries;
use crate::flow::unended;
use crate::flow::waits::{self, Wait};
use crate::flow::witness;
use crate::ir::Site;
use crate::library::{self, Library, LibraryFile};
use crate::link::resolve::Resolver;
use crate::link::values::Values;
use crate::link::{FunctionKey, Modules, World};
use crate::progress::Progress;
use crate::rules;
use crate::source::{Manifest, Sources, Span};
use load::Loader;

/// The program with what the analyses found out about it.
pub struct Program<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// Functions and classes.
    pub world: &'a World<'a>,
    /// What locals stand for.
    pub values: &'a Values<'a>,
    /// Resources that stay held.
    pub leaks: Vec<Leak>,
    /// Pools made again and again.
    pub openings: Vec<Opening>,
    /// Transactions that some way does not finish.
    pub unfinished: Vec<Leak>,
    /// Transactions begun through a pool.
    pub pool_begins: Vec<PoolBegin>,
    /// Second connections of the pool of which one is held.
    pub nested: Vec<Nested>,
    /// Loops that query in a transaction.
    pub query_loops: Vec<QueryLoop>,
    /// Work for all elements at once, each with a connection.
    pub fanouts: Vec<Fanout>,
    /// Waits for somebody else while a connection is held.
    pub waits: Vec<Wait>,
}

impl Program<'_> {
    /// Source text for a message: one line, shortened.
    pub fn quote(&self, span: Span) -> String {
        witness::quote(self.sources.text(span))
    }

    /// What names a finding when lines move: the path of functions it stands in, and its text.
    pub fn identity(&self, function: FunctionKey, site: Site) -> String {
        let mut names = Vec::new();
        let mut key = function;
        while !self.world.is_top_level(key) {
            let body = self.world.function(key);
            let class = self
                .world
                .class_of(key)
                .map(|class| self.world.class(class).name.text());
            names.push(class.map_or_else(
                || body.name.text().to_owned(),
                |class| format!("{class}.{}", body.name),
            ));
            key = self.world.sibling(key, body.parent);
        }
        names.reverse();
        let path = &self.sources.get(self.world.module(function).file).path;
        format!(
            "{path}:{}:{}",
            names.join("."),
            self.quote(self.world.span(function, site))
        )
    }

    /// The finding of a leak.
    pub fn leak_finding(&self, rule: &RuleInfo, leak: &Leak, verb: &str) -> Finding {
        let story = witness::tell(self.values, self.sources, leak);
        let message = if story.ending.is_empty() {
            format!("{} is never {verb}", story.subject)
        } else {
            format!("{} is not {verb} {}", story.subject, story.ending)
        };
        Finding {
            rule: rule.id,
            level: rule.level,
            confidence: leak.confidence,
            primary: self.world.span(leak.function, leak.acquisition.site),
            message,
            steps: story.steps,
            identity: self.identity(leak.function, leak.acquisition.site),
        }
    }
}

/// What an analysis gives back.
#[derive(Debug)]
pub struct Analysis {
    /// What was found, sorted by place, suppressed or not.
    pub findings: Vec<Finding>,
    /// What could not be understood, sorted.
    pub notices: Vec<Notice>,
    /// Comments that speak to poolgate, in the files that were parsed.
    pub comments: Vec<Span>,
    /// The files, to draw excerpts from.
    pub sources: Sources,
}

/// Analyses the files as one project.
pub fn analyse(
    sources: Sources,
    manifests: &[Manifest],
    config: &Config,
    progress: &Progress,
) -> Result<Analysis, Error> {
    let library = Library::new(&own_libraries(config)?).map_err(library_error)?;
    let (findings, notices, comments) = rounds(&sources, manifests, &library, progress);
    Ok(Analysis {
        findings,
        notices,
        comments,
        sources,
    })
}

/// Loads and links until nothing is missing, then judges.
fn rounds(
    sources: &Sources,
    manifests: &[Manifest],
    library: &Library,
    progress: &Progress,
) -> (Vec<Finding>, Vec<Notice>, Vec<Span>) {
    let resolver = Resolver::new(sources, manifests);
    let places = Modules::new(sources);
    let mut values = Values::new(World::new(&places, sources), library, &resolver);
    let mut loader = Loader::new(sources, &resolver, progress);
    values.extend(loader.start(library));
    loop {
        let missing = loader.missing(&mut values);
        if !missing.is_empty() {
            values.extend(loader.lower(&missing));
        } else if !values.settle() {
            break;
        }
    }
    drop(loader);
    values.finish();
    let (notices, comments) = remarks(sources, values.world());
    (judge(sources, &values), notices, comments)
}

/// The `[[library]]` tables of the configuration.
fn own_libraries(config: &Config) -> Result<Vec<LibraryFile>, Error> {
    let parse = |own: &config::Library| {
        let text = own.table.to_string();
        LibraryFile::parse(&config.path, &text).map_err(|error| {
            library_error(library::Error {
                // The table is parsed on its own; its first line stands at `own.line`.
                line: own.line as usize,
                ..error
            })
        })
    };
    config.libraries.iter().map(parse).collect()
}

fn library_error(error: library::Error) -> Error {
    let line = u32::try_from(error.line).unwrap_or(u32::MAX);
    Error::Config {
        path: error.file,
        line,
        message: error.message,
    }
}

/// What lowering has to say about the files, and the comments that speak to poolgate.
fn remarks(sources: &Sources, world: &World<'_>) -> (Vec<Notice>, Vec<Span>) {
    let (mut notices, mut comments) = (Vec::new(), Vec::new());
    for module in world.modules() {
        let path = &sources.get(module.file).path;
        notices.extend(module.notices.iter().map(|(offset, message)| Notice {
            path: path.clone(),
            line: Some(sources.position(module.file, *offset).line),
            message: message.clone(),
        }));
        let span = |site: &Site| Span {
            file: module.file,
            start: site.start,
            end: site.end,
        };
        comments.extend(module.comments.iter().map(span));
    }
    notices.sort();
    (notices, comments)
}

fn judge(sources: &Sources, values: &Values<'_>) -> Vec<Finding> {
    let mut summaries = Summaries::new(values);
    let mut reach = Reach::new(&mut summaries);
    let mut leaks = leaks::leaks(&mut summaries, &mut reach);
    leaks.extend(unended::unended(&mut summaries, &mut reach));
    let openings = pools::openings(&mut summaries, &mut reach);
    let holds = holds::holds(&mut summaries, &mut reach);
    let waits = waits::waits(&mut summaries, &mut reach, &holds);
    let unfinished = leaks::unfinished(&mut summaries, &mut reach);
    let pool_begins = begins::pool_begins(&mut summaries);
    let nested = nested::nested(&mut summaries, &reach, &holds);
    let query_loops = loops::query_loops(&mut summaries, &reach, &holds);
    let fanouts = fanouts::fanouts(&mut summaries, &reach, &holds);
    let program = Program {
        sources,
        world: values.world(),
        values,
        leaks,
        openings,
        unfinished,
        pool_begins,
        nested,
        query_loops,
        fanouts,
        waits,
    };
    let mut findings = rules::check(&program);
    unused::doubt(values.world(), &mut findings);
    findings
}
