//! One library file: its form, and how it is put on the shelf.
use super::{
    CallFact, Capacity, Effect, Form, OptionPlace, Outside, Place, Returns, Shelf, Timeout,
    TypeFact, When,
};
use crate::symbol::Symbol;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Library data that cannot be used; says which file, line and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct Error {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what is expected.
    pub message: String,
}

/// The knowledge about one library, as its TOML file says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LibraryFile {
    /// Its name, for people.
    pub name: String,
    /// `python` or `javascript` (which TypeScript shares).
    pub language: String,
    /// What imports of it name, longest common part: `psycopg2`, `@aws-sdk/`. Empty for a language's builtins.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Names bound without an import.
    #[serde(default)]
    pub globals: Vec<String>,
    /// The versions the entries were checked against.
    #[serde(default)]
    pub versions: Option<String>,
    /// Where the claims come from, unless an entry names its own.
    pub source: String,
    /// Other spellings of a path.
    #[serde(default)]
    alias: BTreeMap<String, String>,
    /// Names of code that a tool generates, and the path each stands for: see [`super::Library::generated`].
    #[serde(default)]
    generated: BTreeMap<String, String>,
    /// Fields of a request handler's parameter that hold what a client sends.
    #[serde(default)]
    payloads: Vec<String>,
    /// Folders whose code changes the schema, once: `migrations`, `alembic/versions`.
    #[serde(default)]
    migrations: Vec<String>,
    #[serde(default, rename = "type")]
    types: Vec<TypeEntry>,
    #[serde(default, rename = "call")]
    calls: Vec<CallEntry>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a type")]
struct TypeEntry {
    path: String,
    extends: Option<String>,
    noun: Option<String>,
    raises: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    tells_held: Vec<String>,
    #[serde(default)]
    tells_released: Vec<String>,
    #[serde(default)]
    tells_open: Vec<String>,
    #[serde(default)]
    tells_finished: Vec<String>,
    /// Options and fields that turn off that its first statement begins a transaction.
    autobegins_unless: Option<Vec<String>>,
    /// Statements of one thread or task go over one connection.
    #[serde(default)]
    shares_connection: bool,
    /// It keeps no connection: each operation takes one for its own time.
    #[serde(default)]
    holds_none: bool,
    /// The connection that its first use takes stays with it until it is released, past its transactions.
    #[serde(default)]
    keeps_connection: bool,
    /// Had from a class of the program, it stands for rows of that class.
    #[serde(default)]
    has_rows: bool,
    /// For the reader.
    #[serde(rename = "source")]
    _source: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CallEntry {
    callee: OneOrMany<String>,
    effect: Option<OneOrMany<Effect>>,
    #[serde(default)]
    form: Form,
    target: Option<PlaceText>,
    at: Option<PlaceText>,
    resource: Option<String>,
    when: Option<When>,
    releaser: Option<PlaceText>,
    returns: Option<ReturnsText>,
    transaction_setting: Option<String>,
    #[serde(default)]
    derives: bool,
    kind: Option<Outside>,
    timeout: Option<OneOrMany<OptionText>>,
    #[serde(default)]
    timeout_unit: Unit,
    /// Seconds.
    default_timeout: Option<f64>,
    /// Where it is said how many connections the pool may have, or how many workers there are.
    size: Option<OneOrMany<OptionText>>,
    default_size: Option<u32>,
    /// Where it is said how many connections come on top.
    overflow: Option<OneOrMany<OptionText>>,
    #[serde(default)]
    default_overflow: u32,
    size_unless: Option<OneOrMany<OptionText>>,
    /// Where the sizes come from, where that is not the source of the rest.
    size_source: Option<String>,
    as_many_as: Option<OneOrMany<PlaceText>>,
    unless_given: Option<String>,
    instance_of: Option<PlaceText>,
    rows_of: Option<PlaceText>,
    source: Option<String>,
    /// For the reader: versions this entry holds for.
    #[serde(rename = "versions")]
    _versions: Option<String>,
    /// For the reader: what is surprising about it.
    #[serde(rename = "note")]
    _note: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct PlaceText(Place);

impl TryFrom<String> for PlaceText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words: Vec<&str> = text.split(' ').collect();
        let number = |text: &str| text.parse::<u32>().ok();
        let place = match words.as_slice() {
            ["receiver"] => Some(Place::Receiver),
            ["result"] => Some(Place::Result),
            ["entered"] => Some(Place::Entered),
            ["result", "or", "entered"] => Some(Place::ResultOrEntered),
            ["arguments"] => Some(Place::Arguments),
            ["argument", position] => number(position).map(Place::Argument),
            ["argument", position, "or", "keyword", name] => number(position)
                .map(|position| Place::ArgumentOrKeyword(position, Symbol::new(name))),
            ["keyword", name] => Some(Place::Keyword(Symbol::new(name))),
            ["taken", "from", "receiver"] => Some(Place::TakenFromReceiver),
            ["callback", "parameter", position] => number(position).map(Place::CallbackParameter),
            _ => None,
        };
        place.map(Self).ok_or_else(|| {
            format!(
                "`{text}` is no place; write `receiver`, `result`, `entered`, `result or entered`, \
                 `arguments`, `argument N`, `keyword NAME`, `argument N or keyword NAME`, \
                 `taken from receiver` or `callback parameter N`"
            )
        })
    }
}

