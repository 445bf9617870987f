//! The few functions training needs beyond `+ - * / sqrt`, the same to the last bit on every machine.
//!
//! The platform's `exp` and `ln` differ between C libraries, and with them would the trained model, whose bytes a
//! test compares.

/// Returns e to the power of `x`, exact to about 1 in 10^7; 0 far below and a large finite number far above.
pub(super) fn exp(x: f32) -> f32 {
    /// Adding this makes the fraction fall off, leaving the nearest whole number.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let whole = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    // ln 2 in two parts, so that the remainder keeps its last bits.
    let rest = (x - whole * 0.693_359_4) - whole * -2.121_944_4e-4;
    let series = 1.0
        + rest
            * (1.0
                + rest
                    * (0.5
                        + rest
                            * (0.166_666_67
                                + rest
                                    * (0.041_666_668
                                        + rest * (0.008_333_334 + rest * 0.001_388_889)))));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number between -126 and 127 after the clamp"
    )]
    let exponent = whole as i32;
    let power = f32::from_bits((exponent + 127).cast_unsigned() << 23);
    series * power
}

/// Returns the natural logarithm of a positive number.
pub(super) fn ln(x: f32) -> f32 {
    let bits = f64::from(x.max(f32::MIN_POSITIVE)).to_bits();
    let mut exponent = ((bits >> 52) & 0x7ff).cast_signed() - 1023;
    let mut mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | (1023 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)); |t| < 0.172, so nine terms are past the precision of f32.
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let square = t * t;
    let mut series = 0.0;
    for odd in [17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        series = series * square + 1.0 / odd;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the exponent has eleven bits; the caller works in f32"
    )]
    let result = (2.0 * t * series + exponent as f64 * std::f64::consts::LN_2) as f32;
    result
}

/// Returns a count as a number. Counts here stay far below 2^24, where `f32` becomes inexact.
pub(super) fn count(n: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let n = n as f32;
    n
}

/// Returns the inner product, summed in sixteen fixed lanes so that it is fast and always the same.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (mut a, mut b) = (a.chunks_exact(16), b.chunks_exact(16));
    for (a, b) in (&mut a).zip(&mut b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let rest: f32 = a
        .remainder()
        .iter()
        .zip(b.remainder())
        .map(|(a, b)| a * b)
        .sum();
    lanes.iter().sum::<f32>() + rest
}

/// Adds `factor` times `b` to `a`.
pub(super) fn add_scaled(a: &mut [f32], factor: f32, b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += factor * b;
    }
}

/// Scales a vector to length one; a zero vector stays.
pub(super) fn normalise(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        for value in vector {
            *value /= length;
        }
    }
}

/// A small generator of the same numbers everywhere (xorshift).
#[derive(Clone, Debug)]
pub(in crate::intent) struct Random(u64);

impl Random {
    pub(in crate::intent) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns a number below `bound`, 0 for a bound of 0.
    pub(in crate::intent) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let scaled = (u128::from(self.0) * bound as u128) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }

    pub(in crate::intent) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_and_ln_agree_with_the_platform() {
        for step in -870..880_i16 {
            let x = f32::from(step) / 10.0;
            let expected = x.exp();
            assert!((exp(x) - expected).abs() <= expected * 3e-7, "{x}");
        }
        for x in [1e-30_f32, 0.001, 0.5, 0.999, 1.0, 1.5, 2.0, 7.0, 1e6, 3e37] {
            assert!((ln(x) - x.ln()).abs() <= x.ln().abs() * 3e-7 + 1e-9, "{x}");
        }
    }

    #[test]
    fn dot_is_the_inner_product() {
        let a: Vec<f32> = (0..37).map(|i: u8| f32::from(i)).collect();
        assert!((dot(&a, &a) - 16_206.0).abs() < 0.01);
    }

    #[test]
    fn shuffling_keeps_everything() {
        let mut items: Vec<u32> = (0..100).collect();
        Random::new(7).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
