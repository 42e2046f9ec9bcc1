//! What libraries do, as data.
//!
//! In: `rules/libraries/*.toml`, embedded, and the `[[library]]` tables of `poolgate.toml`. Out: [`Library`],
//! which answers what a callee does, what type a field has, and which words make a file worth parsing. It
//! deliberately does not know IR or source files.
//!
//! A *path* names a thing as imports spell it: `pg.Pool`, `mysql2/promise.createPool`,
//! `sqlalchemy.orm.Session`. `pg.Pool#connect` is what an instance of `pg.Pool` has. `#__call__` is calling the
//! instance, `#__enter__` and `#__exit__` are its scope, synchronous or not. `*#push` is the method on a
//! receiver whose type nobody knows.
mod embedded;
mod file;
mod vocabulary;

pub use file::{Error, LibraryFile};
pub use vocabulary::{Capacity, Effect, Form, OptionPlace, Outside, Place, Returns, Timeout, When};

use crate::source::Language;
use crate::symbol::Symbol;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// What the library data says about one callee.
#[derive(Clone, Debug, PartialEq)]
pub struct CallFact {
    /// The callee's path.
    pub callee: Symbol,
    /// How it must be called for this to hold.
    pub form: Form,
    /// What it does.
    pub effects: Vec<Effect>,
    /// What the effect is about: what is released, kept, managed, injected.
    pub target: Option<Place>,
    /// Where an acquired or opened resource appears.
    pub at: Place,
    /// The type of the resource.
    pub resource: Option<Symbol>,
    /// When the resource is taken.
    pub when: When,
    /// A callback parameter that releases the resource when called.
    pub releaser: Option<Place>,
    /// What the call gives.
    pub returns: Returns,
    /// What it decorates, registers or is overridden with runs in a transaction where the project sets this to true.
    pub transaction_setting: Option<Symbol>,
    /// What the call gives is the receiver in another form: it keeps where the receiver was made.
    pub derives: bool,
    /// For [`Effect::CallsOut`]: what is waited for.
    pub kind: Option<Outside>,
    /// How long [`Effect::CallsOut`] waits; `None` where the data does not say.
    pub timeout: Option<Timeout>,
    /// For [`Effect::OpensPool`] and executors: how many connections, or workers, there are at most.
    pub capacity: Option<Capacity>,
    /// What the call gives has as many elements as what stands here; of several, as the smallest.
    pub as_many_as: Vec<Place>,
    /// The effects do not hold for a call that is given an instance of this type: a session on somebody's connection
    /// holds nothing of its own.
    pub unless_given: Option<Symbol>,
    /// What the call gives, or makes of what it decorates, is an instance of the class that stands here: `base=Task`.
    pub instance_of: Option<Place>,
    /// What the call gives stands for rows of the class, or of the rows, that stand here; where it gives an element, it
    /// is one of them: `session.get(User, id)`.
    pub rows_of: Option<Place>,
    /// Where the claim comes from.
    pub source: Symbol,
}

impl CallFact {
    /// Whether the callee does this.
    pub fn has(&self, effect: Effect) -> bool {
        self.effects.contains(&effect)
    }
}

/// What the library data says about one type.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a type")]
pub struct TypeFact {
    /// The type it inherits from.
    pub extends: Option<Symbol>,
    /// What messages call an instance: `client`, `session`, `connection`, `pool`.
    pub noun: Option<Symbol>,
    /// Types of its fields.
    pub fields: FxHashMap<Symbol, Symbol>,
    /// The type that all errors have which its methods raise.
    pub raises: Option<Symbol>,
    /// Fields and methods that tell whether an instance is still held: `closed`, `is_connected()`.
    pub tells: FxHashMap<Symbol, bool>,
    /// The same of a transaction that it has: `isTransactionActive`.
    pub tells_open: FxHashMap<Symbol, bool>,
    /// Had from a class of the program, an instance stands for rows of that class: its elements are instances of it.
    pub has_rows: bool,
    /// Its statements go over the one connection that the thread or task has, as long as a scope keeps that.
    pub shares_connection: bool,
    /// It keeps no connection: each operation takes one for its own time.
    pub holds_none: bool,
    /// The connection that its first use takes stays with it until it is released, past its transactions.
    pub keeps_connection: bool,
    /// A transaction begins with its first statement and lasts until it commits, rolls back or is released; options of
    /// its making, and fields of it, by which that is turned off.
    pub autobegins: Option<Vec<Symbol>>,
}

