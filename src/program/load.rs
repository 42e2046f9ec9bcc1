//! Which files to parse.
//!
//! In: all sources. Out: the lowered modules that can matter. Parsing is what a run costs, so a file is parsed only when
//! it imports a library that hands out resources, when it uses something such a file exports, or when a function that
//! has a resource calls into it. Each round asks what the newest files make necessary, and looks at nothing twice.
//!
//! Invariant: leaving a file out never changes a finding in the files that remain; it could only have added none.
use super::importers::Importers;
use super::interest::{Gain, Interest, is_of_interest, names_of, words_of};
use super::running::Running;
use crate::ir::{
    Action, Block, Call, Callee, Function, FunctionId, ImportId, LocalId, LocalKind, Module,
    Terminator, Type, Value,
};
use crate::library::{Effect, Library};
use crate::link::resolve::Resolver;
use crate::link::values::{Entity, News, Values};
use crate::link::{ClassKey, FunctionKey};
use crate::lower;
use crate::progress::Progress;
use crate::source::{FileId, Language, Source, Sources};
use crate::symbol::Symbol;
use aho_corasick::AhoCorasick;
use memchr::{memmem, memrchr};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};

/// Fields and calls that a callee is read from: `this.services.users.find()`, `User.get(id).lock(session)`.
const FIELD_LIMIT: usize = 6;

/// Files of heirs of one class; of a class that has more, nobody knows which is meant.
const HEIR_LIMIT: usize = 16;

/// Exported names, each with the words of which one must stand beside a use that matters; none where any use does.
type Names = BTreeMap<Symbol, Vec<&'static str>>;

/// The locals of a file's top-level code that imports are assigned to.
type Imports = FxHashMap<LocalId, Vec<ImportId>>;

/// Loads round by round.
pub(super) struct Loader<'s> {
    sources: &'s Sources,
    resolver: &'s Resolver<'s>,
    progress: &'s Progress,
    is_loaded: Vec<bool>,
    /// Modules that were looked at.
    seen: usize,
    interest: Interest,
    running: Running,
    /// What is of interest of what a file exports.
    exports: FxHashMap<FileId, Names>,
    /// Classes of which heirs are called, by functions that nothing runs yet while something is held.
    open: FxHashMap<FunctionKey, Vec<ClassKey>>,
    /// Classes whose heirs are looked for.
    sought: FxHashSet<ClassKey>,
    /// By file: those that export all that it exports.
    passers: FxHashMap<FileId, Vec<FileId>>,
    imports: FxHashMap<FileId, Imports>,
    importers: Option<Importers>,
}

impl<'s> Loader<'s> {
    /// Nothing is loaded yet.
    pub(super) fn new(
        sources: &'s Sources,
        resolver: &'s Resolver<'s>,
        progress: &'s Progress,
    ) -> Self {
        Self {
            sources,
            resolver,
            progress,
            is_loaded: vec![false; sources.len()],
            seen: 0,
            interest: Interest::default(),
            running: Running::default(),
            exports: FxHashMap::default(),
            open: FxHashMap::default(),
            sought: FxHashSet::default(),
            passers: FxHashMap::default(),
            imports: FxHashMap::default(),
            importers: None,
        }
    }

    /// The modules to start with.
    pub(super) fn start(&mut self, library: &Library) -> Vec<Module> {
        let mut seeds = self.seeds(library);
        seeds.extend(self.set_requests(library));
        seeds.sort_unstable();
        seeds.dedup();
        self.lower(&seeds)
    }

