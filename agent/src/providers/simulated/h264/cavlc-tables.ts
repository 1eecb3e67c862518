/** Code tables of CAVLC (ITU-T H.264, 9.2). A table of lengths stands beside the table of the codes' bits, both with the same indices. */
export interface CodeTable {
  readonly lengths: readonly number[];
  readonly codes: readonly number[];
}

const table = (lengths: string, codes: string): CodeTable => ({
  lengths: lengths.split(" ").map(Number),
  codes: codes.split(" ").map(Number),
});

/**
 * Table 9-5, coeff_token, for nC of 0 to 1, 2 to 3, 4 to 7, and 8 or more; the index is 4 × coefficients + trailing ones. The last is a fixed
 * code of six bits.
 */
export const coefficientTokens: readonly CodeTable[] = [
  table(
    "1 0 0 0 6 2 0 0 8 6 3 0 9 8 7 5 10 9 8 6 11 10 9 7 13 11 10 8 13 13 11 9 13 13 13 10 14 14 13 11 14 14 14 13 15 15 14 14 15 15 15 14 16 15 15 15 16 16 16 15 16 16 16 16 16 16 16 16",
    "1 0 0 0 5 1 0 0 7 4 1 0 7 6 5 3 7 6 5 3 7 6 5 4 15 6 5 4 11 14 5 4 8 10 13 4 15 14 9 4 11 10 13 12 15 14 9 12 11 10 13 8 15 1 9 12 11 14 13 8 7 10 9 12 4 6 5 8",
  ),
  table(
    "2 0 0 0 6 2 0 0 6 5 3 0 7 6 6 4 8 6 6 4 8 7 7 5 9 8 8 6 11 9 9 6 11 11 11 7 12 11 11 9 12 12 12 11 12 12 12 11 13 13 13 12 13 13 13 13 13 14 13 13 14 14 14 13 14 14 14 14",
    "3 0 0 0 11 2 0 0 7 7 3 0 7 10 9 5 7 6 5 4 4 6 5 6 7 6 5 8 15 6 5 4 11 14 13 4 15 10 9 4 11 14 13 12 8 10 9 8 15 14 13 12 11 10 9 12 7 11 6 8 9 8 10 1 7 6 5 4",
  ),
  table(
    "4 0 0 0 6 4 0 0 6 5 4 0 6 5 5 4 7 5 5 4 7 5 5 4 7 6 6 4 7 6 6 4 8 7 7 5 8 8 7 6 9 8 8 7 9 9 8 8 9 9 9 8 10 9 9 9 10 10 10 10 10 10 10 10 10 10 10 10",
    "15 0 0 0 15 14 0 0 11 15 13 0 8 12 14 12 15 10 11 11 11 8 9 10 9 14 13 9 8 10 9 8 15 14 13 13 11 14 10 12 15 10 13 12 11 14 9 12 8 10 13 8 13 7 9 12 9 12 11 10 5 8 7 6 1 4 3 2",
  ),
  {
    lengths: Array.from({ length: 68 }, () => 6),
    codes: [3, 0, 0, 0, ...Array.from({ length: 64 }, (_, index) => index)],
  },
];

/** Table 9-5 for the DC of chroma (nC = -1). */
export const chromaTokens: CodeTable = table(
  "2 0 0 0 6 1 0 0 6 6 3 0 6 7 7 6 6 8 8 7",
  "1 0 0 0 7 1 0 0 4 6 1 0 3 3 2 5 2 3 2 0",
);

/** Tables 9-7 and 9-8, total_zeros, by the number of coefficients less one. */
export const totalZeros: readonly CodeTable[] = [
  table("1 3 3 4 4 5 5 6 6 7 7 8 8 9 9 9", "1 3 2 3 2 3 2 3 2 3 2 3 2 3 2 1"),
  table("3 3 3 3 3 4 4 4 4 5 5 6 6 6 6", "7 6 5 4 3 5 4 3 2 3 2 3 2 1 0"),
  table("4 3 3 3 4 4 3 3 4 5 5 6 5 6", "5 7 6 5 4 3 4 3 2 3 2 1 1 0"),
  table("5 3 4 4 3 3 3 4 3 4 5 5 5", "3 7 5 4 6 5 4 3 3 2 2 1 0"),
  table("4 4 4 3 3 3 3 3 4 5 4 5", "5 4 3 7 6 5 4 3 2 1 1 0"),
  table("6 5 3 3 3 3 3 3 4 3 6", "1 1 7 6 5 4 3 2 1 1 0"),
  table("6 5 3 3 3 2 3 4 3 6", "1 1 5 4 3 3 2 1 1 0"),
  table("6 4 5 3 2 2 3 3 6", "1 1 1 3 3 2 2 1 0"),
  table("6 6 4 2 2 3 2 5", "1 0 1 3 2 1 1 1"),
  table("5 5 3 2 2 2 4", "1 0 1 3 2 1 1"),
  table("4 4 3 3 1 3", "0 1 1 2 1 3"),
  table("4 4 2 1 3", "0 1 1 1 1"),
  table("3 3 1 2", "0 1 1 1"),
  table("2 2 1", "0 1 1"),
  table("1 1", "0 1"),
];

/** Table 9-9a: total_zeros of the DC of chroma. */
export const chromaZeros: readonly CodeTable[] = [
  table("1 2 3 3", "1 1 1 0"),
  table("1 2 2", "1 1 0"),
  table("1 1", "1 0"),
];

/** Table 9-10, run_before, by the zeros left less one, the last for seven and more. */
export const runsBefore: readonly CodeTable[] = [
  table("1 1", "1 0"),
  table("1 2 2", "1 1 0"),
  table("2 2 2 2", "3 2 1 0"),
  table("2 2 2 3 3", "3 2 1 1 0"),
  table("2 2 3 3 3 3", "3 2 3 2 1 0"),
  table("2 3 3 3 3 3 3", "3 0 1 3 2 5 4"),
  table("3 3 3 3 3 3 3 4 5 6 7 8 9 10 11", "7 6 5 4 3 2 1 1 1 1 1 1 1 1 1"),
];
