//! Judges chains without a network.

use std::{
    io::{self, BufRead, Read, Write},
    process::ExitCode,
};

use chassis::clock::{Clock, SystemClock};
use detector::domain::assess::{
    Assessment, Question,
    batch::{self, Defaults, LINE_BYTES_MAX},
    verdict::Report,
};
use jiff::Timestamp;

use crate::{
    check::print,
    cli::Assess,
    exit,
    input::{self, InputError},
};

/// Judges one chain, or a batch of them.
pub(crate) fn run(options: &Assess) -> ExitCode {
    let now = options.at.unwrap_or_else(|| SystemClock.now());
    if options.batch {
        return match batch(options, now) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => exit::unknown(&*error),
        };
    }
    match one(options, now) {
        Ok(report) => {
            print::report(&report, &[], options.json);
            ExitCode::from(report.verdict.severity.exit_code())
        }
        Err(error) => exit::unknown(&error),
    }
}

fn one(options: &Assess, now: Timestamp) -> Result<Report, InputError> {
    let (Some(host), Some(path)) = (&options.host, &options.chain) else {
        unreachable!("the command line requires both unless it is a batch");
    };
    let (anchors, pool) = (options.trust.anchors()?, options.trust.pool()?);
    let chain = input::certificates(path)?;
    let chain: Vec<_> = chain.iter().map(certificate::Certificate::der).collect();
    let assessment = Assessment::new(&chain, &[&anchors], &[&pool]);
    let verdict = assessment.judge(&Question { host, now, rungs: &[], connection: None });
    Ok(Report { domain: host.to_string(), verdict })
}

/// Answers each line of standard input as soon as it has come.
fn batch(options: &Assess, now: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
    let (anchors, pool) = (options.trust.anchors()?, options.trust.pool()?);
    let defaults = Defaults { anchors: &anchors, pool: &pool, now, rungs: &[] };
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut line = Vec::new();
    loop {
        line.clear();
        // One byte beyond the limit, so that a line at the limit is told from a longer one.
        let count = input.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line)?;
        if count == 0 {
            return Ok(());
        }
        if line.len() > LINE_BYTES_MAX && !line.ends_with(b"\n") {
            input.skip_until(b'\n')?;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if !text.is_empty() {
            writeln!(output, "{}", batch::line(text, &defaults))?;
            output.flush()?;
        }
    }
}
