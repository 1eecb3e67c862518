/** What one request may be, before anything is done about it. */
export const maxBodyBytes = 1024 * 1024;
/** Calls of one request. */
export const maxBatch = 10;
/** Calls of one message on a WebSocket: a client that comes back asks for all it had in one. Each counts by itself. */
export const maxSocketBatch = 100;
/** Arrays and objects inside each other; what the API takes needs a handful. */
export const maxNesting = 32;

export const nestedTooDeep = `JSON may be nested at most ${maxNesting} levels deep.`;

/** Whether JSON text is nested deeper than that, told by its brackets alone: before it is parsed, and whether or not it is JSON. Pure. */
export function isNestedTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === backslash) at++;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (code === openBrace || code === openBracket) {
      if (++depth > maxNesting) return true;
    } else if (code === closeBrace || code === closeBracket) depth--;
  }
  return false;
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [
  0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d,
];
