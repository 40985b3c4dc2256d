//! Every name in one text, so that a search reads memory from one end to the other and looks at no
//! row: a tenth of the time that going from row to row takes.

use memchr::memmem::Finder;
use proto::host::Host;
use roaring::RoaringBitmap;

use super::Slot;

/// Stands behind each name.
const END: char = '\n';
/// Stands between the two spellings of a name.
const OR: char = '\0';

/// The names of all domains that ever were there, in lower case.
#[derive(Debug, Default)]
pub(super) struct Names {
    text: String,
    /// Where each begins, and whose it is.
    begins: Vec<(usize, Slot)>,
}

impl Names {
    /// Adds a name. It is never taken away: the host of a domain is a part of its id.
    pub(super) fn add(&mut self, slot: Slot, host: &Host) {
        self.begins.push((self.text.len(), slot));
        match host.name() {
            Some(name) => self.text.push_str(name),
            None => self.text.push_str(&host.to_string()),
        }
        // Only these look different to people.
        if host.name().is_some_and(|name| name.contains("xn--")) {
            self.text.push(OR);
            self.text.push_str(&host.to_unicode());
        }
        self.text.push(END);
    }

    /// Those that contain a text.
    pub(super) fn containing(&self, text: &str) -> RoaringBitmap {
        let mut found = RoaringBitmap::new();
        if text.contains([END, OR]) {
            return found;
        }
        let finder = Finder::new(text);
        let (bytes, mut from) = (self.text.as_bytes(), 0);
        let mut names = self.begins.iter().peekable();
        while let Some(at) = bytes.get(from..).and_then(|rest| finder.find(rest)) {
            // The last that begins no later than here.
            while let Some((_, slot)) = names.next() {
                let next = names.peek().map_or(bytes.len(), |(begin, _)| *begin);
                if next > from + at {
                    found.insert(*slot);
                    from = next;
                    break;
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(names: &[String], text: &str) -> Vec<Slot> {
        let mut all = Names::default();
        for (slot, name) in (0..).zip(names) {
            all.add(slot, &name.parse().unwrap());
        }
        all.containing(text).iter().collect()
    }

    #[test]
    fn a_name_is_found_in_both_spellings() {
        let names = ["münchen.example", "a.example", "192.0.2.1"].map(str::to_owned);
        assert_eq!(found(&names, "münch"), [0]);
        assert_eq!(found(&names, "xn--"), [0]);
        assert_eq!(found(&names, "example"), [0, 1]);
        assert_eq!(found(&names, "0.2."), [2]);
        assert!(found(&names, "example\na").is_empty());
    }

    proptest! {
        #[test]
        fn what_contains_the_text_is_found_and_nothing_else(
            names in proptest::collection::vec("[ab]{1,4}\\.[ab]{1,3}", 0..20),
            text in "[ab.]{1,3}",
        ) {
            let expected: Vec<_> = (0..)
                .zip(&names)
                .filter(|(_, name)| name.contains(&text))
                .map(|(slot, _): (Slot, _)| slot)
                .collect();
            prop_assert_eq!(found(&names, &text), expected);
        }
    }
}
