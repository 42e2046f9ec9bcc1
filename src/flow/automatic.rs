//! Sessions and connections that begin a transaction with their first statement.
//!
//! In: a function and what its calls mean. Out: the sessions in it of which that is certain: those it makes, and those it
//! has by parameter, variable or scope. Where some option or field in the program may turn it off, it is not.
use super::begins::type_of;
use super::held;
use super::reach;
use super::reached::{Run, package};
use super::sites::{Acquisition, View};
use super::summary::{Purpose, Role, Shape, Summaries};
use super::{targets, text};
use crate::ir::{Action, BlockId, Call, CallKind, Callee, Constant, LocalId, LocalKind, Value};
use crate::library::{CallFact, Effect, Returns};
use crate::link::FunctionKey;
use crate::link::values::{Entity, Origin};
use crate::symbol::Symbol;
use rustc_hash::FxHashSet;

/// How many makers of makers are asked for the option: a session's factory, its engine.
const MAKER_LIMIT: u32 = 4;

/// Names of options and fields that the program sets such that a transaction may not begin by itself.
#[derive(Debug, Default)]
pub struct Automatic {
    /// Nobody knows of what.
    turned_off: FxHashSet<Symbol>,
    /// Of what was made there, and of what that makes.
    off_at: FxHashSet<(Symbol, Origin)>,
    /// Of some instance of a package.
    off_in: FxHashSet<(Symbol, Symbol)>,
}

/// A session that the function has from somebody else.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The local that reaches it, and how.
    pub local: (LocalId, Shape),
    /// Its type.
    pub resource: Symbol,
    /// Its first statement in the function.
    pub block: BlockId,
}

impl Automatic {
    /// Reads what the program sets.
    pub fn new(summaries: &mut Summaries<'_>) -> Self {
        let mut found = Self::default();
        for function in summaries.values.world().functions() {
            // A migration runs alone, whatever it sets.
            if reach::is_migration(summaries.values, function) {
                continue;
            }
            let view = summaries.view(function);
            let statements = view.body.blocks.iter().flat_map(|block| &block.statements);
            for statement in statements {
                match &statement.action {
                    Action::SetField(object, name, value) => {
                        found.note(summaries, function, (*name, *value), &[*object]);
                    }
                    // `options["autocommit"] = True`
                    Action::SetItem(_, key, value) => {
                        if let Some(Constant::Text(name)) =
                            text::constant(summaries, function, *key)
                        {
                            found.note(summaries, function, (name, *value), &[]);
                        }
                    }
                    Action::Assign(_, Value::Record(entries)) => {
                        for (name, value) in entries {
                            found.note(summaries, function, (*name, *value), &[]);
                        }
                    }
                    Action::Assign(..) => {}
                }
            }
            for (block, call) in view.calls() {
                if is_turned_off_by_text(summaries, &view, block) {
                    found.turned_off.insert(Symbol::new("autocommit"));
                }
                // What a function of the program does with its own option is seen there.
                let meaning = view.meaning(block);
                let is_own = meaning.facts.is_empty() && !meaning.functions.is_empty();
                // A driver that nobody describes makes nothing that is followed here.
                let (Callee::Local(callee) | Callee::Method(callee, _)) = call.callee;
                let is_own = is_own || summaries.values.is_foreign(function, callee);
                let named = call
                    .arguments
                    .iter()
                    .filter(|argument| !argument.name.is_empty() && !is_own);
                for argument in named {
                    let whose = match call.callee {
                        // `conn.set_session(autocommit=True)`
                        Callee::Method(receiver, _) if origins(&view, call.result).is_empty() => {
                            [receiver]
                        }
                        _ => [call.result],
                    };
                    found.note(summaries, function, (argument.name, argument.value), &whose);
                }
                // `conn.autocommit(True)`, `conn.set_isolation_level(...)`
                if let (Callee::Method(receiver, name), Some(first)) =
                    (call.callee, call.arguments.first())
                {
                    let name = name.strip_prefix("set_").map_or(name, Symbol::new);
                    found.note(summaries, function, (name, first.value), &[receiver]);
                }
            }
        }
        found
    }

