//! Chance that is the same everywhere and for ever: a generator of our own, so that neither a new
//! version of a crate nor another machine changes what a scenario's customer bought.

/// `SplitMix64` (Steele, Lea, Flood 2014), seeded by names.
#[derive(Debug, Clone)]
pub struct Chance(u64);

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

impl Chance {
    /// Derives a generator from a seed and names; the same names give the same numbers.
    pub fn of(seed: u64, names: &[&str]) -> Self {
        // FNV-1a; a length mark keeps ("ab", "c") and ("a", "bc") apart.
        let mut state = 0xCBF2_9CE4_8422_2325 ^ seed.wrapping_mul(GOLDEN);
        for name in names {
            for byte in name.bytes().chain([0xFF]) {
                state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
            }
        }
        Self(state)
    }

    /// Returns the next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number from `0` to below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// Returns a number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high.saturating_sub(low).saturating_add(1)).unwrap_or(1);
        low.saturating_add(i64::try_from(self.below(span)).unwrap_or(0))
    }

    /// Returns a number from `low` to `high` with small ones more often, as prices are.
    pub fn price(&mut self, low: i64, high: i64) -> i64 {
        let (one, other) = (self.between(low, high), self.between(low, high));
        one.min(other)
    }

    /// Says yes `parts` times in `of`.
    pub fn happens(&mut self, parts: u64, of: u64) -> bool {
        self.below(of) < parts
    }

    /// Returns a reference as shops print them: upper-case letters and digits.
    pub fn code(&mut self, length: usize) -> String {
        const SIGNS: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        (0..length)
            .filter_map(|_| {
                let at = usize::try_from(self.below(32)).ok()?;
                SIGNS.get(at).map(|sign| char::from(*sign))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_names_give_the_same_numbers_for_ever() {
        // Computed by another program: a changed generator must not go unnoticed.
        assert_eq!(
            Chance::of(7, &["groceries", "2026-11-01"]).bits(),
            0xD044_CACF_FC97_4AD4
        );
        assert_ne!(
            Chance::of(7, &["ab", "c"]).bits(),
            Chance::of(7, &["a", "bc"]).bits()
        );
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut chance = Chance::of(1, &["range"]);
        for _ in 0..1000 {
            assert!((3..=9).contains(&chance.between(3, 9)));
            assert!((3..=9).contains(&chance.price(3, 9)));
            assert!(chance.below(5) < 5);
        }
        assert_eq!(chance.below(0), 0);
        assert_eq!(chance.between(4, 4), 4);
    }
}
