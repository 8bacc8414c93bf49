/** A message of the server as a sentence: it begins with a capital and ends with a full stop. */
export function sentence(text: string): string {
  if (text === "") return text;
  const capitalized = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capitalized) ? capitalized : `${capitalized}.`;
}