    /// A value other than a plain `False`, or a level of isolation, turns the option on: for what a local stands for,
    /// where that is known.
    fn note(
        &mut self,
        summaries: &mut Summaries<'_>,
        function: FunctionKey,
        (name, value): (Symbol, LocalId),
        whose: &[LocalId],
    ) {
        let language = summaries.values.world().language(function);
        if !summaries
            .values
            .library()
            .is_autobegin_option(language, name)
        {
            return;
        }
        let is_harmless = match text::constant(summaries, function, value) {
            Some(Constant::Bool(false) | Constant::Null | Constant::Integer(0)) => true,
            Some(Constant::Text(level)) => !level.eq_ignore_ascii_case("autocommit"),
            _ => false,
        };
        let view = summaries.view(function);
        if is_harmless || whose.iter().any(|local| is_other(&view, *local)) {
            return;
        }
        let origins = whose.iter().flat_map(|local| origins(&view, *local));
        let origins: Option<Vec<_>> = origins.collect();
        match origins.filter(|origins| !origins.is_empty()) {
            Some(origins) => {
                let at = origins.into_iter().map(|origin| (name, origin));
                self.off_at.extend(at);
                let packages = whose.iter().flat_map(|local| packages(&view, *local));
                let packages = packages.map(|package| (name, package));
                self.off_in.extend(packages);
            }
            None => {
                self.turned_off.insert(name);
            }
        }
    }

    /// Whether the first statement of an instance of a type certainly begins a transaction.
    pub fn is_certain(
        &self,
        summaries: &mut Summaries<'_>,
        view: &View<'_>,
        (local, resource): (LocalId, Symbol),
    ) -> bool {
        let language = view.values.world().language(view.key);
        let unless = view.values.library().autobegins(language, resource);
        unless.is_some_and(|names| {
            let mut names = names.iter();
            names.all(|name| {
                !self.turned_off.contains(name)
                    && self.is_on(summaries, view, (local, resource, *name))
            })
        })
    }

    /// Whether no option turns it off at what a local stands for, or at what made that.
    fn is_on(
        &self,
        summaries: &mut Summaries<'_>,
        view: &View<'_>,
        (local, resource, name): (LocalId, Symbol, Symbol),
    ) -> bool {
        if self.off_at.iter().all(|(known, _)| *known != name) {
            return true;
        }
        let Some(mut origins) = origins(view, local).into_iter().collect::<Option<Vec<_>>>() else {
            return !self.is_off_among(view, resource, name);
        };
        let is_known = !origins.is_empty();
        for _ in 0..MAKER_LIMIT {
            let is_off = |origin: &Origin| self.off_at.contains(&(name, *origin));
            if origins.iter().any(is_off) {
                return false;
            }
            let makers = origins
                .into_iter()
                .filter_map(|origin| summaries.made_at(origin));
            let makers: Vec<_> = makers.collect();
            let makers = makers
                .iter()
                .flat_map(|(view, block)| makers_of(view, *block));
            let known: Option<Vec<_>> = makers.collect();
            let Some(known) = known else {
                return !self.is_off_among(view, resource, name);
            };
            origins = known;
        }
        is_known
    }

    /// Whether it is turned off of something of the packages of a type, or of one named alike: `psycopg_pool`, `psycopg`.
    fn is_off_among(&self, view: &View<'_>, resource: Symbol, name: Symbol) -> bool {
        let language = view.values.world().language(view.key);
        let lineage = view.values.library().lineage(language, resource);
        let own: Vec<Symbol> = lineage.map(package).collect();
        self.off_in.iter().any(|(known, off)| {
            let is_alike =
                |own: &Symbol| own.starts_with(off.text()) || off.starts_with(own.text());
            *known == name && own.iter().any(is_alike)
        })
    }

