/// Most different values of a text field that are counted and compared. A field with more of them
/// is one of names, such as accounts: comparing all of them would take memory by the deal.
pub const COUNTED_SPELLINGS: usize = 50_000;