/// In what a time-out is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum Unit {
    #[default]
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct OptionText(OptionPlace);

impl TryFrom<String> for OptionText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words: Vec<&str> = text.split(' ').collect();
        if let ["key", name, "of", "argument", position] = words.as_slice()
            && let Ok(position) = position.parse()
        {
            return Ok(Self(OptionPlace::Key(position, Symbol::new(name))));
        }
        if let ["key", name, "of", "last", "argument"] = words.as_slice() {
            return Ok(Self(OptionPlace::LastKey(Symbol::new(name))));
        }
        PlaceText::try_from(text)
            .map(|PlaceText(place)| Self(OptionPlace::Argument(place)))
            .map_err(|error| {
                format!("{error}, `key NAME of argument N` or `key NAME of last argument`")
            })
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct ReturnsText(Returns);

impl TryFrom<String> for ReturnsText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words: Vec<&str> = text.split(' ').collect();
        let number = |text: &str| {
            text.parse::<u32>()
                .map_err(|_| format!("`{text}` is no position of an argument"))
        };
        Ok(Self(match words.as_slice() {
            ["receiver"] => Returns::Receiver,
            ["element"] => Returns::Element,
            ["arguments"] => Returns::Arguments,
            ["argument", position] => Returns::Argument(number(position)?),
            ["result", "of", "argument", position] => Returns::ResultOfArgument(number(position)?),
            ["result", "of", "callback"] => Returns::ResultOfCallback,
            ["entered", "argument", position] => Returns::EnteredArgument(number(position)?),
            ["first", "of", "argument", position] => Returns::FirstOfArgument(number(position)?),
            ["elements", "of", "argument", position] => {
                Returns::ElementsOfArgument(number(position)?)
            }
            ["numbered", "elements", "of", "argument", position] => {
                Returns::NumberedElements(number(position)?)
            }
            [path] => Returns::Type(Symbol::new(path)),
            _ => return Err(format!("`{text}` is neither a type's path nor a place")),
        }))
    }
}

impl LibraryFile {
    /// Reads a library file.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let wrong = |offset: Option<usize>, message: &str| {
            let before = text.get(..offset.unwrap_or(0)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            Error {
                file: name.to_owned(),
                line,
                message: message.trim().replace('\n', " "),
            }
        };
        let file: Self = toml::from_str(text)
            .map_err(|error| wrong(error.span().map(|span| span.start), error.message()))?;
        if !["python", "javascript"].contains(&file.language.as_str()) {
            return Err(wrong(
                text.find("language"),
                "`language` is `python` or `javascript`",
            ));
        }
        Ok(file)
    }

    pub(super) fn shelve(&self, shelf: &mut Shelf) {
        let types = self.types.iter().map(|entry| entry.path.as_str());
        let callees = self
            .calls
            .iter()
            .flat_map(|entry| entry.callee.as_slice())
            .map(String::as_str);
        let paths = types.chain(callees).map(Symbol::new);
        let aliases = self
            .alias
            .iter()
            .map(|(other, path)| (Symbol::new(path), Symbol::new(other)));
        let paths = paths.map(|path| (path, path)).chain(aliases).collect();
        shelf.contents.push((self.packages.clone(), paths));
        for global in &self.globals {
            shelf.globals.insert(Symbol::new(global));
        }
        for (other, path) in &self.alias {
            shelf.aliases.insert(Symbol::new(other), Symbol::new(path));
            add_namespaces(shelf, other);
        }
        let payloads = self.payloads.iter().map(|name| Symbol::new(name));
        shelf.payloads.extend(payloads);
        shelf.migrations.extend(self.migrations.iter().cloned());
        for (name, path) in &self.generated {
            shelf.generated.insert(Symbol::new(name), Symbol::new(path));
        }
        for entry in &self.types {
            add_namespaces(shelf, &entry.path);
            shelf.types.insert(Symbol::new(&entry.path), entry.fact());
        }
        for entry in &self.calls {
            for callee in entry.callee.as_slice() {
                add_namespaces(shelf, callee);
                let fact = entry.fact(callee, self);
                let facts = shelf.calls.entry(fact.callee).or_default();
                // The user's own word replaces the embedded one.
                facts.retain(|known| known.form != fact.form);
                facts.push(fact);
            }
        }
    }
}