    /// The sessions in a function that it has from somebody else and sends statements over, one per variable.
    pub fn guests(
        &self,
        summaries: &mut Summaries<'_>,
        view: &View<'_>,
        own: &[Acquisition],
    ) -> Vec<Guest> {
        let mut found: Vec<Guest> = Vec::new();
        for (block, call) in view.calls() {
            let sends = |fact: &CallFact| fact.has(Effect::Queries) && !fact.has(Effect::Begins);
            let facts = &view.meaning(block).facts;
            let receiver = match call.callee {
                _ if call.kind == CallKind::Exit => None,
                Callee::Method(receiver, _) if facts.iter().any(|(fact, _)| sends(fact)) => {
                    Some(root(view, receiver))
                }
                _ => handed_on(summaries, view, (block, call)),
            };
            let Some(receiver) = receiver else {
                continue;
            };
            let Some(resource) = type_of(view, receiver) else {
                continue;
            };
            // A session of its own type that the function makes is followed from there.
            let is_own = own.iter().any(|taken| taken.resource == Some(resource));
            let beginning = lent_cursor_of(summaries, view, receiver).unwrap_or(resource);
            if is_own
                || !is_only(view, receiver)
                || !self.is_certain(summaries, view, (receiver, beginning))
            {
                continue;
            }
            let local = access(view, receiver);
            if found.iter().all(|guest| guest.local != local) {
                found.push(Guest {
                    local,
                    resource,
                    block,
                });
            }
        }
        found
    }
}

/// Whether the first statement of what a local stands for may begin a transaction.
pub(super) fn autobegins(view: &View<'_>, local: LocalId) -> bool {
    let language = view.values.world().language(view.key);
    let library = view.values.library();
    let resource = type_of(view, local);
    resource.is_some_and(|resource| library.autobegins(language, resource).is_some())
}

/// The session that a call hands to a function of the program that sends a statement over it.
fn handed_on(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    (block, call): (BlockId, &Call),
) -> Option<LocalId> {
    let arguments = call.arguments.iter().enumerate();
    let mut sessions = arguments
        .filter(|(_, argument)| autobegins(view, argument.value))
        .peekable();
    sessions.peek()?;
    let functions = targets::run_by(view, block);
    sessions.find_map(|(position, argument)| {
        let sends = functions.iter().any(|function| {
            let body = view.values.world().function(*function);
            let index = held::parameter_index(body, position, argument);
            index.is_some_and(|index| {
                let role = Role::Parameter(index, Shape::Itself);
                let run = Run {
                    handed: Some((role, Purpose::Holding)),
                    ..Run::any(*function)
                };
                summaries.reached(run).own.is_some()
            })
        });
        sends.then_some(argument.value)
    })
}

/// Whether a local certainly is no connection: a module, an object of the program. Where such an object hands its option
/// on, that is seen there.
fn is_other(view: &View<'_>, local: LocalId) -> bool {
    let entities = view.values.of(view.key, local);
    let is_other = |entity: &Entity| match entity {
        Entity::External(_) | Entity::Module(_) => true,
        Entity::Object(class) => view.values.library_bases(*class).is_empty(),
        _ => false,
    };
    !entities.is_empty() && entities.iter().all(is_other)
}

/// The packages of what a local stands for.
fn packages(view: &View<'_>, local: LocalId) -> Vec<Symbol> {
    let entities = view.values.of(view.key, local).iter();
    let packages = entities.filter_map(|entity| match entity {
        Entity::Instance(path, _) | Entity::Scope(path, _) => Some(package(*path)),
        _ => None,
    });
    packages.collect()
}

/// Where each of what a local stands for was made; nothing of one that is no instance of a library's type.
fn origins(view: &View<'_>, local: LocalId) -> Vec<Option<Origin>> {
    let entities = view.values.of(view.key, local).iter();
    let origins = entities.filter_map(|entity| match entity {
        Entity::Instance(_, origin) | Entity::Scope(_, origin) => Some(*origin),
        _ => None,
    });
    origins.collect()
}

/// Where that was made by which a call makes what it gives: its receiver, its arguments.
fn makers_of(view: &View<'_>, block: BlockId) -> Vec<Option<Origin>> {
    let Some(call) = view.call(block) else {
        return Vec::new();
    };
    let (Callee::Local(callee) | Callee::Method(callee, _)) = call.callee;
    let arguments = call.arguments.iter().map(|argument| argument.value);
    let locals = std::iter::once(callee).chain(arguments);
    locals.flat_map(|local| origins(view, local)).collect()
}

