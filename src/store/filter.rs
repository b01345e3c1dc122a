//! A set in little memory that may say "perhaps" wrongly but never "no" (a blocked Bloom filter).
//!
//! All bits of a key lie in one block of 64 bytes, one cache line, so that asking hundreds of filters costs hundreds of
//! memory accesses and not thousands. Twelve bits for each key: about one wrong "perhaps" in 200.

/// Bits for each key.
const BITS: usize = 12;
/// Bits that each key sets: nine bits of the key choose one of a block's 512, and 64 bits hold seven such choices.
const PROBES: u32 = 7;

type Block = [u64; 8];

/// The set. Keys are hashes: 96 random bits above 32 that are ignored ([`crate::domain::ids::SeenKey::id`]).
pub(super) struct Filter {
    blocks: Box<[Block]>,
}

impl Filter {
    /// The set of these keys.
    pub(super) fn of(keys: &[u128]) -> Self {
        let blocks = (keys.len() * BITS).div_ceil(512).max(1);
        let mut filter = Self { blocks: vec![[0; 8]; blocks].into() };
        for key in keys {
            let at = filter.block(*key);
            if let Some(block) = filter.blocks.get_mut(at) {
                for (word, bit) in probes(*key) {
                    block[word] |= bit;
                }
            }
        }
        filter
    }

    /// Whether the key may be in the set.
    pub(super) fn may_hold(&self, key: u128) -> bool {
        let block = self.blocks.get(self.block(key));
        block.is_some_and(|block| probes(key).all(|(word, bit)| block[word] & bit != 0))
    }

    /// How much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        self.blocks.len() * size_of::<Block>()
    }

    /// As stored.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.blocks.iter().flatten().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// From what was stored. Nothing stored is an empty set.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let (words, _) = bytes.as_chunks::<8>();
        let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        Self { blocks: words.as_chunks::<8>().0.into() }
    }

    fn block(&self, key: u128) -> usize {
        let high = (key >> 96) as u64; // 32 bits, scaled to the number of blocks
        ((high * self.blocks.len() as u64) >> 32) as usize
    }
}

fn probes(key: u128) -> impl Iterator<Item = (usize, u64)> {
    let bits = (key >> 32) as u64;
    (0..PROBES).map(move |probe| {
        let bit = bits >> (9 * probe) & 511;
        ((bit >> 6) as usize, 1 << (bit & 63))
    })
}
