export interface MessageLines {
  /** `Label: text` lines. */
  readonly facts: readonly { readonly label: string; readonly text: string }[];
  /** `- text` lines. */
  readonly items: readonly string[];
  /** Every other line. */
  readonly sentences: readonly string[];
}

/** The lines of an alert's printed message, sorted by what they are. */
export function messageLines(message: string): MessageLines {
  const facts: { label: string; text: string }[] = [];
  const items: string[] = [];
  const sentences: string[] = [];
  for (const line of message.split("\n").map((text) => text.trim())) {
    const fact = /^([^:]+): (.+)$/.exec(line);
    if (line.startsWith("- ")) items.push(line.slice(2));
    else if (fact?.[1] && fact[2]) facts.push({ label: fact[1], text: fact[2] });
    else if (line !== "") sentences.push(line);
  }
  return { facts, items, sentences };
}
