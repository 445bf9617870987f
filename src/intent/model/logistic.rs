//! Logistic regression on a handful of signals: how the gate and the certainty are learnt.

use super::math;

/// Descent steps; the problem is small and smooth.
const STEPS: usize = 600;
/// Step size at first, and towards the end.
const RATES: (f32, f32) = (3.0, 1.0);
/// Pull towards zero on each weight.
const RIDGE: f32 = 1e-4;

/// A probability from `N` signals.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Logistic<const N: usize> {
    pub(super) weights: [f32; N],
    pub(super) bias: f32,
}

/// One observation: signals, whether it was so, and how much it counts.
pub(super) type Observation<const N: usize> = ([f32; N], bool, f32);

impl<const N: usize> Logistic<N> {
    /// Fits to observations. Without any, every probability is one half.
    pub(super) fn fit(observations: &[Observation<N>]) -> Self {
        let total: f32 = observations.iter().map(|(_, _, weight)| weight).sum();
        if total <= 0.0 {
            return Self {
                weights: [0.0; N],
                bias: 0.0,
            };
        }
        let (mean, deviation) = spread(observations, total);
        let mut weights = [0.0_f32; N];
        let mut bias = 0.0_f32;
        let standard: Vec<Observation<N>> = observations
            .iter()
            .map(|(signals, so, weight)| {
                let mut signals = *signals;
                for ((signal, mean), deviation) in signals.iter_mut().zip(mean).zip(deviation) {
                    *signal = (*signal - mean) / deviation;
                }
                (signals, *so, weight / total)
            })
            .collect();
        for step in 0..STEPS {
            let mut slope = [0.0_f32; N];
            let mut bias_slope = 0.0;
            for (signals, so, weight) in &standard {
                let sum: f32 = bias + signals.iter().zip(weights).map(|(a, b)| a * b).sum::<f32>();
                let error = (sigmoid(sum) - f32::from(u8::from(*so))) * weight;
                bias_slope += error;
                math::add_scaled(&mut slope, error, signals);
            }
            let rate = if step < STEPS / 2 { RATES.0 } else { RATES.1 };
            bias -= rate * bias_slope;
            for (weight, slope) in weights.iter_mut().zip(slope) {
                *weight -= rate * (slope + RIDGE * *weight);
            }
        }
        // Back to the signals' own units.
        for ((weight, mean), deviation) in weights.iter_mut().zip(mean).zip(deviation) {
            *weight /= deviation;
            bias -= *weight * mean;
        }
        Self { weights, bias }
    }

    /// Returns the probability.
    pub(super) fn probability(&self, signals: &[f32; N]) -> f32 {
        let sum: f32 = signals.iter().zip(self.weights).map(|(a, b)| a * b).sum();
        sigmoid(sum + self.bias)
    }
}

fn spread<const N: usize>(observations: &[Observation<N>], total: f32) -> ([f32; N], [f32; N]) {
    let (mut mean, mut square) = ([0.0_f32; N], [0.0_f32; N]);
    for (signals, _, weight) in observations {
        math::add_scaled(&mut mean, weight / total, signals);
    }
    for (signals, _, weight) in observations {
        for ((square, signal), mean) in square.iter_mut().zip(signals).zip(mean) {
            *square += (signal - mean) * (signal - mean) * weight / total;
        }
    }
    (mean, square.map(|square| square.sqrt().max(1e-6)))
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + math::exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_which_signal_matters() {
        let observations: Vec<Observation<2>> = (0..100_u8)
            .map(|i| ([f32::from(i), f32::from(i % 7)], i >= 50, 1.0))
            .collect();
        let logistic = Logistic::fit(&observations);
        assert!(logistic.probability(&[90.0, 3.0]) > 0.95);
        assert!(logistic.probability(&[10.0, 3.0]) < 0.05);
        assert!((logistic.probability(&[49.5, 3.0]) - 0.5).abs() < 0.1);
    }

    #[test]
    fn knows_nothing_without_observations() {
        assert!((Logistic::<2>::fit(&[]).probability(&[1.0, 2.0]) - 0.5).abs() < 1e-6);
    }
}
