//! When, within the leaf's validity, a path exists.
//!
//! The answer is a list of spans. It needs one search for a usual chain: a path that is found holds
//! until the first of its certificates ends, and where none is found one can only appear when
//! another certificate begins.

use std::sync::Arc;

use certificate::Certificate;

use super::{
    instant::{self, Seconds},
    path::{Field, NoPath, Path},
};

/// Searches for one chain. Each may cost a hundred signatures if a server means harm; a chain whose
/// paths change more often than this has never been seen.
const SEARCHES_MAX: usize = 8;

/// When there is a path.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// In order, none overlapping.
    pub(super) spans: Vec<Span>,
    /// Why the first search found nothing, if so.
    pub(super) refusal: Option<NoPath>,
}

/// A span in which one path holds.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) from: Seconds,
    pub(super) until: Seconds,
    /// The certificate that begins last.
    pub(super) begun_by: Arc<Certificate>,
    /// The certificate that ends first.
    pub(super) ended_by: Arc<Certificate>,
    pub(super) path: Path,
}

impl Timeline {
    pub(super) fn new(field: &Field) -> Self {
        let mut timeline = Self::default();
        let end = instant::not_after(&field.leaf);
        let mut at = instant::not_before(&field.leaf);
        for _ in 0..SEARCHES_MAX {
            if at > end {
                break;
            }
            at = match field.path_at(at) {
                Ok(path) => {
                    let span = Span::new(&field.leaf, at, path);
                    let next = span.until.saturating_add(1);
                    timeline.spans.push(span);
                    next
                }
                Err(no_path) => {
                    let next = no_path.may_be_dates.then(|| next_beginning(field, at)).flatten();
                    if timeline.spans.is_empty() && timeline.refusal.is_none() {
                        timeline.refusal = Some(no_path);
                    }
                    let Some(next) = next else { break };
                    next
                }
            };
        }
        timeline
    }

    /// The span that this second lies in.
    pub(super) fn span_at(&self, at: Seconds) -> Option<&Span> {
        self.spans.iter().find(|span| span.from <= at && at <= span.until)
    }

    /// Whether a path exists in every second of the leaf's validity, and there is one.
    pub(super) fn covers(&self, leaf: &Certificate) -> bool {
        if self.spans.is_empty() {
            return false;
        }
        let mut from = instant::not_before(leaf);
        for span in &self.spans {
            if span.from > from {
                return false;
            }
            from = span.until.saturating_add(1);
        }
        from > instant::not_after(leaf)
    }
}

impl Span {
    fn new(leaf: &Arc<Certificate>, from: Seconds, path: Path) -> Self {
        let (mut begun_by, mut ended_by) = (leaf, leaf);
        for certificate in path.above() {
            if instant::not_before(certificate) > instant::not_before(begun_by) {
                begun_by = certificate;
            }
            if instant::not_after(certificate) < instant::not_after(ended_by) {
                ended_by = certificate;
            }
        }
        Self {
            from,
            // A path that was found at `from` holds then, whatever the rounding at the far ends.
            until: instant::not_after(ended_by).max(from),
            begun_by: Arc::clone(begun_by),
            ended_by: Arc::clone(ended_by),
            path,
        }
    }
}

/// The next second in which a certificate of the field begins.
fn next_beginning(field: &Field, after: Seconds) -> Option<Seconds> {
    let candidates = field.candidates.iter().map(|known| &known.certificate);
    let anchors = field.anchors.iter().map(|anchor| &anchor.certificate);
    candidates.chain(anchors).map(|it| instant::not_before(it)).filter(|at| *at > after).min()
}