    /// The files that what is new calls for, in order; none when there is enough.
    pub(super) fn missing(&mut self, values: &mut Values<'_>) -> Vec<FileId> {
        let news = values.take_news();
        let running = self.running.hear(values, &news, self.seen);
        let gain = self.interest.hear(values, &news, &running.lending);
        let running = running.reached;
        let mut missing = BTreeSet::new();
        self.inherited(values, &mut missing);
        self.called(values, &gain.holding, &mut missing);
        self.passed(values, &gain.passing, &mut missing);
        for function in &running {
            self.follow(values, *function, &mut missing, |_| true);
        }
        for (function, class) in &news.classes_of {
            self.import_of(values, *function, *class, &mut missing);
        }
        self.inheriting(values, &news, &running, &mut missing);
        let wanted = self.wanted(values, &gain);
        self.importing(wanted, &mut missing);
        self.seen += values.world().newest(self.seen).len();
        // What files pass on is looked for when there is nothing nearer: each time costs a walk through what waits.
        if missing.is_empty() {
            missing.extend(values.lacks(|function| self.running.has(function)));
        }
        missing.into_iter().collect()
    }

    /// Lowers files, in parallel; in order.
    pub(super) fn lower(&mut self, files: &[FileId]) -> Vec<Module> {
        for file in files {
            self.is_loaded[file.0 as usize] = true;
        }
        let lower = |file: &FileId| {
            let module = lower::lower(*file, self.sources.get(*file));
            self.progress.analysed_one();
            module
        };
        files.par_iter().map(lower).collect()
    }
}