/// Whether a call sends `SET AUTOCOMMIT = 1`, itself or by whoever it hands the text to: `execute(conn, text)`.
fn is_turned_off_by_text(summaries: &mut Summaries<'_>, view: &View<'_>, block: BlockId) -> bool {
    let arguments = view.call(block).map_or(&[][..], |call| &call.arguments);
    let mut texts = arguments.iter().take(2);
    texts.any(
        |argument| match text::constant(summaries, view.key, argument.value) {
            Some(Constant::Text(text)) => turns_on_autocommit(&text),
            _ => false,
        },
    )
}

fn turns_on_autocommit(text: &str) -> bool {
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let words: Vec<_> = words.take(3).collect();
    matches!(words[..], [set, option, on] if set.eq_ignore_ascii_case("set")
        && option.eq_ignore_ascii_case("autocommit") && ["1", "ON", "on"].contains(&on))
}

/// Whether a local stands for sessions and nothing else, as far as is known: values of many callers may have met there.
pub(super) fn is_only(view: &View<'_>, local: LocalId) -> bool {
    let entities = view.values.of(view.key, local);
    let types = entities.iter().map(|entity| match entity {
        Entity::Instance(path, _) | Entity::Scope(path, _) => Some(*path),
        _ => None,
    });
    let types: Option<Vec<_>> = types.collect();
    let types = types.unwrap_or_default();
    !types.is_empty() && types.iter().all(|path| Some(path) == types.first())
}

/// The session that a statement's builder, or a cursor, comes from: `session.query(User).filter(...)`.
pub(super) fn root(view: &View<'_>, receiver: LocalId) -> LocalId {
    let derived_from = |local: &LocalId| {
        let made = view.call_giving(*local)?;
        let mut facts = view.meaning(made.0).facts.iter();
        let derives = facts.any(|(fact, _)| fact.derives || fact.returns == Returns::Receiver);
        match made.1.callee {
            Callee::Method(owner, _) if owner != *local => {
                let enters = made.1.kind == CallKind::Enter && is_cursor(view, owner);
                (derives || enters).then_some(owner)
            }
            _ => None,
        }
    };
    // A builder has few links.
    let chain = std::iter::successors(Some(receiver), derived_from);
    chain.take(12).last().unwrap_or(receiver)
}

/// The type of the connection whose cursor a scope of the program lends: `with get_cursor() as cursor`. A function that ends
/// transactions itself may have the connection, too.
fn lent_cursor_of(
    summaries: &mut Summaries<'_>,
    view: &View<'_>,
    local: LocalId,
) -> Option<Symbol> {
    let (block, call) = view.call_giving(local)?;
    let is_lent = call.kind == CallKind::Enter && !view.meaning(block).generators.is_empty();
    if !is_lent || !is_cursor(view, local) {
        return None;
    }
    let ends = |(block, _): (BlockId, &Call)| {
        let ends = [Effect::Commits, Effect::RollsBack];
        ends.iter()
            .any(|effect| view.meaning(block).fact(*effect).is_some())
    };
    if view.calls().any(ends) {
        return None;
    }
    let [Some(origin)] = origins(view, local)[..] else {
        return None;
    };
    let (made, block) = summaries.made_at(origin)?;
    let facts = &made.meaning(block).facts;
    facts.iter().find_map(|(fact, _)| fact.resource)
}

fn is_cursor(view: &View<'_>, local: LocalId) -> bool {
    let language = view.values.world().language(view.key);
    let noun = type_of(view, local).and_then(|path| view.values.library().noun(language, path));
    noun.is_some_and(|noun| noun == "cursor")
}

/// How a function reaches a receiver: a variable, or a field of one.
pub(super) fn access(view: &View<'_>, receiver: LocalId) -> (LocalId, Shape) {
    let local = view.body.local(receiver);
    let is_temporary = local.name.is_empty() && local.kind == LocalKind::Temporary;
    let read = is_temporary.then(|| view.field_read(receiver));
    match read.flatten() {
        Some((object, name)) => (object, Shape::Under(name)),
        None => (receiver, Shape::Itself),
    }
}
