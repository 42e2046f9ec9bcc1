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

pub use file::{Error, LibraryFile};

use crate::source::Language;
use crate::symbol::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};

/// What a callee does: the closed vocabulary of library data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Makes a pool: an engine, a pool, an ORM client that owns one.
    OpensPool,
    /// Takes a client out of the pool that is the receiver.
    Acquires,
    /// Takes a client out of the pool that is the receiver for as long as its callback runs, however that
    /// ends: `db.task(callback)`. Nobody else releases it.
    Lends,
    /// Makes a session or a driver connection that somebody must close.
    Opens,
    /// Gives the target back.
    Releases,
    /// Makes a scope whose end releases the target: `closing(x)`. Entering it gives the target, unless the entry
    /// says what else the call gives.
    Manages,
    /// Keeps the target: whoever holds the receiver owns it from now on.
    Keeps,
    /// Opens a transaction on the receiver or target. Where the same entry commits, the transaction lasts as
    /// long as the callback runs and rolls back when that raises: `sequelize.transaction(callback)`.
    Begins,
    /// Commits a transaction.
    Commits,
    /// Rolls a transaction back.
    RollsBack,
    /// Sends a statement to the database.
    Queries,
    /// Waits for somebody else's server, a subprocess or the clock.
    CallsOut,
    /// Stores the callback for later: it does not run here.
    Defers,
    /// Runs what it decorates again when it raises.
    Retries,
    /// Never raises in practice: no I/O, no user code.
    CannotRaise,
    /// Does not return: the process ends.
    Exits,
    /// Keeps the result of what it decorates, so that its body runs once.
    Memoises,
    /// What it decorates, or its callbacks, run for each request, message or job; of a method: what a subclass
    /// overrides it with.
    RunsPerCall,
    /// What it decorates, or its callbacks, run once for the process: start-up hooks, command-line commands; of a
    /// method: what a subclass overrides it with.
    RunsOnce,
    /// Runs its callback exactly once before the work is done. A callback that is the target is given the
    /// positional arguments after it: `to_thread(work, session)`.
    CallsBack,
    /// Runs its callback for each element.
    Iterates,
    /// The result is what calling the target gives (dependency injection): `Depends(get_session)`.
    Injects,
    /// Turns the generator it decorates into a scope: `contextmanager`.
    MakesScope,
    /// The result resolves when all elements of the arguments have: `Promise.all`, `gather`.
    Gathers,
    /// Runs its callback for each element, all at once, each in a thread or task of its own: an executor's `map`.
    FansOut,
    /// Starts its argument beside what goes on here: `create_task`, `Thread(target=work)`.
    Spawns,
    /// Bounds how many of its callbacks, or of its scopes, run at once: `p-limit`, a semaphore.
    Limits,
    /// Gives a collection, or a query for one, whose size something bounds: `limit`, `first`.
    Bounds,
    /// What it decorates runs outside the transaction that a setting would put it in.
    OptsOut,
    /// Puts the statement that is its receiver into the transaction that is its argument: `transacting`.
    Joins,
}

impl Effect {
    /// Whether somebody must give something back, or owns a pool, after it.
    fn hands_out(self) -> bool {
        matches!(
            self,
            Self::OpensPool | Self::Acquires | Self::Opens | Self::Retries | Self::Begins
        )
    }
}

/// Whether a callee is called with a function as its last argument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Either way.
    #[default]
    Any,
    /// The last argument is a function.
    Callback,
    /// It is not.
    Promise,
}

/// When the connection is really taken; for an entry that releases, when it is given back: what is released
/// on `await` is not released by a call whose result nobody awaits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// As the call returns.
    #[default]
    Call,
    /// When the result is awaited or entered.
    Await,
    /// At the first use of the result.
    Use,
}

/// A place at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The receiver of the method.
    Receiver,
    /// The result.
    Result,
    /// What entering the result as a scope gives; leaving the scope releases it.
    Entered,
    /// The result, or what entering it gives.
    ResultOrEntered,
    /// The argument at this position.
    Argument(u32),
    /// The keyword argument.
    Keyword(Symbol),
    /// The argument at this position, or else the keyword argument.
    ArgumentOrKeyword(u32, Symbol),
    /// Whatever was taken from the receiver and is still held: `registry.remove()`, `pool.closeall()`.
    TakenFromReceiver,
    /// The parameter of the callback that is the last argument.
    CallbackParameter(u32),
    /// Every argument, named ones too, and each element of one that is a collection.
    Arguments,
}

/// What a call gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Nothing known.
    Unknown,
    /// An instance of the type.
    Type(Symbol),
    /// The receiver itself.
    Receiver,
    /// The argument at this position itself.
    Argument(u32),
    /// What calling the argument at this position gives.
    ResultOfArgument(u32),
    /// What entering the argument at this position as a scope gives; the call enters it:
    /// `stack.enter_context(scope)`.
    EnteredArgument(u32),
    /// A collection of what the arguments resolve to, in order.
    Arguments,
    /// One of the rows that the receiver stands for.
    Element,
}

/// What a call waits for that is no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outside {
    /// An HTTP server.
    Http,
    /// A mail server.
    Mail,
    /// An SMS or push provider.
    Sms,
    /// A payment provider.
    Payment,
    /// A cloud service: object storage, secrets, functions.
    Cloud,
    /// A queue or broker.
    Queue,
    /// A gRPC server.
    Grpc,
    /// A language model's provider.
    Llm,
    /// A process of this machine.
    Subprocess,
    /// Another machine, by SSH or FTP.
    Ssh,
    /// The clock.
    Sleep,
}

/// How long a call that waits for somebody else may wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeout {
    /// Where the caller can say it.
    pub places: Vec<TimeoutPlace>,
    /// Whether it is said in milliseconds, not seconds.
    pub is_milliseconds: bool,
    /// Seconds when nobody says it; `None` is for ever.
    pub default: Option<f64>,
}

/// Where a time-out is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutPlace {
    /// An argument.
    Argument(Place),
    /// An entry of the options at this position: `fetch(url, { signal })`.
    Key(u32, Symbol),
}

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
    /// The effects do not hold for a call that is given an instance of this type: a session on somebody's connection
    /// holds nothing of its own.
    pub unless_given: Option<Symbol>,
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
    /// Options and fields by which a type's automatic transaction is turned off.
    autobegin_options: FxHashSet<Symbol>,
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
                .flat_map(|(path, _)| self.calls.get(path))
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
                if fact.has(Effect::Acquires) || fact.has(Effect::Opens) {
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
        for (name, text) in embedded::FILES {
            library.add(&LibraryFile::parse(name, text)?);
        }
        for file in own {
            library.add(file);
        }
        for shelf in [&mut library.python, &mut library.javascript] {
            shelf.spread_resources();
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
        let shelf = self.shelf(language);
        let mut lineage = self.lineage(language, path);
        lineage.any(|path| shelf.types.get(&path).is_some_and(|fact| fact.has_rows))
    }

    /// Whether statements of an instance go over the one connection that the thread or task has.
    pub fn shares_connection(&self, language: Language, path: Symbol) -> bool {
        let shelf = self.shelf(language);
        let mut lineage = self.lineage(language, path);
        lineage.any(|path| {
            shelf
                .types
                .get(&path)
                .is_some_and(|fact| fact.shares_connection)
        })
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

    /// Whether the path is the type of a pool.
    pub fn is_pool(&self, path: Symbol) -> bool {
        self.python.pools.contains(&path) || self.javascript.pools.contains(&path)
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