impl Loader<'_> {
    fn unloaded(&self) -> Vec<FileId> {
        let files = self.sources.iter().map(|(file, _)| file);
        files
            .filter(|file| !self.is_loaded[file.0 as usize])
            .collect()
    }

    /// Files that import a library that hands out resources and use a word of it, or name what is generated for one.
    fn seeds(&self, library: &Library) -> Vec<FileId> {
        let matcher = |language| {
            let packages = library.packages(language);
            let names = packages.iter().map(|package| package.name.as_str());
            (
                AhoCorasick::new(names.chain(library.generated_names(language))).ok(),
                packages,
            )
        };
        let (python, javascript) = (matcher(Language::Python), matcher(Language::JavaScript));
        let uses_library = |file: &FileId| {
            let source = self.sources.get(*file);
            let (matcher, packages) = if source.language.is_python() {
                &python
            } else {
                &javascript
            };
            let Some(matcher) = matcher else { return true };
            let text = source.text.as_bytes();
            // Whoever speaks to poolgate wants an answer.
            if memmem::find(text, b"poolgate:").is_some() {
                return true;
            }
            let mut tried = FxHashSet::default();
            matcher.find_overlapping_iter(text).any(|found| {
                let Some(package) = packages.get(found.pattern().as_usize()) else {
                    return true;
                };
                is_import(source, found.start(), found.end())
                    && tried.insert(found.pattern())
                    && package
                        .words
                        .iter()
                        .any(|word| memmem::find(text, word.as_bytes()).is_some())
            })
        };
        self.unloaded()
            .into_par_iter()
            .filter(uses_library)
            .collect()
    }

    /// Where a setting puts each request into a transaction: the files that name it, and those with requests.
    fn set_requests(&self, library: &Library) -> Vec<FileId> {
        let mut found = Vec::new();
        for language in [Language::Python, Language::JavaScript] {
            for (setting, package) in library.settings(language) {
                let unloaded = self.unloaded();
                let text = |file: &FileId| self.sources.get(*file).text.as_bytes();
                let is_of = |file: &&FileId| {
                    self.sources.get(**file).language.is_python() == language.is_python()
                };
                let names = |file: &&FileId| memmem::find(text(file), setting.as_bytes()).is_some();
                let set: Vec<_> = unloaded
                    .iter()
                    .filter(is_of)
                    .filter(names)
                    .copied()
                    .collect();
                if set.is_empty() {
                    continue;
                }
                let registers = |file: &&FileId| {
                    let source = self.sources.get(**file);
                    let mut places = memmem::find_iter(text(file), package.name.as_bytes());
                    places.any(|at| is_import(source, at, at + package.name.len()))
                        && package
                            .words
                            .iter()
                            .any(|word| memmem::find(text(file), word.as_bytes()).is_some())
                };
                found.extend(set);
                found.extend(unloaded.iter().filter(is_of).filter(registers));
            }
        }
        found
    }

    /// Files of base classes and decorators of the newest modules.
    fn inherited(&mut self, values: &Values<'_>, missing: &mut BTreeSet<FileId>) {
        let world = values.world();
        for module in world.newest(self.seen) {
            let Some(top) = world.top_level(module.file) else {
                continue;
            };
            for class in &module.classes {
                let parent = world.sibling(top, class.parent);
                for base in &class.bases {
                    self.import_of(values, parent, *base, missing);
                }
            }
            let mut read_in = FxHashMap::default();
            for function in world.functions_of(module.file).map(FunctionKey) {
                let body = world.function(function);
                if body.decorators.is_empty() {
                    continue;
                }
                let parent = world.sibling(function, body.parent);
                let sources = read_in
                    .entry(parent)
                    .or_insert_with(|| read_from(&world.function(parent).blocks));
                for decorator in &body.decorators {
                    let read = |local: &LocalId| sources.get(local).copied();
                    let read = std::iter::successors(Some(decorator.value), read);
                    for local in read.take(FIELD_LIMIT) {
                        self.import_of(values, parent, local, missing);
                    }
                }
            }
        }
    }

    /// Files of classes that have the methods which code that may run while something is held calls of their base.
    fn inheriting(
        &mut self,
        values: &Values<'_>,
        news: &News,
        running: &[FunctionKey],
        missing: &mut BTreeSet<FileId>,
    ) {
        let mut sought = Vec::new();
        for (function, class) in &news.open {
            if self.running.has(*function) {
                sought.push(*class);
            } else {
                self.open.entry(*function).or_default().push(*class);
            }
        }
        for function in running {
            sought.extend(self.open.remove(function).into_iter().flatten());
        }
        // Who inherits from a class that is sought hands it on.
        let hands_on = |class: &&ClassKey| {
            let ancestry = values.ancestry(**class);
            ancestry.iter().any(|base| self.sought.contains(base))
        };
        if !self.sought.is_empty() {
            sought.extend(news.classes.iter().filter(hands_on));
        }
        sought.retain(|class| self.sought.insert(*class));
        if sought.is_empty() {
            return;
        }
        if self.importers.is_none() {
            let unloaded = self.unloaded();
            self.importers = Some(Importers::new(self.sources, self.resolver, &unloaded));
        }
        let Some(importers) = &self.importers else {
            return;
        };
        let world = values.world();
        for class in sought {
            let name = world.class(class).name;
            let file = world.module(world.function_near(class, FunctionId(0))).file;
            let heirs = importers.of(file).iter().filter(|importer| {
                !self.is_loaded[importer.0 as usize]
                    && inherits(self.sources.get(**importer), &name)
            });
            let heirs: Vec<_> = heirs.take(HEIR_LIMIT + 1).collect();
            if heirs.len() <= HEIR_LIMIT {
                missing.extend(heirs);
            }
        }
    }

    /// Files that these functions, which came to hold a resource, call with it.
    fn called(
        &mut self,
        values: &Values<'_>,
        functions: &[FunctionKey],
        missing: &mut BTreeSet<FileId>,
    ) {
        for function in functions {
            self.follow(values, *function, missing, |call| {
                let mut arguments = call.arguments.iter();
                arguments.any(|argument| is_of_interest(values, *function, argument.value))
            });
        }
    }

    /// Files that these functions call with a function that leads to a resource: `singleton('db', () => new Pool())`.
    fn passed(
        &mut self,
        values: &Values<'_>,
        functions: &[FunctionKey],
        missing: &mut BTreeSet<FileId>,
    ) {
        let interest = std::mem::take(&mut self.interest);
        for function in functions {
            let leads = |entity: &Entity| {
                matches!(entity, Entity::Function(_)) && interest.holds(values, *entity)
            };
            self.follow(values, *function, missing, |call| {
                let mut arguments = call.arguments.iter();
                arguments.any(|argument| values.of(*function, argument.value).iter().any(leads))
            });
        }
        self.interest = interest;
    }

    /// The unparsed files of the callees of a function, of those calls that matter.
    fn follow(
        &mut self,
        values: &Values<'_>,
        function: FunctionKey,
        missing: &mut BTreeSet<FileId>,
        matters: impl Fn(&Call) -> bool,
    ) {
        let blocks = &values.world().function(function).blocks;
        let calls = blocks.iter().filter_map(|block| match &block.terminator {
            Terminator::Call { call, .. } if matters(call) => Some(call),
            _ => None,
        });
        let mut calls = calls.peekable();
        if calls.peek().is_none() {
            return;
        }
        let sources = read_from(blocks);
        let own = imports(blocks);
        let fields = fields_of_receiver(values, function, blocks);
        let file = values.world().module(function).file;
        for call in calls {
            let (Callee::Local(local) | Callee::Method(local, _)) = call.callee;
            let read = std::iter::successors(Some(local), |local| sources.get(local).copied());
            // The text of a statement may be a constant of another file.
            let text = call.arguments.first().filter(|_| {
                let meaning = values.meaning(function, call);
                meaning.fact(Effect::Queries).is_some()
            });
            let text = text.map(|argument| argument.value);
            for local in read.take(FIELD_LIMIT).chain(text) {
                self.import_of(values, function, local, missing);
                for import in own.get(&local).into_iter().flatten() {
                    self.load(values, file, *import, missing);
                }
                for (owner, local) in declared_types(values, function, local, &fields) {
                    self.import_of(values, owner, local, missing);
                }
            }
        }
    }

    /// The unparsed file that a local is imported from.
    fn import_of(
        &mut self,
        values: &Values<'_>,
        function: FunctionKey,
        local: LocalId,
        missing: &mut BTreeSet<FileId>,
    ) {
        let world = values.world();
        let is_outer = matches!(world.function(function).local(local).kind, LocalKind::Captured(owner, _)
            if owner == FunctionId(0));
        if !is_outer && !world.is_top_level(function) {
            return;
        }
        let (owner, local) = world.origin(function, local);
        let module = world.module(owner);
        let imports = self
            .imports
            .entry(module.file)
            .or_insert_with(|| imports(module.functions.first().map_or(&[], |top| &top.blocks)));
        let imports = imports.get(&local).cloned().unwrap_or_default();
        for import in imports {
            self.load(values, module.file, import, missing);
        }
    }

    fn load(
        &self,
        values: &Values<'_>,
        file: FileId,
        import: ImportId,
        missing: &mut BTreeSet<FileId>,
    ) {
        let found = values.imported_file(file, import);
        missing.extend(found.filter(|file| !self.is_loaded[file.0 as usize]));
    }

    /// What files came to export that is of interest, by file.
    fn wanted(&mut self, values: &Values<'_>, gain: &Gain) -> BTreeMap<FileId, Names> {
        let mut wanted: BTreeMap<FileId, Names> = BTreeMap::new();
        for module in values.world().newest(self.seen) {
            for star in &module.star_exports {
                let Some(file) = values.imported_file(module.file, *star) else {
                    continue;
                };
                self.passers.entry(file).or_default().push(module.file);
                let names = self.exports.get(&file).into_iter().flatten();
                let names = names.map(|(name, words)| (*name, words.clone()));
                wanted.entry(module.file).or_default().extend(names);
            }
        }
        for (top, local) in &gain.exported {
            let file = values.world().module(*top).file;
            let held = values.of(*top, *local).iter().copied();
            let held: Vec<_> = held
                .filter(|entity| self.interest.holds(values, *entity))
                .collect();
            let words = words_of(values, &held);
            for name in names_of(values, *top, *local) {
                self.exports
                    .entry(file)
                    .or_default()
                    .insert(name, words.clone());
                // A module that passes everything on is as interesting as what it passes on.
                let passers = self.passers.get(&file).into_iter().flatten();
                for file in passers.chain([&file]) {
                    wanted.entry(*file).or_default().insert(name, words.clone());
                }
            }
        }
        wanted
    }

    /// Unparsed files that import one of these and use what is wanted of it.
    fn importing(&mut self, wanted: BTreeMap<FileId, Names>, missing: &mut BTreeSet<FileId>) {
        if wanted.is_empty() {
            return;
        }
        let unloaded = || Importers::new(self.sources, self.resolver, &self.unloaded());
        if self.importers.is_none() {
            self.importers = Some(unloaded());
        }
        let Some(importers) = &self.importers else {
            return;
        };
        let candidates = |(file, names): (FileId, Names)| {
            let is_script = !self.sources.get(file).language.is_python();
            let wholes = ["default", "module.exports"].map(Symbol::new);
            let is_whole = is_script && wholes.iter().any(|whole| names.contains_key(whole));
            let uses = |importer: &&FileId| {
                !self.is_loaded[importer.0 as usize]
                    && (is_whole || uses(self.sources.get(**importer), &names))
            };
            importers.of(file).iter().filter(uses).copied().collect()
        };
        let found: Vec<Vec<FileId>> = wanted.into_par_iter().map(candidates).collect();
        missing.extend(found.into_iter().flatten());
    }
}

