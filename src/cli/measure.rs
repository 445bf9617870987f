//! `bursar intents eval` and `train`: how good understanding is, and the model it comes from.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::{Failure, Outcome, catalogue};
use crate::intent::catalogue::Catalogue;
use crate::intent::classify;
use crate::intent::eval::{self, catalogue::Scorecard};
use crate::intent::matcher::Matcher;
use crate::intent::model::Hyper;
use crate::intent::scorecard;

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct EvalArgs {
    /// Trains on this CSV (header `text,category`); without it the catalogue itself is measured.
    #[arg(long, value_name = "FILE", requires = "test")]
    train: Option<PathBuf>,
    /// Measures on this CSV.
    #[arg(long, value_name = "FILE", requires = "train")]
    test: Option<PathBuf>,
    /// Out-of-scope texts in the same form.
    #[arg(long, value_name = "FILE", requires = "train")]
    oos: Option<PathBuf>,
    /// Trains on so many examples a category.
    #[arg(long, value_name = "N", requires = "train")]
    shots: Option<usize>,
    /// Measures with one random edit in one word of each message too.
    #[arg(long, requires = "train")]
    typos: bool,
    /// Prints one JSON object on one line.
    #[arg(long)]
    json: bool,
    /// Measures this catalogue directory in place of the built-in one.
    #[arg(long, value_name = "DIR", conflicts_with = "train")]
    dir: Option<PathBuf>,
    /// Messages with what they mean, held against the whole matcher.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "train",
        default_value = "fixtures/understanding"
    )]
    tables: PathBuf,
    /// Compares with the scorecard kept in this file; a drop is exit code 1.
    #[arg(long, value_name = "FILE", conflicts_with = "train")]
    scorecard: Option<PathBuf>,
    /// Writes the scorecard anew.
    #[arg(long, requires = "scorecard")]
    update: bool,
}

/// What to train.
#[derive(Debug, clap::Args)]
pub struct TrainArgs {
    /// A catalogue directory in place of the built-in one.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Where to.
    #[arg(long, value_name = "FILE", default_value = "src/intent/builtin.model")]
    out: PathBuf,
    /// Writes nothing: compares with the file, byte by byte; another model is exit code 1.
    #[arg(long)]
    check: bool,
}

/// Measures.
pub(super) fn eval(args: &EvalArgs, out: &mut dyn Write) -> Outcome {
    let (Some(train), Some(test)) = (&args.train, &args.test) else {
        return eval_catalogue(args, out);
    };
    let report = eval::run(&eval::Options {
        train: train.clone(),
        test: test.clone(),
        oos: args.oos.clone(),
        shots: args.shots,
        typos: args.typos,
        hyper: Hyper::default(),
    })
    .map_err(|error| Failure::Usage(error.into()))?;
    let json = if args.json {
        serde_json::to_string(&report)
    } else {
        serde_json::to_string_pretty(&report)
    }
    .context("cannot write the report")?;
    writeln!(out, "{json}").context("cannot write")?;
    Ok(())
}

fn eval_catalogue(args: &EvalArgs, out: &mut dyn Write) -> Outcome {
    let catalogue = catalogue(args.dir.as_deref())?;
    let matcher =
        Matcher::load(Arc::clone(&catalogue)).map_err(|error| Failure::Usage(error.into()))?;
    let tables = match scorecard::tables(&args.tables) {
        Ok(tables) => tables,
        // Measured from elsewhere than the checkout: the examples alone.
        Err(scorecard::TableError::Read { .. }) if args.scorecard.is_none() => BTreeMap::default(),
        Err(error) => return Err(Failure::Usage(error.into())),
    };
    let card = eval::catalogue::measure(&catalogue, &matcher, &tables)
        .map_err(|error| Failure::Runtime(error.into()))?;
    let written = if args.json {
        writeln!(
            out,
            "{}",
            serde_json::to_string(&card).context("cannot write the report")?
        )
    } else {
        write!(out, "{card}")
    };
    written.context("cannot write")?;
    let Some(file) = &args.scorecard else {
        return Ok(());
    };
    if args.update {
        let json = serde_json::to_string_pretty(&card).context("cannot write the scorecard")?;
        std::fs::write(file, json + "\n")
            .with_context(|| format!("cannot write {}", file.display()))?;
        return Ok(());
    }
    compare(&card, file, out)
}

/// Compares with the scorecard that is kept.
fn compare(card: &Scorecard, file: &Path, out: &mut dyn Write) -> Outcome {
    let kept = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read {}; --update makes it", file.display()))
        .map_err(Failure::Usage)?;
    let kept: Scorecard = serde_json::from_str(&kept)
        .with_context(|| format!("{} is no scorecard", file.display()))
        .map_err(Failure::Usage)?;
    let drops = card.drops_since(&kept);
    for drop in &drops {
        writeln!(out, "worse than {}: {drop}", file.display()).context("cannot write")?;
    }
    if !drops.is_empty() {
        return Err(Failure::Check);
    }
    if *card != kept {
        writeln!(out, "\nNo drop; --update keeps the new figures.").context("cannot write")?;
    }
    Ok(())
}

/// Trains the catalogue's model.
pub(super) fn train(args: &TrainArgs, out: &mut dyn Write) -> Outcome {
    let catalogue: Arc<Catalogue> = catalogue(args.dir.as_deref())?;
    let (model, took) = classify::train(&catalogue);
    let bytes = model.to_bytes();
    let file = args.out.display();
    if args.check {
        let kept = std::fs::read(&args.out).with_context(|| format!("cannot read {file}"))?;
        if kept != bytes {
            writeln!(
                out,
                "{file} is not what the catalogue trains to; run `bursar intents train`"
            )
            .context("cannot write")?;
            return Err(Failure::Check);
        }
    } else {
        std::fs::write(&args.out, &bytes).with_context(|| format!("cannot write {file}"))?;
    }
    writeln!(
        out,
        "{file}: {} bytes; trained in {:.1} s, calibrated in {:.1} s",
        bytes.len(),
        took.fit.as_secs_f64(),
        took.calibration.as_secs_f64()
    )
    .context("cannot write")?;
    Ok(())
}
