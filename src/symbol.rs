//! Interned names.
//!
//! In: any text. Out: a [`Symbol`], one machine word that compares and hashes by address and orders by text, so that sorted output never depends on which thread met a name first.
//!
//! Invariant: the text of a symbol lives as long as the process; a run meets few distinct names, and each is
//! stored once.
use rustc_hash::{FxHashMap, FxHasher};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{LazyLock, Mutex, PoisonError};

const SHARDS: usize = 32;

type Names = FxHashMap<&'static str, &'static &'static str>;

static TABLE: LazyLock<[Mutex<Names>; SHARDS]> =
    LazyLock::new(|| std::array::from_fn(|_| Mutex::default()));

/// A static, because a constant may have another address in each place that uses it.
static EMPTY: &str = "";

/// An interned name: cheap to copy, equal exactly when the texts are equal.
#[derive(Clone, Copy)]
pub struct Symbol(&'static &'static str);

impl Symbol {
    /// The symbol for `text`.
    pub fn new(text: &str) -> Self {
        if text.is_empty() {
            return Self::empty();
        }
        let mut hasher = FxHasher::default();
        text.hash(&mut hasher);
        let shard = usize::try_from(hasher.finish() >> 32).unwrap_or(0) % SHARDS;
        let mut names = TABLE[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(text) {
            return Self(known);
        }
        let stored: &'static str = Box::leak(text.into());
        let place: &'static &'static str = Box::leak(Box::new(stored));
        names.insert(stored, place);
        Self(place)
    }

    /// The symbol of no text, without a look at the table: what temporaries and positional arguments are named.
    pub fn empty() -> Self {
        Self(&EMPTY)
    }

    /// The text, for as long as the process runs.
    pub fn text(self) -> &'static str {
        self.0
    }
}

impl Deref for Symbol {
    type Target = str;
    fn deref(&self) -> &str {
        self.0
    }
}

impl PartialEq for Symbol {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Symbol {}

impl PartialEq<str> for Symbol {
    fn eq(&self, other: &str) -> bool {
        self.text() == other
    }
}

impl PartialEq<&str> for Symbol {
    fn eq(&self, other: &&str) -> bool {
        self.text() == *other
    }
}

impl Hash for Symbol {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self.0).addr().hash(state);
    }
}

impl Ord for Symbol {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text().cmp(other.text())
    }
}

impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, formatter)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Symbol;

    #[test]
    fn equal_texts_are_one_symbol_and_order_is_textual() {
        assert_eq!(Symbol::new("pool"), Symbol::new(&String::from("pool")));
        assert_ne!(Symbol::new("pool"), Symbol::new("pools"));
        assert_eq!(Symbol::new(""), Symbol::empty());
        assert!(Symbol::new("a") < Symbol::new("b"));
    }
}
