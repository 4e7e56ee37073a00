//! Numbers in sentences.

/// Writes a count with thousands separators: `862,140`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes the first twelve digits of a fingerprint in three groups: `c289-8b0c-9fa9`.
pub fn short_fingerprint(hex: &str) -> String {
    hex.get(..12).map_or_else(|| hex.to_owned(), |hex| format!("{}-{}-{}", &hex[..4], &hex[4..8], &hex[8..]))
}
