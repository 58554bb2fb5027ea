/** Pieces of messages. */

/** Text of a spec inside a message. */
export const quote = (text: string): string => `\`${text}\``;

export const listed = (names: readonly string[]): string => names.map(quote).join(", ");