/// The locals that name the declared type of a parameter, or of the field of the receiver that a local is read from.
fn declared_types(
    values: &Values<'_>,
    function: FunctionKey,
    local: LocalId,
    fields: &FxHashMap<LocalId, Symbol>,
) -> Vec<(FunctionKey, LocalId)> {
    let world = values.world();
    let mut found = Vec::new();
    let (owner, variable) = world.origin(function, local);
    if let Some(annotation) = &world.function(owner).local(variable).annotation {
        found.extend(names_in(annotation).map(|local| (owner, local)));
    }
    for parameter in &world.function(owner).parameters {
        if parameter.local == variable
            && let Some(annotation) = &parameter.annotation
        {
            found.extend(names_in(annotation).map(|local| (owner, local)));
        }
    }
    let field = fields.get(&local).copied();
    let Some((name, class)) = field.zip(enclosing_class(values, function)) else {
        return found;
    };
    for class in values.ancestry(class) {
        let declared = world.class(class);
        let parent = world.function_near(class, declared.parent);
        let fields = declared.fields.iter().filter(|field| field.name == name);
        for annotation in fields.filter_map(|field| field.annotation.as_ref()) {
            found.extend(names_in(annotation).map(|local| (parent, local)));
        }
        let constructors = declared
            .methods
            .iter()
            .map(|(_, id)| world.function_near(class, *id));
        for constructor in constructors.filter(|key| world.function(*key).traits.is_constructor) {
            for parameter in &world.function(constructor).parameters {
                if sets_field(world.function(constructor), name, parameter.local)
                    && let Some(annotation) = &parameter.annotation
                {
                    found.extend(names_in(annotation).map(|local| (constructor, local)));
                }
            }
        }
    }
    found
}

