//! Joins everything: restores, reads along, and leads whenever it holds the lease.

use std::{convert::Infallible, fs, io, path::PathBuf, sync::Arc};

use certificate::pem::{self, PemError};
use chassis::{bus::BusError, context::Context, lease, skew, snapshot::SnapshotError};
use tracing::info;

use super::{
    along::{Along, Tide, Where},
    anchors::{self, AnchorSource, LoadError},
    keep::{self, Kept},
    lead::Lead,
    partition::Partition,
    posts::Posts,
    shared::Shared,
};
use crate::{
    config::Config,
    domain::{assess::pool::Source, court::Court, watch::command::Clock},
};

/// The lease that makes one detector the active one.
const LEASE: &str = "detector";

/// Why the detector ended, or did not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There are no trust anchors.
    #[error("no trust anchors")]
    Anchors(#[from] LoadError),
    /// The file of intermediates cannot be read.
    #[error("cannot read the intermediates of {}", path.display())]
    Intermediates {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of intermediates is no bundle of certificates.
    #[error("{} is no bundle of certificates", path.display())]
    NoBundle {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: PemError,
    },
    /// The snapshot cannot be used.
    #[error("the snapshot cannot be used")]
    Snapshot(#[from] SnapshotError),
    /// The bus is gone.
    #[error("the bus is gone")]
    Bus(#[from] BusError),
}

/// Runs the detector until the process stops; then finishes what it holds.
///
/// # Errors
///
/// See [`RunError`].
pub async fn run(context: Context, config: Config) -> Result<(), RunError> {
    let ready = context.health.check("detector");
    let court = court(&config)?;
    let keeps = config.snapshot;
    let shared = Arc::new(Shared::new(config, court));
    let (snapshot, kept) = if keeps {
        let (snapshot, kept) = keep::open(&context.data.join("snapshot")).await?;
        (Some(snapshot), kept)
    } else {
        (None, Kept::nothing())
    };
    let tide = kept.tide();
    let (posts, streams) = begin(&context, &shared, kept, &tide);
    if let Some(snapshot) = snapshot {
        let keeping =
            keep::run(context.clone(), snapshot, posts.clone(), streams.clone(), tide.clone());
        context.tasks.spawn("keep", keeping);
    }
    let judges = shared.clone();
    skew::follow(&context, move |are_apart| {
        judges.set_clock(if are_apart { Clock::Skewed } else { Clock::Agreed });
    });
    let stopping = context.tasks.stopping();
    let caught_up = async {
        for along in &streams {
            along.caught_up().await;
        }
        posts.read_until_here().await;
    };
    tokio::select! {
        biased;
        () = stopping.cancelled() => return Ok(()),
        () = caught_up => info!("The streams have been read."),
    }
    ready.ready();
    let lead = Lead { context: context.clone(), posts, streams, tide, shared };
    lease::lead(&context, LEASE, |term| lead.term(term)).await.map_err(RunError::Bus)
}

/// Starts the partitions with what was kept, and the reading of what was not.
fn begin(context: &Context, shared: &Arc<Shared>, kept: Kept, tide: &Tide) -> (Posts, Vec<Along>) {
    let (posts, boxes) = Posts::new();
    let Kept { entries, positions } = kept;
    for (letters, entries) in boxes.into_iter().zip(entries) {
        let partition = Partition::new(context, shared.clone(), entries);
        context.tasks.spawn("partition", async move {
            partition.run(letters).await;
            Ok::<_, Infallible>(())
        });
    }
    let sources = [
        Where::Inventory(posts.clone()),
        Where::Log(posts.clone()),
        Where::Events(tide.clone()),
        Where::Intermediates(shared.clone()),
    ];
    let streams: Vec<_> =
        sources.into_iter().map(|source| Along::new(source, &positions)).collect();
    for along in &streams {
        context.tasks.spawn("along", along.clone().run(context.clone()));
    }
    (posts, streams)
}

fn court(config: &Config) -> Result<Court, RunError> {
    let source = config.ca_bundle.clone().map_or(AnchorSource::System, AnchorSource::Bundle);
    let anchors = anchors::load(&source)?;
    info!(anchors = anchors.len(), "Trust anchors were loaded.");
    let mut court = Court::new(Arc::new(anchors));
    if let Some(path) = &config.intermediates {
        let text = fs::read_to_string(path)
            .map_err(|source| RunError::Intermediates { path: path.clone(), source })?;
        let certificates = pem::certificates(&text)
            .map_err(|source| RunError::NoBundle { path: path.clone(), source })?;
        for certificate in certificates {
            court.know(Arc::new(certificate), Source::Configured);
        }
    }
    Ok(court)
}