impl TypeEntry {
    fn fact(&self) -> TypeFact {
        TypeFact {
            extends: self.extends.as_deref().map(Symbol::new),
            noun: self.noun.as_deref().map(Symbol::new),
            raises: self.raises.as_deref().map(Symbol::new),
            shares_connection: self.shares_connection,
            holds_none: self.holds_none,
            keeps_connection: self.keeps_connection,
            has_rows: self.has_rows,
            autobegins: self
                .autobegins_unless
                .as_ref()
                .map(|names| names.iter().map(|name| Symbol::new(name)).collect()),
            tells: tells(&self.tells_held, &self.tells_released),
            tells_open: tells(&self.tells_open, &self.tells_finished),
            fields: self
                .fields
                .iter()
                .map(|(name, path)| (Symbol::new(name), Symbol::new(path)))
                .collect(),
        }
    }
}

/// Names with what it tells that they are truthy.
fn tells(yes: &[String], no: &[String]) -> FxHashMap<Symbol, bool> {
    let named = |names: &[String], holds: bool| {
        let names = names.iter().map(|name| (Symbol::new(name), holds));
        names.collect::<Vec<_>>()
    };
    named(yes, true)
        .into_iter()
        .chain(named(no, false))
        .collect()
}

impl CallEntry {
    /// In JavaScript, what waits for somebody else gives a promise, unless the entry says that the call itself waits.
    fn when(&self, file: &LibraryFile) -> When {
        let effects = self.effect.as_ref().map_or(&[][..], OneOrMany::as_slice);
        let is_promise = file.language == "javascript" && effects.contains(&Effect::CallsOut);
        let otherwise = if is_promise { When::Await } else { When::Call };
        self.when.unwrap_or(otherwise)
    }

    fn timeout(&self) -> Option<Timeout> {
        let places = self.timeout.as_ref().map(OneOrMany::as_slice);
        if places.is_none() && self.default_timeout.is_none() {
            return None;
        }
        let places = places.unwrap_or_default().iter();
        Some(Timeout {
            places: places.map(|OptionText(place)| *place).collect(),
            is_milliseconds: self.timeout_unit == Unit::Milliseconds,
            default: self.default_timeout,
        })
    }

    fn capacity(&self, file: &LibraryFile) -> Option<Capacity> {
        if self.size.is_none() && self.default_size.is_none() {
            return None;
        }
        let places = |texts: &Option<OneOrMany<OptionText>>| {
            let texts = texts.as_ref().map(OneOrMany::as_slice).unwrap_or_default();
            texts.iter().map(|OptionText(place)| *place).collect()
        };
        let source = self.size_source.as_deref().or(self.source.as_deref());
        Some(Capacity {
            places: places(&self.size),
            default: self.default_size,
            overflow: places(&self.overflow),
            default_overflow: self.default_overflow,
            unless: places(&self.size_unless),
            source: Symbol::new(source.unwrap_or(&file.source)),
        })
    }

    fn fact(&self, callee: &str, file: &LibraryFile) -> CallFact {
        let place = |text: Option<PlaceText>| text.map(|PlaceText(place)| place);
        CallFact {
            callee: Symbol::new(callee),
            form: self.form,
            effects: self
                .effect
                .as_ref()
                .map_or_else(Vec::new, |effects| effects.as_slice().to_vec()),
            target: place(self.target),
            at: place(self.at).unwrap_or(Place::Result),
            resource: self.resource.as_deref().map(Symbol::new),
            when: self.when(file),
            releaser: place(self.releaser),
            returns: self
                .returns
                .map_or(Returns::Unknown, |ReturnsText(returns)| returns),
            transaction_setting: self.transaction_setting.as_deref().map(Symbol::new),
            derives: self.derives,
            kind: self.kind,
            timeout: self.timeout(),
            capacity: self.capacity(file),
            as_many_as: self.as_many_as.as_ref().map_or_else(Vec::new, |texts| {
                let texts = texts.as_slice().iter();
                texts.map(|PlaceText(place)| *place).collect()
            }),
            unless_given: self.unless_given.as_deref().map(Symbol::new),
            instance_of: self.instance_of.map(|PlaceText(place)| place),
            rows_of: self.rows_of.map(|PlaceText(place)| place),
            source: Symbol::new(self.source.as_deref().unwrap_or(&file.source)),
        }
    }
}

/// Registers the proper prefixes of a path, so that `pg` is known when `pg.Pool` is.
fn add_namespaces(shelf: &mut Shelf, path: &str) {
    let static_part = path.split('#').next().unwrap_or(path);
    if static_part.len() < path.len() {
        shelf.namespaces.insert(Symbol::new(static_part));
    }
    for (position, _) in static_part.match_indices('.') {
        if let Some(prefix) = static_part
            .get(..position)
            .filter(|prefix| !prefix.is_empty())
        {
            shelf.namespaces.insert(Symbol::new(prefix));
        }
    }
}