/// The fields of the receiver that locals are read from.
fn fields_of_receiver(
    values: &Values<'_>,
    function: FunctionKey,
    blocks: &[Block],
) -> FxHashMap<LocalId, Symbol> {
    let mut found = FxHashMap::default();
    for statement in blocks.iter().flat_map(|block| &block.statements) {
        if let Action::Assign(target, Value::Field(object, name)) = statement.action
            && is_receiver(values, function, object)
        {
            found.entry(target).or_insert(name);
        }
    }
    found
}

/// Whether a local is the receiver of a method, or of the one a closure stands in.
fn is_receiver(values: &Values<'_>, function: FunctionKey, local: LocalId) -> bool {
    let (owner, local) = values.world().origin(function, local);
    values.world().function(owner).receiver == Some(local)
}

fn enclosing_class(values: &Values<'_>, function: FunctionKey) -> Option<ClassKey> {
    let world = values.world();
    world.around(function).find_map(|key| world.class_of(key))
}

fn sets_field(constructor: &Function, name: Symbol, value: LocalId) -> bool {
    let mut statements = constructor
        .blocks
        .iter()
        .flat_map(|block| &block.statements);
    statements.any(|statement| {
        matches!(statement.action, Action::SetField(_, field, source) if field == name && source == value)
    })
}

