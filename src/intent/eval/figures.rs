//! The figures of the field, computed plainly.

/// Returns a count as a number.
pub(super) fn count(n: usize) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of messages are far below 2^53"
    )]
    let n = n as f64;
    n
}

/// Returns `part / whole`, 0 for an empty whole.
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        count(part) / count(whole)
    }
}

/// Returns the mean of the F1 of every class that occurs, from (truth, guess).
pub(super) fn macro_f1(
    pairs: impl Iterator<Item = (Option<usize>, Option<usize>)>,
    classes: usize,
) -> f64 {
    #[derive(Clone, Copy, Default)]
    struct Tally {
        right: usize,
        is: usize,
        guessed: usize,
    }
    let mut tallies = vec![Tally::default(); classes];
    for (truth, guess) in pairs {
        if let Some(tally) = truth.and_then(|class| tallies.get_mut(class)) {
            tally.is += 1;
            tally.right += usize::from(truth == guess);
        }
        if let Some(tally) = guess.and_then(|class| tallies.get_mut(class)) {
            tally.guessed += 1;
        }
    }
    let present = tallies.iter().filter(|tally| tally.is + tally.guessed > 0);
    let (sum, number) = present.fold((0.0, 0), |(sum, number), tally| {
        (
            sum + ratio(2 * tally.right, tally.is + tally.guessed),
            number + 1,
        )
    });
    if number == 0 {
        0.0
    } else {
        sum / count(number)
    }
}

/// Returns how often a number from `inside` is above one from `outside`; a tie is half.
pub(super) fn auroc(inside: &[f32], outside: &[f32]) -> f64 {
    let mut outside = outside.to_vec();
    outside.sort_unstable_by(f32::total_cmp);
    let wins: f64 = inside
        .iter()
        .map(|value| {
            let below = outside.partition_point(|other| other < value);
            let up_to = outside.partition_point(|other| other <= value);
            f64::midpoint(count(below), count(up_to))
        })
        .sum();
    if inside.is_empty() || outside.is_empty() {
        0.0
    } else {
        wins / count(inside.len()) / count(outside.len())
    }
}

/// Returns the share of `outside` below the value that 95 % of `inside` reach.
pub(super) fn recall_at_95(inside: &[f32], outside: &[f32]) -> f64 {
    let mut inside = inside.to_vec();
    inside.sort_unstable_by(f32::total_cmp);
    let Some(threshold) = inside.get(inside.len() / 20) else {
        return 0.0;
    };
    ratio(
        outside.iter().filter(|value| *value < threshold).count(),
        outside.len(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macro_f1_counts_each_class_alike() {
        let pairs = [
            (Some(0), Some(0)),
            (Some(0), Some(0)),
            (Some(0), Some(1)),
            (Some(1), Some(1)),
        ];
        // Class 0: 2·2 / (3 + 2); class 1: 2·1 / (1 + 2).
        assert!((macro_f1(pairs.into_iter(), 3) - f64::midpoint(0.8, 2.0 / 3.0)).abs() < 1e-9);
        assert!(macro_f1(std::iter::empty(), 2).abs() < 1e-9);
    }

    #[test]
    fn auroc_of_known_cases() {
        assert!((auroc(&[0.9, 0.8], &[0.1, 0.2]) - 1.0).abs() < 1e-9);
        assert!((auroc(&[0.5], &[0.5]) - 0.5).abs() < 1e-9);
        assert!((auroc(&[0.9, 0.3], &[0.5, 0.1]) - 0.75).abs() < 1e-9);
    }

    #[test]
    fn recall_leaves_five_in_a_hundred_behind() {
        let inside: Vec<f32> = (0..100_u8).map(f32::from).collect();
        assert!((recall_at_95(&inside, &[4.0, 4.9, 5.0, 50.0]) - 0.5).abs() < 1e-9);
    }
}