/// What a file names when it uses a library that hands out resources.
#[derive(Clone, Debug)]
pub struct Package {
    /// What the import names.
    pub name: String,
    /// Names by which resources, and what gives them, are had.
    pub words: Vec<String>,
}

/// A path with one of its spellings.
type Spelled = (Symbol, Symbol);

/// The knowledge about one language's libraries.
#[derive(Debug, Default)]
struct Shelf {
    aliases: FxHashMap<Symbol, Symbol>,
    types: FxHashMap<Symbol, TypeFact>,
    calls: FxHashMap<Symbol, Vec<CallFact>>,
    /// Every proper prefix of a known path: modules and namespaces.
    namespaces: FxHashSet<Symbol>,
    /// Names that are bound without an import.
    globals: FxHashSet<Symbol>,
    /// Names that mean the same from whatever module that is not there.
    generated: FxHashMap<Symbol, Symbol>,
    /// Each library's packages, and the paths it says something about, each with a spelling.
    contents: Vec<(Vec<String>, Vec<Spelled>)>,
    /// What an import of a library that hands out resources names, and the words without which it hands out none.
    packages: Vec<Package>,
    /// Settings that put what runs per request into a transaction, with the packages by which it is registered.
    settings: Vec<(Symbol, Package)>,
    /// Types and callees from which a resource can be had, directly or through what they give.
    resourceful: FxHashSet<Symbol>,
    /// Types of resources.
    resources: FxHashSet<Symbol>,
    /// Types of what is checked out of pools.
    clients: FxHashSet<Symbol>,
    /// Types of pools.
    pools: FxHashSet<Symbol>,
    /// Types of what a pool has, and no client: `prisma.user`.
    pool_parts: FxHashSet<Symbol>,
    /// Options and fields by which a type's automatic transaction is turned off.
    autobegin_options: FxHashSet<Symbol>,
    /// Fields of a handler's parameter that hold what a client sends.
    payloads: FxHashSet<Symbol>,
    /// Folders whose code changes the schema, once.
    migrations: Vec<String>,
}

impl Shelf {
    /// Whether calling gives a pool, a resource, or something that does.
    fn gives_resource(&self, fact: &CallFact) -> bool {
        let gives = match fact.returns {
            Returns::Type(path) => self.resourceful.contains(&path),
            _ => false,
        };
        gives || fact.effects.iter().any(|effect| effect.hands_out())
    }

    /// Keeps the packages of libraries by which a resource can be had.
    fn choose_packages(&mut self) {
        let gives = |(path, _): &&(Symbol, Symbol)| self.resourceful.contains(path);
        let word = |(_, spelling): &(Symbol, Symbol)| {
            spelling.rsplit(['#', '.', '/']).next().map(str::to_owned)
        };
        let mut packages = Vec::new();
        for (names, paths) in &self.contents {
            let mut words: Vec<String> = paths.iter().filter(gives).filter_map(word).collect();
            // Calling an instance (`sql`...``, `factory()`) has no word of its own: making it has.
            words.retain(|word| !word.starts_with("__"));
            words.sort_unstable();
            words.dedup();
            if !words.is_empty() {
                packages.extend(names.iter().map(|name| Package {
                    name: name.clone(),
                    words: words.clone(),
                }));
            }
        }
        self.packages = packages;
    }

