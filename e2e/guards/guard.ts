/**
 * A guard: a few lines without which something would be lost, done twice or let in, and the test that turns red when they are taken out.
 * `npm run guards` takes each out of a copy of the checkout and wants exactly that test red.
 */
export interface Guard {
  /** What it guards against, in words; how it is called on the command line. */
  readonly name: string;
  /** Path in the checkout. One inside a node_modules folder is a patch of ours. */
  readonly file: string;
  /** The guard's text as it stands in the file, once. */
  readonly guard: string;
  /** What stands there without it: code that runs, and does not guard. */
  readonly without: string;
  readonly test: TestRef;
}

export interface TestRef {
  readonly file: string;
  /** As written in the file. */
  readonly name: string;
  /** For a name with a `%s`: what stands for it. */
  readonly case?: string;
}

/** The test's name as a run reports it. Pure. */
export const titleOf = ({ name, case: given }: TestRef): string =>
  given === undefined ? name : name.replace("%s", given);
