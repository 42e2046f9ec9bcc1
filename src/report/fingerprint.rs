//! What names a finding when lines move.
use crate::finding::Finding;
use crate::source::Source;
use std::collections::BTreeMap;

/// Poolgate's own names: the rule and what the rule calls the identity, hashed, with an ordinal for findings
/// that are alike.
#[derive(Default)]
pub(super) struct Fingerprints(BTreeMap<u128, u32>);

impl Fingerprints {
    pub(super) fn of(&mut self, finding: &Finding) -> String {
        let hash = fnv(&[finding.rule, &finding.identity]);
        let ordinal = self.0.entry(hash).or_default();
        *ordinal += 1;
        format!("{hash:032x}:{ordinal}")
    }
}

/// FNV-1a with 128 bits: baselines store it, so it must never change.
fn fnv(parts: &[&str]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(OFFSET, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(PRIME)
    })
}

/// The names that code scanning gives to the lines of a file (`primaryLocationLineHash`). Its upload computes
/// the same and warns where ours differ.
///
/// Each line is named by a polynomial of the hundred UTF-16 code units, spaces and tabs left out, that begin
/// with its first; a line is what CR, LF or both end.
pub(super) fn line_hashes(source: &Source) -> Vec<String> {
    const WINDOW: usize = 100;
    const BASE: u64 = 37;
    const END: u16 = 65535;
    let (units, starts) = kept(source, END);
    let first = BASE.wrapping_pow(u32::try_from(WINDOW).unwrap_or_default());
    let unit = |at: usize| units.get(at).copied().map_or(0, u64::from);
    let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
    let mut hashes = Vec::with_capacity(starts.len());
    let mut starts = starts.into_iter().peekable();
    let mut hash = (0..WINDOW).fold(0u64, |hash, at| {
        hash.wrapping_mul(BASE).wrapping_add(unit(at))
    });
    for at in 0..units.len() {
        while starts.next_if_eq(&at).is_some() {
            let count = seen.entry(hash).or_default();
            *count += 1;
            hashes.push(format!("{hash:x}:{count}"));
        }
        let gone = first.wrapping_mul(unit(at));
        hash = hash
            .wrapping_mul(BASE)
            .wrapping_add(unit(at + WINDOW))
            .wrapping_sub(gone);
    }
    hashes
}

/// The code units that count, and for each line the index of its first.
fn kept(source: &Source, end: u16) -> (Vec<u16>, Vec<usize>) {
    const LF: u16 = 10;
    const CR: u16 = 13;
    let mark = (source.bom > 0).then_some('\u{feff}');
    let mut units = Vec::with_capacity(source.text.len() + 1);
    let mut starts = vec![0];
    let mut previous = 0;
    let text = mark.into_iter().chain(source.text.chars());
    let mut buffer = [0; 2];
    for letter in text {
        for unit in letter.encode_utf16(&mut buffer).iter().copied() {
            let is_dropped = unit == 32 || unit == 9 || (unit == LF && previous == CR);
            previous = unit;
            if is_dropped {
                continue;
            }
            let is_break = unit == LF || unit == CR;
            units.push(if is_break { LF } else { unit });
            if is_break {
                starts.push(units.len());
            }
        }
    }
    units.push(end);
    (units, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(text: &str) -> Vec<String> {
        line_hashes(&Source::new("a.py", text).unwrap())
    }

    #[test]
    fn line_hashes_are_those_of_code_scanning() {
        let expected = [
            "85d54d5901e1ec16:1",
            "7a809179afe2b88a:1",
            "bc74e0906ca41988:1",
            "aba1d888bc3013fa:1",
            "a75b6bd62022894c:1",
            "ecfbf98e0203ab7e:1",
            "c129715d7a2bc9a3:1",
        ];
        let text = "x = 1\n\n  y = 2\r\ny = 2\n\ty = 2\nz = \"hé 😀\"\n";
        assert_eq!(hashes(text), expected);
    }

    #[test]
    fn equal_lines_are_counted() {
        let text = "a\n".repeat(400);
        let hashes = hashes(&text);
        assert_eq!(hashes.len(), 401);
        assert!(hashes[0].ends_with(":1") && hashes[1].ends_with(":2"));
        assert_eq!(hashes[0].split(':').next(), hashes[100].split(':').next());
    }

    #[test]
    fn the_own_hash_never_changes() {
        assert_eq!(
            format!("{:032x}", fnv(&["a", "b"])),
            "6971299cb6757277b806e976f537e9be"
        );
    }
}
