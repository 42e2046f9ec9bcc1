//! Interned names.
//!
//! In: any text. Out: a [`Symbol`], one machine word pair that compares and hashes by address and orders by
//! text, so that sorted output never depends on which thread met a name first.
//!
//! Invariant: the text of a symbol lives as long as the process; a run meets few distinct names, and each is
//! stored once.
use rustc_hash::{FxHashSet, FxHasher};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{LazyLock, Mutex, PoisonError};

const SHARDS: usize = 32;

static TABLE: LazyLock<[Mutex<FxHashSet<&'static str>>; SHARDS]> =
    LazyLock::new(|| std::array::from_fn(|_| Mutex::default()));

/// An interned name: cheap to copy, equal exactly when the texts are equal.
#[derive(Clone, Copy)]
pub struct Symbol(&'static str);

/// The symbol of every temporary and positional argument; worth a way around the lock.
static EMPTY: Symbol = Symbol("");

impl Symbol {
    /// The symbol for `text`.
    pub fn new(text: &str) -> Self {
        if text.is_empty() {
            return EMPTY;
        }
        let mut hasher = FxHasher::default();
        text.hash(&mut hasher);
        let shard = usize::try_from(hasher.finish() >> 32).unwrap_or(0) % SHARDS;
        let mut names = TABLE[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(text) {
            return Self(known);
        }
        let stored: &'static str = Box::leak(text.into());
        names.insert(stored);
        Self(stored)
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
        self.0 == other
    }
}

impl PartialEq<&str> for Symbol {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl Hash for Symbol {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_ptr().addr().hash(state);
        self.0.len().hash(state);
    }
}

impl Ord for Symbol {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(other.0)
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
        assert!(Symbol::new("a") < Symbol::new("b"));
    }
}
