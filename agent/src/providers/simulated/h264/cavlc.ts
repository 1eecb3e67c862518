import type { BitWriter } from "./bit-writer.ts";
import {
  type CodeTable,
  chromaTokens,
  chromaZeros,
  coefficientTokens,
  runsBefore,
  totalZeros,
} from "./cavlc-tables.ts";

/** A block's levels in scan order, of which those from `start` to before `end` are written. */
export interface Block {
  readonly levels: Int32Array;
  readonly start: number;
  readonly end: number;
  /** What the neighbours make likely: their mean count of coefficients (nC of 9.2.1), or -1 for the DC of chroma. */
  readonly context: number;
}

/** Writes one block of transform levels with CAVLC (ITU-T H.264, 7.3.5.3.2 and 9.2); returns how many of them are not zero. */
export function writeBlock(out: BitWriter, block: Block): number {
  const { levels, start } = block;
  const { total, ones, last } = measure(block);
  const tokens =
    block.context < 0 ? chromaTokens : pick(coefficientTokens, tokenTable(block.context));
  write(out, tokens, total * 4 + ones);
  if (total === 0) return 0;
  writeLevels(out, block, { total, ones, last });
  const zeros = last - start + 1 - total;
  if (total < block.end - start)
    write(out, pick(block.context < 0 ? chromaZeros : totalZeros, total - 1), zeros);
  let left = zeros;
  let todo = total - 1;
  for (let at = last; todo > 0 && left > 0; todo--) {
    let run = 0;
    while (levels[--at] === 0) run++;
    write(out, pick(runsBefore, Math.min(left, 7) - 1), run);
    left -= run;
  }
  return total;
}

interface Measure {
  readonly total: number;
  /** Trailing levels of 1 or -1, three at most. */
  readonly ones: number;
  /** Where the last level that is not zero stands. */
  readonly last: number;
}

function measure({ levels, start, end }: Block): Measure {
  let total = 0;
  let last = -1;
  for (let at = start; at < end; at++)
    if (levels[at] !== 0) {
      total++;
      last = at;
    }
  let ones = 0;
  for (let at = last; at >= start && ones < 3; at--) {
    const level = levels[at] ?? 0;
    if (level === 0) continue;
    if (level !== 1 && level !== -1) break;
    ones++;
  }
  return { total, ones, last };
}

function writeLevels(
  out: BitWriter,
  { levels, start }: Block,
  { total, ones, last }: Measure,
): void {
  let suffixBits = total > 10 && ones < 3 ? 1 : 0;
  let done = 0;
  for (let at = last; at >= start; at--) {
    const level = levels[at] ?? 0;
    if (level === 0) continue;
    if (done < ones) {
      out.flag(level < 0);
      done++;
      continue;
    }
    let code = level > 0 ? 2 * level - 2 : -2 * level - 1;
    // The first level behind fewer than three trailing ones can't be 1 or -1 itself.
    if (done === ones && ones < 3) code -= 2;
    done++;
    writeLevel(out, code, suffixBits);
    if (suffixBits === 0) suffixBits = 1;
    if (Math.abs(level) > 3 << (suffixBits - 1) && suffixBits < 6) suffixBits++;
  }
}

/** 9.2.2.1, for codes below the escape of twelve bits, which a quantiser of 20 and more never passes. */
function writeLevel(out: BitWriter, code: number, suffixBits: number): void {
  if (suffixBits === 0 && code < 14) out.bits(code + 1, 1);
  else if (suffixBits === 0 && code < 30) {
    out.bits(15, 1);
    out.bits(4, code - 14);
  } else if (suffixBits > 0 && code < 15 << suffixBits) {
    out.bits((code >> suffixBits) + 1, 1);
    out.bits(suffixBits, code & ((1 << suffixBits) - 1));
  } else {
    out.bits(16, 1);
    out.bits(12, Math.min(4095, code - (suffixBits === 0 ? 30 : 15 << suffixBits)));
  }
}

const tokenTable = (context: number): number =>
  context < 2 ? 0 : context < 4 ? 1 : context < 8 ? 2 : 3;

function write(out: BitWriter, { lengths, codes }: CodeTable, index: number): void {
  out.bits(lengths[index] ?? 0, codes[index] ?? 0);
}

function pick(tables: readonly CodeTable[], index: number): CodeTable {
  const found = tables[index];
  if (!found) throw new RangeError(`no code table ${index}`);
  return found;
}