    /// Keeps, for each setting that puts requests into transactions, what a file with such a request names.
    fn choose_settings(&mut self) {
        let last = |path: &str| {
            path.rsplit(['#', '.'])
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let mut settings: Vec<(Symbol, Package)> = Vec::new();
        for (names, paths) in &self.contents {
            let facts = paths
                .iter()
                .filter_map(|(path, _)| self.calls.get(path))
                .flatten();
            let set = facts.filter_map(|fact| Some((fact.transaction_setting?, fact.callee)));
            for (setting, callee) in set {
                let owner = callee.split('#').next().unwrap_or_default();
                for name in names {
                    let known = settings
                        .iter_mut()
                        .find(|(known, package)| *known == setting && package.name == *name);
                    let word = last(owner);
                    match known {
                        Some((_, package)) => package.words.push(word),
                        None => settings.push((
                            setting,
                            Package {
                                name: name.clone(),
                                words: vec![word],
                            },
                        )),
                    }
                }
            }
        }
        for (_, package) in &mut settings {
            package.words.sort_unstable();
            package.words.dedup();
        }
        self.settings = settings;
    }

    /// What the fields of these types have, and so on.
    fn parts_of(&self, owners: impl Iterator<Item = Symbol>) -> FxHashSet<Symbol> {
        let mut found = FxHashSet::default();
        let mut work: Vec<Symbol> = owners.collect();
        while let Some(owner) = work.pop() {
            let parts = self.types.get(&owner).map(|fact| fact.fields.values());
            work.extend(
                parts
                    .into_iter()
                    .flatten()
                    .filter(|part| found.insert(**part)),
            );
        }
        found
    }

    /// Tells what a pool has from what a client has as well.
    fn choose_parts(&mut self) {
        let is_client = |path: &&Symbol| !self.pools.contains(*path);
        let of_clients = self.parts_of(self.resources.iter().filter(is_client).copied());
        let mut parts = self.parts_of(self.pools.iter().copied());
        parts.retain(|part| !of_clients.contains(part) && !self.resources.contains(part));
        self.pool_parts = parts;
    }

    /// Closes `resourceful` over what callees give and types have.
    fn spread_resources(&mut self) {
        loop {
            let mut found: Vec<Symbol> = Vec::new();
            let mut resources: Vec<Symbol> = Vec::new();
            let giving = self
                .calls
                .values()
                .flatten()
                .filter(|fact| self.gives_resource(fact));
            giving.for_each(|fact| {
                let owner = fact.callee.split('#').next().unwrap_or_default();
                found.extend([fact.callee, Symbol::new(owner)]);
                let takes = [
                    Effect::Acquires,
                    Effect::Opens,
                    Effect::Lends,
                    Effect::Begins,
                ];
                if takes.iter().any(|effect| fact.has(*effect)) {
                    found.extend(fact.resource);
                    resources.extend(fact.resource);
                }
            });
            self.resources.extend(resources);
            let acquiring = self.calls.values().flatten();
            let acquiring = acquiring.filter(|fact| fact.has(Effect::Acquires));
            let clients: Vec<_> = acquiring.filter_map(|fact| fact.resource).collect();
            self.clients.extend(clients);
            let opening = self
                .calls
                .values()
                .flatten()
                .filter(|fact| fact.has(Effect::OpensPool));
            let pools: Vec<_> = opening
                .map(|fact| {
                    if let Returns::Type(path) = fact.returns {
                        path
                    } else {
                        fact.callee
                    }
                })
                .collect();
            self.pools.extend(pools);
            let has = |kind: &Symbol| self.resourceful.contains(kind);
            let having = self
                .types
                .iter()
                .filter(|(_, fact)| fact.extends.iter().any(has) || fact.fields.values().any(has));
            found.extend(having.map(|(path, _)| *path));
            let before = self.resourceful.len();
            self.resourceful.extend(found);
            if self.resourceful.len() == before {
                break;
            }
        }
    }
}

/// All library knowledge.
#[derive(Debug, Default)]
pub struct Library {
    python: Shelf,
    javascript: Shelf,
}

impl Library {
    /// The embedded knowledge with the user's own on top.
    pub fn new(own: &[LibraryFile]) -> Result<Self, Error> {
        let mut library = Self::default();
        // Reading the data is most of what a small run costs.
        let files = embedded::FILES.par_iter();
        let files: Vec<_> = files
            .map(|(name, text)| LibraryFile::parse(name, text))
            .collect();
        for file in files {
            library.add(&file?);
        }
        for file in own {
            library.add(file);
        }
        for shelf in [&mut library.python, &mut library.javascript] {
            shelf.spread_resources();
            shelf.choose_parts();
            shelf.choose_packages();
            shelf.choose_settings();
            let options = shelf
                .types
                .values()
                .filter_map(|fact| fact.autobegins.as_ref());
            shelf.autobegin_options = options.flatten().copied().collect();
        }
        Ok(library)
    }

    fn add(&mut self, file: &LibraryFile) {
        let shelf = if file.language == "python" {
            &mut self.python
        } else {
            &mut self.javascript
        };
        file.shelve(shelf);
    }

    fn shelf(&self, language: Language) -> &Shelf {
        if language.is_python() {
            &self.python
        } else {
            &self.javascript
        }
    }

    /// The packages of which a file must import one, with one of its words, to take a resource from a library.
    pub fn packages(&self, language: Language) -> &[Package] {
        &self.shelf(language).packages
    }

