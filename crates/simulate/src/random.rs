//! Random numbers that depend on the seed and the deal alone, never on the deals before.

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

/// What a generator is for. Separate streams keep a deal's facts the same when its mess changes.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Company = 1,
    Facts = 2,
    Journey = 3,
    Mess = 4,
}

pub(crate) fn generator(seed: u64, purpose: Purpose, deal: u64) -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(scramble(scramble(seed ^ ((purpose as u64) << 60)) ^ deal))
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood 2014): a bijection that spreads
/// neighbouring numbers over all 64 bits.
fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
