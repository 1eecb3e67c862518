const pictures = 0x2400;
const deletePicture = "␡";

/**
 * Text whose control characters can be seen and do nothing: an escape sequence is "␛[31m", a mark that turns the direction of writing is named. Names on a phone and what
 * it logs are written by whoever likes to; they must not look like something else.
 */
export const visible = (text: string): string =>
  text
    .replaceAll(/(?!\t)\p{Cc}/gu, (mark) => {
      const code = mark.codePointAt(0) ?? 0;
      if (code === 0x7f) return deletePicture;
      return code < 0x20 ? String.fromCodePoint(pictures + code) : named(code);
    })
    .replaceAll(/[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu, (mark) =>
      named(mark.codePointAt(0) ?? 0),
    );

const named = (code: number): string => `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