    /// Settings that put what runs per request into a transaction, each with what a file with such a request names.
    pub fn settings(&self, language: Language) -> &[(Symbol, Package)] {
        &self.shelf(language).settings
    }

    /// Names that stand for a library although no import names it.
    pub fn generated_names(&self, language: Language) -> Vec<&'static str> {
        let mut names: Vec<_> = self
            .shelf(language)
            .generated
            .keys()
            .map(|name| name.text())
            .collect();
        names.sort_unstable();
        names
    }

    /// The path's canonical spelling, where the data knows the path or anything under it.
    pub fn canonical(&self, language: Language, path: Symbol) -> Option<Symbol> {
        let shelf = self.shelf(language);
        let path = shelf.aliases.get(&path).copied().unwrap_or(path);
        let is_known = shelf.types.contains_key(&path)
            || shelf.calls.contains_key(&path)
            || shelf.namespaces.contains(&path);
        is_known.then_some(path)
    }

    /// The member of a namespace or class: `pg` and `Pool` give `pg.Pool`.
    pub fn member(&self, language: Language, path: Symbol, name: &str) -> Option<Symbol> {
        let shelf = self.shelf(language);
        let of = |path: &Symbol| self.canonical(language, Symbol::new(&format!("{path}.{name}")));
        let parent = |path: &Symbol| shelf.types.get(path).and_then(|fact| fact.extends);
        let mut owners = std::iter::successors(Some(path), parent).take(8);
        owners.find_map(|path| of(&path)).or_else(|| {
            // A module under another name has the members of the one it stands for.
            shelf.aliases.get(&path).and_then(of)
        })
    }

    /// The canonical path of a global name.
    pub fn global(&self, language: Language, name: Symbol) -> Option<Symbol> {
        let shelf = self.shelf(language);
        if shelf.globals.contains(&name) {
            self.canonical(language, name)
        } else {
            None
        }
    }

    /// The path that an imported name stands for although its module is not there: a generator writes it into
    /// a folder of the project's choice and nobody commits it (`./generated/prisma/client`).
    pub fn generated(&self, language: Language, name: Symbol) -> Option<Symbol> {
        self.shelf(language).generated.get(&name).copied()
    }

    /// Whether the path is a type: calling it makes an instance.
    pub fn is_type(&self, language: Language, path: Symbol) -> bool {
        self.shelf(language).types.contains_key(&path)
    }

    /// The types a type is, itself first.
    pub fn lineage(&self, language: Language, path: Symbol) -> impl Iterator<Item = Symbol> {
        let shelf = self.shelf(language);
        let parent = move |path: &Symbol| shelf.types.get(path).and_then(|fact| fact.extends);
        // Data could name a type its own ancestor; eight levels are more than any library has.
        std::iter::successors(Some(path), parent).take(8)
    }

    /// What messages call an instance of the type.
    pub fn noun(&self, language: Language, path: Symbol) -> Option<Symbol> {
        let shelf = self.shelf(language);
        self.lineage(language, path)
            .find_map(|path| shelf.types.get(&path)?.noun)
    }

    /// The type of a field of an instance; `*` stands for every field that is neither named nor a method.
    pub fn field(&self, language: Language, path: Symbol, name: Symbol) -> Option<Symbol> {
        let shelf = self.shelf(language);
        let of = |name: Symbol| {
            self.lineage(language, path)
                .find_map(|path| shelf.types.get(&path)?.fields.get(&name).copied())
        };
        of(name).or_else(|| {
            let any = of(Symbol::new("*"))?;
            self.method(language, path, &name).is_empty().then_some(any)
        })
    }

    /// Whether an instance that is had from a class of the program stands for rows of it.
    pub fn has_rows(&self, language: Language, path: Symbol) -> bool {
        self.is_any(language, path, |fact| fact.has_rows)
    }

    /// Whether an instance keeps no connection.
    pub fn holds_none(&self, language: Language, path: Symbol) -> bool {
        self.is_any(language, path, |fact| fact.holds_none)
    }

    /// Whether the connection that an instance takes with its first use stays with it past its transactions.
    pub fn keeps_connection(&self, language: Language, path: Symbol) -> bool {
        self.is_any(language, path, |fact| fact.keeps_connection)
    }

    /// Whether statements of an instance go over the one connection that the thread or task has.
    pub fn shares_connection(&self, language: Language, path: Symbol) -> bool {
        self.is_any(language, path, |fact| fact.shares_connection)
    }

