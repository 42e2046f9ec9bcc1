//! How the values grow with the program: what is seeded when modules come, and what waits for modules that have not.
//!
//! A question whose answer may change when a file comes waits for that file, so that nothing is asked again in vain.
use super::{
    BlockId, CallFact, CallKind, CallSite, ClassKey, Entity, FileId, FunctionKey, Holder, ImportId,
    LocalId, Node, Owner, Symbol, Target, Values, Watcher,
};
use crate::ir::Module;
use rustc_hash::{FxHashMap, FxHashSet};

/// A question that a file which is not loaded may answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Waiting {
    /// What an import of this file brings into the node.
    Import(FileId, ImportId, Node),
    /// What a name exported by the file holds, or the submodule of that name.
    Export(Symbol, Node),
    /// What a name exported by the file holds.
    Star(Symbol, Node),
    /// What becomes of a module that a node holds.
    Notify(Watcher, Entity),
}

/// Which questions wait for which files.
#[derive(Debug, Default)]
pub(super) struct Wait {
    /// Questions, by the file they were put to.
    questions: FxHashMap<FileId, Vec<Waiting>>,
    /// By a file that is not loaded: the files that pass on what it exports, itself among them.
    passed_on: FxHashMap<FileId, Vec<FileId>>,
    /// Loaded files that pass on nothing that is not loaded.
    complete: FxHashSet<FileId>,
    /// Names taken for submodules of a package if the package itself is never loaded.
    provisional: Vec<(FileId, Symbol, Node)>,
}

impl Wait {
    /// Files that are not loaded, each with the files that pass on what it exports; in order.
    pub(super) fn open_files(&self) -> Vec<(FileId, &[FileId])> {
        let files = self.passed_on.iter();
        let mut files: Vec<_> = files
            .map(|(file, asked)| (*file, asked.as_slice()))
            .collect();
        files.sort_unstable();
        files
    }

    /// The questions that were put to a file.
    pub(super) fn questions_of(&self, file: FileId) -> &[Waiting] {
        self.questions.get(&file).map_or(&[], Vec::as_slice)
    }
}

/// A fact that holds unless a callback turns up among the arguments of its call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Late<'w> {
    pub(super) site: CallSite,
    pub(super) fact: &'w CallFact,
    pub(super) receiver: Option<Entity>,
}

/// What has become known since it was last asked for.
#[derive(Debug, Default)]
pub struct News {
    /// What nodes came to hold, where it is a pool, a resource or something that may lead to one.
    pub held: Vec<(Node, Entity)>,
    /// Classes that came to inherit from something.
    pub classes: Vec<ClassKey>,
    /// Calls that came to be linked: the calling function and the called one.
    pub linked: Vec<(FunctionKey, FunctionKey)>,
    /// Calls of methods that only those have which inherit from the receiver's class: the calling function, the class.
    pub open: Vec<(FunctionKey, ClassKey)>,
    /// Locals by which a call names the class of what it gives.
    pub classes_of: Vec<(FunctionKey, LocalId)>,
    /// Functions whose calls take a client, open a session or begin a transaction.
    pub taking: Vec<FunctionKey>,
}

