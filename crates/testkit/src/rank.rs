//! Whether two kinds of requests can be told apart by the time they take.

use std::time::Duration;

/// The area under the curve of a guess that takes whichever took longer for one of `second`: one half if nothing can be
/// told, one (or zero) if everything. It is the share of pairs in which the one of `second` is the longer one.
#[expect(clippy::cast_precision_loss, reason = "counts of samples are far below 2^52")]
pub fn area(first: &[Duration], second: &[Duration]) -> f64 {
    let mut sorted = first.to_vec();
    sorted.sort_unstable();
    let mut twice = 0_usize;
    for one in second {
        let shorter = sorted.partition_point(|other| other < one);
        let not_longer = sorted.partition_point(|other| other <= one);
        twice += shorter + not_longer;
    }
    twice as f64 / 2.0 / (first.len() * second.len()).max(1) as f64
}

/// How far chance alone moves [`area`] from one half, for so many independent samples of each kind (the standard error
/// of the rank sum of Mann and Whitney).
#[expect(clippy::cast_precision_loss, reason = "counts of samples are far below 2^52")]
pub fn standard_error(first: usize, second: usize) -> f64 {
    let (first, second) = (first as f64, second as f64);
    ((first + second + 1.0) / (12.0 * first * second)).sqrt()
}

/// The middle one.
pub fn median(took: &[Duration]) -> Duration {
    let mut sorted = took.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{area, median, standard_error};

    fn millis(list: &[u64]) -> Vec<Duration> {
        list.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_the_right_order() {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let short = millis(&[1, 2, 3]);
        assert!(near(area(&short, &millis(&[4, 5])), 1.0));
        assert!(near(area(&millis(&[4, 5]), &short), 0.0));
        assert!(near(area(&short, &short), 0.5));
        // Two of six pairs are even, three in order.
        assert!(near(
            area(&short, &millis(&[2, 3])),
            (1.0 + 0.5 + 2.0 + 0.5) / 6.0
        ));
        assert!((standard_error(5_000, 5_000) - 0.005_774).abs() < 1e-6);
        assert_eq!(median(&millis(&[9, 1, 5])), Duration::from_millis(5));
    }
}