/// The locals by which a type names its parts.
fn names_in(annotation: &Type) -> Box<dyn Iterator<Item = LocalId> + '_> {
    match annotation {
        Type::Name(local, _) => Box::new(local.iter().copied()),
        Type::Generic(base, arguments) => {
            Box::new(names_in(base).chain(arguments.iter().flat_map(names_in)))
        }
        Type::Union(members) => Box::new(members.iter().flat_map(names_in)),
        Type::Unknown => Box::new(std::iter::empty()),
    }
}

/// By local: the one whose field it is, or whose call's result. What a callee is read from says what it is.
fn read_from(blocks: &[Block]) -> FxHashMap<LocalId, LocalId> {
    let mut found = FxHashMap::default();
    for block in blocks {
        for statement in &block.statements {
            if let Action::Assign(target, Value::Field(object, _)) = statement.action {
                found.insert(target, object);
            }
        }
        if let Terminator::Call { call, .. } = &block.terminator {
            let (Callee::Local(local) | Callee::Method(local, _)) = call.callee;
            found.insert(call.result, local);
        }
    }
    found
}

/// The locals that imports are assigned to, whole or in part: `const { work } = require('./work')`.
fn imports(blocks: &[Block]) -> Imports {
    let mut found = Imports::default();
    for statement in blocks.iter().flat_map(|block| &block.statements) {
        match statement.action {
            Action::Assign(target, Value::Import(import)) => {
                found.entry(target).or_default().push(import);
            }
            Action::Assign(target, Value::Field(object, _)) => {
                if let Some(imports) = found.get(&object).cloned() {
                    found.entry(target).or_default().extend(imports);
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether text uses one of the names, or brings in all of them.
fn uses(source: &Source, names: &Names) -> bool {
    let text = source.text.as_bytes();
    let has = |word: &str| memmem::find(text, word.as_bytes()).is_some();
    let passes_on = [
        "import *",
        "export *",
        "export {",
        "module.exports",
        "__all__",
    ]
    .into_iter()
    .any(has)
        || source.path.ends_with("__init__.py");
    ((has("import *") || has("export *")) && passes_on)
        || names.iter().any(|(name, words)| {
            let name = name.as_bytes();
            memmem::find(text, name).is_some()
                && (words.is_empty()
                    || passes_on
                    || words
                        .iter()
                        .any(|word| memmem::find(text, word.as_bytes()).is_some())
                    || is_passed(text, name))
        })
}

/// Whether a class of a text names this one in its header.
fn inherits(source: &Source, name: &str) -> bool {
    let text = source.text.as_bytes();
    memmem::find_iter(text, name).any(|start| {
        let line = memrchr(b'\n', &text[..start]).map_or(0, |end| end + 1);
        let before = &text[line..start];
        let is_whole = !text.get(start + name.len()).copied().is_some_and(is_word)
            && !before.last().copied().is_some_and(is_word);
        let words = ["class ", "interface ", "extends ", "implements "];
        is_whole
            && words
                .iter()
                .any(|word| memmem::find(before, word.as_bytes()).is_some())
    })
}

/// Whether a name stands right behind a parenthesis or an equals sign, as an argument does.
fn is_passed(text: &[u8], name: &[u8]) -> bool {
    memmem::find_iter(text, name).any(|start| {
        let before = start.checked_sub(1).and_then(|position| text.get(position));
        let after = text.get(start + name.len()).copied().unwrap_or(b' ');
        matches!(before, Some(b'(' | b'=')) && matches!(after, b')' | b',')
    })
}

/// Whether a package's name at this place in the text is what an import names.
fn is_import(source: &Source, start: usize, end: usize) -> bool {
    let text = source.text.as_bytes();
    let before = start
        .checked_sub(1)
        .and_then(|position| text.get(position))
        .copied()
        .unwrap_or(b'\n');
    let after = text.get(end).copied().unwrap_or(b'\n');
    if source.language.is_python() {
        return before.is_ascii_whitespace() && !is_word(after);
    }
    let ends_inside = end > 0 && text.get(end - 1) == Some(&b'/');
    matches!(before, b'"' | b'\'' | b'`')
        && (ends_inside || matches!(after, b'"' | b'\'' | b'`' | b'/'))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
