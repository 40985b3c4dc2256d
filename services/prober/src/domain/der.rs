//! Walks DER without understanding it: one tag, its content, the rest.
//!
//! For the two places that look into a structure which no parser of ours reads. Every step consumes
//! input, so a walk ends.

/// Tag of `INTEGER`.
pub const INTEGER: u8 = 0x02;
/// Tag of `BIT STRING`.
pub const BIT_STRING: u8 = 0x03;
/// Tag of `OBJECT IDENTIFIER`.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// Tag of `SEQUENCE`.
pub const SEQUENCE: u8 = 0x30;
/// Tag of the first context-specific, constructed element.
pub const CONTEXT_0: u8 = 0xa0;

/// One element of a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// Its tag. Tags above 30, which take more bytes, are not known here.
    pub tag: u8,
    /// What it holds.
    pub content: &'a [u8],
    /// Tag, length and content.
    pub whole: &'a [u8],
}

/// The first element and what comes after it, or `None` where there is no whole one.
pub fn split(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, after_tag) = input.split_first()?;
    let (&first, after_first) = after_tag.split_first()?;
    let (length, body) = if first < 0x80 {
        (usize::from(first), after_first)
    } else {
        // Four bytes are more than anything that we ever hold in memory.
        let count = usize::from(first & 0x7f);
        let (bytes, body) =
            after_first.split_at_checked(count).filter(|_| (1..=4).contains(&count))?;
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), body)
    };
    let (content, rest) = body.split_at_checked(length)?;
    let (whole, _) = input.split_at(input.len() - rest.len());
    Some((Element { tag, content, whole }, rest))
}

/// The content of the first element if it has this tag, and what comes after it.
pub fn expect(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (element, rest) = split(input)?;
    (element.tag == tag).then_some((element.content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_both_forms() {
        let (element, rest) = split(&[0x04, 2, 7, 8, 9]).unwrap();
        assert_eq!(
            (element.content, element.whole, rest),
            (&[7, 8][..], &[4, 2, 7, 8][..], &[9][..])
        );
        let long = [&[0x04, 0x82, 0x01, 0x00][..], &[1; 256]].concat();
        assert_eq!(split(&long).unwrap().0.content.len(), 256);
    }

    #[test]
    fn what_is_cut_short_or_absurd_is_none() {
        for input in [&[][..], &[0x30], &[0x30, 5, 1], &[0x30, 0x80], &[0x30, 0x85, 1, 1, 1, 1, 1]]
        {
            assert_eq!(split(input), None, "{input:?}");
        }
        assert_eq!(split(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), None);
    }
}
