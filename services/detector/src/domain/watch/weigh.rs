//! What a look, or the passing of time, does to a watch.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
};

use bytes::Bytes;
use proto::{
    time,
    v1::{
        CertificateChanged, Chain, ChainLearned, EndpointGone, EndpointSeen, Evidence,
        FetchedCertificate, Kind, NoCertificate, RoundCounted, Severity, anomaly_closed::How,
        evidence::Case, log_event::Event,
    },
};

use super::{
    Standing,
    anomaly::Failing,
    command::{Clock, Finding, Judged, Judgement, Weigh},
    draft::Draft,
    face::{self, Change},
};
use crate::domain::{
    rule::{
        change, confirm,
        findings::{self, Findings},
    },
    sight::{Absence, Endpoint, Fingerprint, Showing, Sight},
};

impl Draft<'_> {
    /// Weighs a look.
    pub(super) fn weigh(&mut self, Weigh { look, port, judgement }: Weigh) {
        if look.showings().iter().any(|showing| !judgement.showings.contains_key(showing)) {
            // A chain that neither the log nor the fact holds: nothing can be said of it.
            return;
        }
        match look.sight {
            Sight::NotSeen => {}
            Sight::Nothing { absence, tried } => {
                self.look = look.number;
                self.observed();
                self.absent(&absence, &tried, port);
            }
            Sight::Certificates(endpoints) => {
                self.look = look.number;
                self.observed();
                self.reached();
                let believed = face::believed(&self.before.faces, &endpoints);
                self.learn(&look.chains, &look.fetched, &judgement);
                self.note_changes(&believed, &endpoints, &judgement.showings);
                self.believe(&believed, port);
                let found = findings::fold(&believed, &endpoints, port, &judgement.showings);
                self.now.note(self.before.after_look(&judgement, self.at));
                self.now.undecided = found.undecided;
                self.judge(found, judgement.clock);
            }
        }
    }

    /// Weighs what is believed against the time: nothing mends by itself, but much breaks.
    pub(super) fn wake(&mut self, port: u16, judgement: &Judgement) {
        if !self.before.is_watched() || judgement.clock == Clock::Skewed {
            return;
        }
        let believed = self.before.faces.iter().map(|face| (face.showing, face.address)).collect();
        let found = findings::fold(&believed, &[], port, &judgement.showings);
        self.now.note(self.before.after_waking(judgement));
        for (kind, finding) in found.by_kind {
            if confirm::is_of_time(kind) {
                self.find(finding);
            }
        }
    }

    /// Somebody sees the domain again.
    fn observed(&mut self) {
        self.unseen = false;
        self.close_kind(Kind::NotObserved, How::Recovered);
    }

    /// No endpoint presented a certificate.
    fn absent(&mut self, absence: &Absence, tried: &[IpAddr], port: u16) {
        let kind = match self.before.standing {
            Standing::Enabling => Kind::EnableFailed,
            Standing::Seen => Kind::Unreachable,
            Standing::Unwatched | Standing::Removed => return,
        };
        if let Some(open) = self.before.open_of(kind).copied() {
            if open.clean > 0 {
                self.count(&open, 0, open.clean_needed);
            }
            return;
        }
        let failing = self.before.failing();
        let rounds = failing.map_or(0, |failing| failing.rounds) + 1;
        let since = failing.map_or(self.at, |failing| failing.since);
        if rounds >= confirm::ROUNDS_TO_OPEN {
            self.open(unreached(kind, absence, tried, port, since));
        } else {
            self.count_failing(kind, Some(Failing { rounds, reason: absence.reason, since }));
        }
    }

    /// Some endpoint presented a certificate.
    fn reached(&mut self) {
        self.close_kind(Kind::EnableFailed, How::Recovered);
        if self.before.failing().is_some() {
            let enabling = self.before.is_enabling();
            let kind = if enabling { Kind::EnableFailed } else { Kind::Unreachable };
            self.count_failing(kind, None);
        }
        if let Some(open) = self.now.open_of(Kind::Unreachable).copied() {
            self.count_clean(&open);
        }
    }

    fn count_failing(&mut self, kind: Kind, failing: Option<Failing>) {
        self.say(Event::RoundCounted(RoundCounted {
            kind: kind.into(),
            seen: failing.map_or(0, |failing| failing.rounds),
            reason: failing.map_or(0, |failing| failing.reason.into()),
            since: failing.map(|failing| time::write(failing.since)),
            ..RoundCounted::default()
        }));
    }

    /// Keeps chains that are shown and that the log does not hold.
    fn learn(
        &mut self,
        chains: &BTreeMap<Fingerprint, Chain>,
        fetched: &[FetchedCertificate],
        judgement: &Judgement,
    ) {
        for (showing, judged) in &judgement.showings {
            if let Some(chain) = chains.get(&showing.chain)
                && !self.now.knows(&showing.chain)
            {
                self.say(Event::ChainLearned(ChainLearned {
                    chain: Some(chain.clone()),
                    fetched: fetched.to_vec(),
                    leaf: Bytes::copy_from_slice(&judged.leaf),
                }));
            }
        }
    }

    /// Tells of leaves that were not seen here within the memory.
    fn note_changes(
        &mut self,
        believed: &BTreeMap<Showing, IpAddr>,
        endpoints: &[Endpoint],
        judged: &BTreeMap<Showing, Judged>,
    ) {
        let (faces, recents) = (&self.before.faces, &self.before.recents);
        let remembered = |leaf: &Fingerprint| {
            let lasting = |until| self.at.duration_since(until) <= face::MEMORY;
            faces.iter().any(|face| face.leaf == *leaf)
                || recents.iter().any(|recent| recent.leaf == *leaf && lasting(recent.until))
        };
        let fresh: BTreeMap<Fingerprint, Showing> = believed
            .keys()
            .filter_map(|showing| Some((judged.get(showing)?.leaf, *showing)))
            .filter(|(leaf, _)| !remembered(leaf))
            .collect();
        if self.before.standing != Standing::Seen {
            return;
        }
        for showing in fresh.into_values() {
            let shows = |face: &&face::Face| {
                let same = |e: &&Endpoint| e.address == face.address && e.shows == Ok(showing);
                endpoints.iter().any(|endpoint| same(&endpoint))
            };
            let before = faces.iter().find(shows).or_else(|| faces.first());
            let before = before.and_then(|face| judged.get(&face.showing)).map(|j| &j.summary);
            let Some(after) = judged.get(&showing).map(|judged| &judged.summary) else { continue };
            let evidence = Some(change::evidence(before, after));
            self.say(Event::CertificateChanged(CertificateChanged { evidence }));
        }
    }

    fn believe(&mut self, believed: &BTreeMap<Showing, IpAddr>, port: u16) {
        for step in face::changes(&self.before.faces, believed) {
            let port = u32::from(port);
            self.say(match step {
                Change::Gone(address) => {
                    Event::EndpointGone(EndpointGone { address: address.to_string(), port })
                }
                Change::Seen(address, showing) => Event::EndpointSeen(EndpointSeen {
                    address: address.to_string(),
                    port,
                    chain: Bytes::copy_from_slice(&showing.chain),
                    version: showing.version.into(),
                    cipher_suite: showing.cipher_suite.into(),
                }),
            });
        }
    }

    /// Counts clean and closes, then opens and worsens: by what was found and what was not.
    fn judge(&mut self, found: Findings, clock: Clock) {
        let judged = |kind| clock == Clock::Agreed || !confirm::needs_the_time(kind);
        let decided = |kind| !found.undecided || !confirm::rests_on_trust(kind);
        let may_be_clean =
            |kind| found.whole && confirm::is_of_certificate(kind) && judged(kind) && decided(kind);
        let opening = found.by_kind.keys().filter(|kind| self.now.open_of(**kind).is_none());
        let shaded: BTreeSet<_> = opening.flat_map(|kind| confirm::supersedes(*kind)).collect();
        for open in self.now.open().to_vec() {
            let kind = open.kind;
            let absent = !found.by_kind.contains_key(&kind) && !shaded.contains(&kind);
            if absent && may_be_clean(kind) {
                self.count_clean(&open);
            }
        }
        for (kind, finding) in found.by_kind {
            if judged(kind) {
                self.find(finding);
            }
        }
    }

    /// Something is wrong: now, still, more than before, or again.
    fn find(&mut self, finding: Finding) {
        let kind = finding.kind;
        match self.now.open_of(kind).copied() {
            None if self.is_shaded(kind) => {}
            None => {
                for shaded in confirm::supersedes(kind) {
                    self.close_kind(*shaded, How::Superseded);
                }
                self.open(finding);
            }
            Some(open) => {
                if open.clean > 0 {
                    self.count(&open, 0, confirm::after_relapse(open.clean_needed));
                }
                self.worsen(&open, finding);
            }
        }
    }

    /// Whether a worse anomaly of the same matter is open: what expired is not expiring.
    fn is_shaded(&self, kind: Kind) -> bool {
        kind == Kind::Expiring && self.now.open_of(Kind::Expired).is_some()
    }
}

fn unreached(
    kind: Kind,
    absence: &Absence,
    tried: &[IpAddr],
    port: u16,
    since: jiff::Timestamp,
) -> Finding {
    let case = Case::NoCertificate(NoCertificate {
        reason: absence.reason.into(),
        detail: absence.detail.clone(),
        alert: absence.alert,
    });
    let endpoints =
        tried.iter().map(|address| SocketAddr::new(*address, port).to_string()).collect();
    Finding {
        kind,
        severity: Severity::Critical,
        since: Some(since),
        evidence: Evidence { endpoints, case: Some(case), ..Evidence::default() },
    }
}