    /// Whether a type, or one that it inherits from, is said to be such.
    fn is_any(&self, language: Language, path: Symbol, is_it: fn(&TypeFact) -> bool) -> bool {
        let types = &self.shelf(language).types;
        let mut lineage = self.lineage(language, path);
        lineage.any(|path| types.get(&path).is_some_and(is_it))
    }

    /// Whether an option or field of this name turns off the automatic transactions of some type.
    pub fn is_autobegin_option(&self, language: Language, name: Symbol) -> bool {
        self.shelf(language).autobegin_options.contains(&name)
    }

    /// Whether a statement of an instance begins a transaction, and what turns that off.
    pub fn autobegins(&self, language: Language, path: Symbol) -> Option<&[Symbol]> {
        let shelf = self.shelf(language);
        self.lineage(language, path)
            .find_map(|path| shelf.types.get(&path)?.autobegins.as_deref())
    }

    /// Whether a field of this name, had from the parameter of a handler, holds what a client sends.
    pub fn is_payload(&self, language: Language, name: Symbol) -> bool {
        self.shelf(language).payloads.contains(&name)
    }

    /// Whether a file, or the folder that it stands in, is one whose code changes the schema, once.
    pub fn is_migration(&self, language: Language, path: &str) -> bool {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut places = self.shelf(language).migrations.iter();
        places.any(|place| {
            let is_it = |path: &str| format!("/{path}").ends_with(&format!("/{place}"));
            is_it(folder) || is_it(path)
        })
    }

    /// The type that all errors have which the methods of an instance raise.
    pub fn raises(&self, language: Language, path: Symbol) -> Option<Symbol> {
        let shelf = self.shelf(language);
        self.lineage(language, path)
            .find_map(|path| shelf.types.get(&path)?.raises)
    }

    /// Whether a field or method that is truthy tells that an instance is still held.
    pub fn tells_held(&self, language: Language, path: Symbol, name: Symbol) -> Option<bool> {
        let shelf = self.shelf(language);
        self.lineage(language, path)
            .find_map(|path| shelf.types.get(&path)?.tells.get(&name).copied())
    }

    /// Whether a field or method that is truthy tells that an instance's transaction is still open.
    pub fn tells_open(&self, language: Language, path: Symbol, name: Symbol) -> Option<bool> {
        let shelf = self.shelf(language);
        self.lineage(language, path)
            .find_map(|path| shelf.types.get(&path)?.tells_open.get(&name).copied())
    }

    /// What the data says about calling a path, one entry per form.
    pub fn call(&self, language: Language, path: Symbol) -> &[CallFact] {
        self.shelf(language)
            .calls
            .get(&path)
            .map_or(&[], Vec::as_slice)
    }

    /// What the data says about a method of an instance, in the type or one it inherits from. The scope
    /// methods of the asynchronous protocols stand under the names of the synchronous ones where the data
    /// does not tell them apart.
    pub fn method(&self, language: Language, path: Symbol, name: &str) -> &[CallFact] {
        let plain = match name {
            "__aenter__" => "__enter__",
            "__aexit__" => "__exit__",
            "Symbol.asyncDispose" => "Symbol.dispose",
            other => other,
        };
        // `#*` stands for every method that has no entry of its own.
        let any = if name.starts_with('_') { plain } else { "*" };
        let names = [name, plain, any];
        let of = |name: &str| {
            self.lineage(language, path)
                .map(|path| self.call(language, Symbol::new(&format!("{path}#{name}"))))
                .find(|facts| !facts.is_empty())
        };
        names.into_iter().find_map(of).unwrap_or(&[])
    }

    /// Whether a pool or a resource can be had from the path, directly or through what it gives.
    pub fn is_resourceful(&self, path: Symbol) -> bool {
        self.python.resourceful.contains(&path) || self.javascript.resourceful.contains(&path)
    }

