//! Huffman codes of a JPEG file.

/// Bits that are looked up at once.
pub(super) const LOOKED_UP: u32 = 9;

/// A table of codes of up to 16 bits.
pub(super) struct Table {
    /// For each beginning of a code: its length and symbol, or length 0 when it is longer.
    quick: Vec<(u8, u8)>,
    /// For each length: the first code, the number of codes, and where their symbols begin.
    lengths: [(u32, u32, usize); 17],
    symbols: Vec<u8>,
}

impl Table {
    /// From the number of codes of each length and their symbols; nothing when there are more codes than fit.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut quick = vec![(0, 0); 1 << LOOKED_UP];
        let mut lengths = [(0, 0, 0); 17];
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, &count) in (1_u32..).zip(counts) {
            code <<= 1;
            lengths[length as usize] = (code, u32::from(count), place);
            for &symbol in symbols.get(place..place + usize::from(count))? {
                if code >= 1 << length {
                    return None;
                }
                if length <= LOOKED_UP {
                    let start = (code << (LOOKED_UP - length)) as usize;
                    quick[start..start + (1 << (LOOKED_UP - length))].fill((length as u8, symbol));
                }
                code += 1;
            }
            place += usize::from(count);
        }
        Some(Self { quick, lengths, symbols: symbols.to_vec() })
    }

    /// Length and symbol of the code with which these 16 bits begin.
    pub(super) fn symbol(&self, bits: u32) -> Option<(u32, u8)> {
        let (length, symbol) = self.quick[(bits >> (16 - LOOKED_UP)) as usize];
        if length > 0 {
            return Some((length.into(), symbol));
        }
        (LOOKED_UP + 1..=16).find_map(|length| {
            let (first, count, place) = self.lengths[length as usize];
            let index = (bits >> (16 - length)).checked_sub(first).filter(|index| *index < count)?;
            Some((length, *self.symbols.get(place + index as usize)?))
        })
    }
}
