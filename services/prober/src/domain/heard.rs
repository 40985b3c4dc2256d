//! What the other side said, as far as it is needed to tell who it is: its first bytes and how many
//! there were.

/// Bytes kept of what was heard: enough for an HTTP status line or an SSH banner.
const KEPT: usize = 64;

/// The beginning and the amount of what came from one connection.
#[derive(Debug, Clone)]
pub struct Heard {
    first: [u8; KEPT],
    total: u64,
}

impl Default for Heard {
    fn default() -> Self {
        Self { first: [0; KEPT], total: 0 }
    }
}

impl Heard {
    /// Takes note of the bytes that came next.
    pub fn note(&mut self, bytes: &[u8]) {
        let kept = self.kept();
        let take = bytes.len().min(KEPT - kept);
        self.first[kept..kept + take].copy_from_slice(&bytes[..take]);
        self.total += bytes.len() as u64;
    }

    /// How many bytes came.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Whether something came that cannot be the beginning of a TLS record: one starts with its
    /// type, 20 to 24, and a major version of 3, or 1 in the Chinese TLCP.
    pub fn is_foreign(&self) -> bool {
        match self.beginning() {
            [] => false,
            [kind] => !matches!(kind, 20..=24),
            [kind, major, ..] => !matches!((kind, major), (20..=24, 1 | 3)),
        }
    }

    /// The first line of what came, printable, for people.
    pub fn excerpt(&self) -> String {
        let line = self.beginning().split(|byte| matches!(byte, b'\r' | b'\n')).next();
        line.unwrap_or_default().escape_ascii().to_string()
    }

    fn beginning(&self) -> &[u8] {
        &self.first[..self.kept()]
    }

    fn kept(&self) -> usize {
        usize::try_from(self.total).map_or(KEPT, |total| total.min(KEPT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(parts: &[&[u8]]) -> Heard {
        let mut heard = Heard::default();
        for part in parts {
            heard.note(part);
        }
        heard
    }

    #[test]
    fn tls_is_told_from_other_protocols() {
        assert!(!heard(&[]).is_foreign());
        assert!(!heard(&[&[0x16]]).is_foreign());
        assert!(!heard(&[&[0x15, 3, 3, 0, 2, 2, 40]]).is_foreign());
        assert!(!heard(&[&[0x16, 1, 1]]).is_foreign(), "TLCP");
        assert!(heard(&[b"H"]).is_foreign());
        assert!(heard(&[b"SSH-2.0-OpenSSH_9.9\r\n"]).is_foreign());
        assert!(heard(&[&[0x16, 0x48]]).is_foreign());
    }

    #[test]
    fn the_excerpt_is_one_printable_line() {
        let http = heard(&[b"HTTP/1.1 400 Bad", b" Request\r\nServer: x"]);
        assert_eq!(http.excerpt(), "HTTP/1.1 400 Bad Request");
        assert_eq!(heard(&[&[0, 0xff, b'a', 7]]).excerpt(), "\\x00\\xffa\\x07");
    }

    #[test]
    fn only_the_beginning_is_kept() {
        let long = heard(&[&[b'x'; 50], &[b'y'; 50], &[b'z'; 5000]]);
        assert_eq!(long.total(), 5100);
        assert_eq!(long.excerpt(), format!("{}{}", "x".repeat(50), "y".repeat(14)));
    }
}