impl Values<'_> {
    /// Takes modules in and computes what follows from them.
    pub fn extend(&mut self, modules: Vec<Module>) {
        let functions = self.world.function_count();
        let classes = self.world.class_count();
        let known = self.world.modules().count();
        self.world.extend(modules);
        let functions = functions..self.world.function_count();
        for function in functions.clone().map(FunctionKey) {
            self.make_nodes(function);
        }
        // What modules and classes are made of comes first: most questions are about them.
        let is_top = |values: &Self, key: &FunctionKey| values.world.is_top_level(*key);
        for class in (classes..self.world.class_count()).map(ClassKey) {
            self.seed_bases(class);
        }
        for function in functions.clone().map(FunctionKey) {
            if is_top(self, &function) {
                self.seed_function(function);
            }
        }
        let arrived: Vec<_> = self
            .world
            .newest(known)
            .iter()
            .map(|module| module.file)
            .collect();
        self.wake(&arrived);
        self.run();
        for class in (classes..self.world.class_count()).map(ClassKey) {
            self.seed_class(class);
        }
        for function in functions.map(FunctionKey) {
            if !is_top(self, &function) {
                self.seed_function(function);
            }
        }
        self.run();
    }

    /// Answers what no file will answer any more; whether anything came of it.
    pub fn settle(&mut self) -> bool {
        let mut is_new = false;
        for (file, name, target) in std::mem::take(&mut self.wait.provisional) {
            if self.export(file, name, 0).is_none()
                && let Some(submodule) = self.submodule(file, name)
            {
                self.add(target, Entity::Module(submodule));
                is_new = true;
            }
        }
        self.run();
        is_new
    }

    /// Ends the growth: forgets what only growing needs, and puts in order what came in the order of growth.
    pub fn finish(&mut self) {
        self.watchers = Vec::new();
        self.wait = Wait::default();
        self.asked = FxHashMap::default();
        self.linked = FxHashSet::default();
        self.news = News::default();
        let world = &self.world;
        let place = |site: &CallSite| (world.place(site.function), site.block);
        self.callers
            .values_mut()
            .for_each(|callers| callers.sort_unstable_by_key(place));
    }

    /// What has become known since the last time.
    pub fn take_news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }

    /// The program's place that a node stands for.
    pub fn owner(&self, node: Node) -> Option<Owner> {
        let function = self.first_node.partition_point(|first| *first <= node.0);
        if let Some(function) = function.checked_sub(1) {
            let key = FunctionKey(u32::try_from(function).ok()?);
            let offset = node.0 - self.first_node[function];
            let locals = self.world.function(key).locals.len();
            if offset < 2 {
                return Some(Owner::Result(key));
            }
            let local = offset as usize - 2;
            if local < locals {
                return Some(Owner::Local(key, LocalId::new(local)));
            }
        }
        let index = self
            .field_nodes
            .binary_search_by_key(&node, |(node, _)| *node)
            .ok()?;
        Some(match self.field_nodes[index].1 {
            Holder::Class(class) => Owner::Class(class),
            Holder::Record(node) => Owner::Record(node),
        })
    }

    /// Gives a function its nodes, and its names if it is top-level code.
    fn make_nodes(&mut self, key: FunctionKey) {
        let body = self.world.function(key);
        let is_top = self.world.is_top_level(key);
        self.first_node
            .push(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        self.new_node(true);
        self.new_node(true);
        for (index, local) in body.locals.iter().enumerate() {
            self.new_node(is_top);
            if is_top && !local.name.is_empty() {
                self.names
                    .entry((key, local.name))
                    .or_insert(LocalId::new(index));
            }
        }
    }

    fn seed_function(&mut self, function: FunctionKey) {
        self.seed_declaration(function);
        self.seed_keys(function);
        if let Some(echoes) = self.echoes(function) {
            for other in &echoes.others {
                let node = self.local(function, *other);
                self.watch(node, Watcher::Copy(self.result_node(function)));
            }
        }
        let body = self.world.function(function);
        for (index, block) in body.blocks.iter().enumerate() {
            for statement in &block.statements {
                self.seed_statement(function, &statement.action);
            }
            self.seed_terminator(function, BlockId::new(index), &block.terminator);
        }
    }

    /// Asks again what waited for files that are loaded now.
    fn wake(&mut self, arrived: &[FileId]) {
        let mut asked: Vec<_> = arrived
            .iter()
            .filter_map(|file| self.wait.passed_on.remove(file))
            .flatten()
            .collect();
        asked.sort_unstable();
        asked.dedup();
        for file in asked {
            for question in self.wait.questions.remove(&file).unwrap_or_default() {
                self.ask(file, question);
            }
        }
    }

    fn ask(&mut self, file: FileId, question: Waiting) {
        match question {
            Waiting::Import(from, import, target) => self.import(from, import, target),
            Waiting::Export(name, target) => self.load_export(file, name, target),
            Waiting::Star(name, target) => self.load_star(file, name, target),
            Waiting::Notify(watcher, entity) => self.notify(watcher, entity),
        }
    }

    /// Keeps a question for when a file, or one that it passes on, is loaded; whether there is such a file.
    pub(super) fn wait(&mut self, file: FileId, question: Waiting) -> bool {
        if let Some(questions) = self.wait.questions.get_mut(&file) {
            questions.push(question);
            return true;
        }
        if self.wait.complete.contains(&file) {
            return false;
        }
        let mut parts = vec![file];
        let mut position = 0;
        let mut is_open = false;
        while let Some(part) = parts.get(position).copied() {
            position += 1;
            let Some(module) = self.world.module_of(part) else {
                self.wait.passed_on.entry(part).or_default().push(file);
                is_open = true;
                continue;
            };
            for star in module.star_imports.iter().chain(&module.star_exports) {
                if let Some(import) = module.imports.get(star.index())
                    && let Target::File(other) = self.target(part, import.specifier)
                    && !parts.contains(&other)
                {
                    parts.push(other);
                }
            }
        }
        if is_open {
            self.wait.questions.insert(file, vec![question]);
        } else {
            self.wait.complete.insert(file);
        }
        is_open
    }

    /// Takes a name for a submodule, at once if the package cannot bind it, else once it is known not to be loaded.
    pub(super) fn take_for_submodule(&mut self, package: FileId, name: Symbol, target: Node) {
        let Some(submodule) = self.submodule(package, name) else {
            return;
        };
        let is_loaded = self.world.module_of(package).is_some();
        if is_loaded || !self.resolver.mentions(package, &name) {
            self.add(target, Entity::Module(submodule));
        } else {
            self.wait.provisional.push((package, name, target));
        }
    }

    fn submodule(&self, package: FileId, name: Symbol) -> Option<FileId> {
        if !self.language(package).is_python() {
            return None;
        }
        let specifier = Symbol::new(&format!(".{name}"));
        match self.resolver.resolve(package, specifier) {
            Target::File(file) => Some(file),
            Target::Outside => None,
        }
    }

    /// A class that inherits from what its base came to be: what was asked of it and its heirs is asked again.
    pub(super) fn rebase(&mut self, class: ClassKey, base: Entity) {
        if let Entity::Class(base) = base {
            self.heirs.entry(base).or_default().push(class);
        }
        let heirs = self.with_heirs(class, usize::MAX);
        for heir in &heirs {
            for (watcher, entity) in self.asked.remove(heir).unwrap_or_default() {
                self.notify(watcher, entity);
            }
        }
        if let Entity::Class(base) = base {
            self.inherit(base, &heirs);
        }
        self.news.classes.extend(heirs);
    }

    /// Remembers a question about a class, where what the class inherits may answer it.
    pub(super) fn remember(&mut self, watcher: Watcher, entity: Entity) {
        let (Entity::Class(class) | Entity::Object(class)) = entity else {
            return;
        };
        let declared = self.world.class(class);
        let has = |name: Symbol| declared.methods.iter().any(|(method, _)| *method == name);
        let is_answered = declared.bases.is_empty()
            || match watcher {
                Watcher::Load(name, _) => has(name),
                Watcher::Receiver(site, name) => has(name) && !self.is_super(site),
                Watcher::Callee(_) | Watcher::Entered(_) => false,
                _ => true,
            };
        if !is_answered {
            self.asked.entry(class).or_default().push((watcher, entity));
        }
    }

    fn is_super(&self, site: CallSite) -> bool {
        let call = self.ir_call(site);
        call.is_some_and(|(call, _)| call.kind == CallKind::Super)
    }
}
