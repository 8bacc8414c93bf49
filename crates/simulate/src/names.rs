//! Invented names of people and companies.

const FIRST: [&str; 40] = [
    "Amara", "Bruno", "Chiara", "Dmitri", "Elena", "Farid", "Grace", "Hiroshi", "Ingrid", "Jonas",
    "Keiko", "Liam", "Marta", "Nikhil", "Olga", "Pedro", "Quinn", "Rosa", "Sanjay", "Tara", "Umar",
    "Vera", "Wesley", "Ximena", "Yusuf", "Zoe", "Anders", "Bianca", "Cedric", "Divya", "Emil",
    "Fiona", "Gustavo", "Hanna", "Idris", "Julia", "Kofi", "Leila", "Mateo", "Noor",
];
const LAST: [&str; 40] = [
    "Abara",
    "Bennett",
    "Castillo",
    "Dahl",
    "Eriksen",
    "Fontaine",
    "Goldberg",
    "Haddad",
    "Ivanov",
    "Jensen",
    "Kapoor",
    "Larsen",
    "Moreau",
    "Nakamura",
    "Okafor",
    "Petrov",
    "Quintero",
    "Rossi",
    "Schmidt",
    "Tanaka",
    "Ueda",
    "Vargas",
    "Whitaker",
    "Xu",
    "Yilmaz",
    "Zimmer",
    "Almeida",
    "Brandt",
    "Cohen",
    "Duarte",
    "Egger",
    "Farrell",
    "Guerra",
    "Hoffman",
    "Lindqvist",
    "Joshi",
    "Kowalski",
    "Mbeki",
    "Novak",
    "Osei",
];
const COMPANY_HEADS: [&str; 40] = [
    "Amber", "Arc", "Bright", "Cedar", "Clear", "Cobalt", "Copper", "Crest", "Dawn", "Ember",
    "Falcon", "Fern", "Gran", "Harbor", "Hazel", "Indigo", "Iron", "Jade", "Keystone", "Lark",
    "Lumen", "Maple", "Meridian", "Mist", "North", "Oak", "Onyx", "Opal", "Pine", "Quartz",
    "Raven", "Ridge", "Silver", "Slate", "Sol", "Stone", "Terra", "Vale", "West", "Willow",
];
const COMPANY_TAILS: [&str; 30] = [
    "arc", "bay", "bridge", "brook", "cliff", "cross", "dale", "field", "ford", "forge", "gate",
    "grove", "haven", "hill", "lake", "light", "line", "mark", "mere", "moor", "path", "peak",
    "point", "port", "reach", "shore", "spring", "view", "ward", "wood",
];
const COMPANY_KINDS: [&str; 16] = [
    "Analytics",
    "Capital",
    "Commerce",
    "Digital",
    "Dynamics",
    "Group",
    "Health",
    "Holdings",
    "Labs",
    "Learning",
    "Networks",
    "Partners",
    "Software",
    "Systems",
    "Technologies",
    "Works",
];

/// How many different companies can be named.
pub(crate) const COMPANIES: usize = COMPANY_HEADS.len() * COMPANY_TAILS.len() * COMPANY_KINDS.len();

/// The name of the n-th person ever hired; the same in every company, so that a scenario file can
/// name its reps.
pub(crate) fn person(index: usize) -> String {
    let lap = index / FIRST.len();
    let first = FIRST[index % FIRST.len()];
    // 7 has no common factor with the 40 last names, so the pairs repeat only after 1,600 people.
    let last = LAST[(7 * index + lap) % LAST.len()];
    match index / (FIRST.len() * LAST.len()) {
        0 => format!("{first} {last}"),
        namesake => format!("{first} {last} {}", namesake + 1),
    }
}

/// The name of company `index`, different for all indexes below [`COMPANIES`].
pub(crate) fn company(index: usize) -> String {
    // A step without common factors visits every name once and keeps neighbours apart.
    let scattered = index * 7_919 % COMPANIES;
    let head = COMPANY_HEADS[scattered % COMPANY_HEADS.len()];
    let rest = scattered / COMPANY_HEADS.len();
    let tail = COMPANY_TAILS[rest % COMPANY_TAILS.len()];
    let kind = COMPANY_KINDS[rest / COMPANY_TAILS.len()];
    format!("{head}{tail} {kind}")
}