    /// The names by which a resource, or what gives one, is had from an instance of the type.
    pub fn leading_names(&self, path: Symbol) -> Vec<&'static str> {
        let mut names = Vec::new();
        for (language, shelf) in [
            (Language::Python, &self.python),
            (Language::JavaScript, &self.javascript),
        ] {
            for ancestor in self.lineage(language, path) {
                let prefix = format!("{ancestor}#");
                let calls = shelf
                    .resourceful
                    .iter()
                    .filter_map(|known| known.text().strip_prefix(&prefix));
                names.extend(calls);
                let fields = shelf
                    .types
                    .get(&ancestor)
                    .into_iter()
                    .flat_map(|fact| &fact.fields);
                let fields = fields.filter(|(_, kind)| shelf.resourceful.contains(*kind));
                names.extend(fields.map(|(name, _)| name.text()));
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether the path is the type of what a pool has, and no client: `prisma.user`.
    pub fn is_pool_part(&self, path: Symbol) -> bool {
        self.python.pool_parts.contains(&path) || self.javascript.pool_parts.contains(&path)
    }

    /// Whether the path is the type of a pool.
    pub fn is_pool(&self, path: Symbol) -> bool {
        self.python.pools.contains(&path) || self.javascript.pools.contains(&path)
    }

    /// Whether the path is the type of an executor: of what has workers, and opens no pool.
    pub fn has_workers(&self, path: Symbol) -> bool {
        let shelves = [&self.python, &self.javascript];
        let mut facts = shelves.iter().filter_map(|shelf| shelf.calls.get(&path));
        let is_executor = |fact: &CallFact| fact.capacity.is_some() && !fact.has(Effect::OpensPool);
        facts.any(|facts| facts.iter().any(is_executor))
    }

    /// Whether the path is the type of what is checked out of a pool.
    pub fn is_client(&self, language: Language, path: Symbol) -> bool {
        self.shelf(language).clients.contains(&path)
    }

    /// Whether the path is the type of a resource.
    pub fn is_resource(&self, path: Symbol) -> bool {
        self.python.resources.contains(&path) || self.javascript.resources.contains(&path)
    }

    /// Every entry, for tests and listings, in order of path.
    pub fn facts(&self, language: Language) -> Vec<&CallFact> {
        let mut facts: Vec<_> = self.shelf(language).calls.values().flatten().collect();
        facts.sort_by_key(|fact| fact.callee);
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_data_loads() {
        let library = Library::new(&[]).unwrap();
        let path = Symbol::new("pg.Pool");
        assert!(library.is_type(Language::TypeScript, path));
        assert_eq!(
            library.method(Language::JavaScript, path, "connect").len(),
            2
        );
        assert_eq!(
            library.canonical(Language::JavaScript, Symbol::new("pg-pool")),
            Some(path)
        );
        assert_eq!(library.canonical(Language::Python, path), None);
    }

    #[test]
    fn javascript_data_names_only_types_it_has() {
        let library = Library::new(&[]).unwrap();
        let shelf = &library.javascript;
        let mut named: Vec<(Symbol, Symbol)> = Vec::new();
        for fact in library.facts(Language::JavaScript) {
            named.extend(fact.resource.map(|path| (fact.callee, path)));
            if let Returns::Type(path) = fact.returns {
                named.push((fact.callee, path));
            }
            if let Some((owner, _)) = fact
                .callee
                .split_once('#')
                .filter(|(owner, _)| *owner != "*")
            {
                named.push((fact.callee, Symbol::new(owner)));
            }
        }
        let mut types: Vec<_> = shelf.types.iter().collect();
        types.sort_by_key(|(path, _)| **path);
        for (path, fact) in types {
            named.extend(fact.fields.values().map(|field| (*path, *field)));
            named.extend(fact.extends.map(|parent| (*path, parent)));
        }
        named.retain(|(_, path)| *path != "*" && !shelf.types.contains_key(path));
        assert_eq!(named, []);
    }

    #[test]
    fn javascript_aliases_lead_to_something() {
        let library = Library::new(&[]).unwrap();
        let aliases = &library.javascript.aliases;
        let mut dangling: Vec<_> = aliases
            .iter()
            .filter(|(_, path)| library.canonical(Language::JavaScript, **path) != Some(**path))
            .collect();
        dangling.sort();
        assert_eq!(dangling, []);
    }

    #[test]
    fn a_generated_name_is_known_without_its_module() {
        let library = Library::new(&[]).unwrap();
        let name = Symbol::new("PrismaClient");
        let path = library.generated(Language::TypeScript, name).unwrap();
        assert!(library.is_type(Language::TypeScript, path));
        assert_eq!(library.generated(Language::Python, name), None);
    }

    #[test]
    fn a_wrong_word_is_one_line_with_file_and_line() {
        let text = "name = \"x\"\nlanguage = \"python\"\nsource = \"s\"\n[[call]]\ncallee = \"x.y\"\neffect = \"aquires\"\n";
        let error = LibraryFile::parse("own.toml", text)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("own.toml:"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
