/** Amounts added up by what they belong to, to be added to a table in one statement. Pure. */
export class Sums<
  K extends object = Record<string, string>,
  A extends Record<string, number> = Record<string, number>,
> {
  readonly #sums = new Map<string, K & A>();

  add(key: K, amounts: A): void {
    const name = JSON.stringify(key);
    const sum = this.#sums.get(name);
    if (!sum) {
      this.#sums.set(name, { ...key, ...amounts });
      return;
    }
    const amountsOf: Record<string, number> = sum;
    for (const [column, amount] of Object.entries(amounts))
      amountsOf[column] = (amountsOf[column] ?? 0) + amount;
  }

  /** Always in the same order: two hubs that add to the same rows then wait for each other, and never both. */
  rows(): (K & A)[] {
    return [...this.#sums].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
  }
}
